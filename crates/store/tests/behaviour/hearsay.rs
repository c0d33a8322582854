//! Accounts whose address an inviter alone has given them, on servers where inviters make accounts: whoever came by such
//! an invitation may be anybody.

use std::sync::Arc;

use tenantry_core::Shower;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::browser::Origin;
use tenantry_core::credential::{NewToken, Secret};
use tenantry_core::error::{Kind, Result};
use tenantry_core::grant::Person;
use tenantry_core::ids::{InvitationId, OrganizationId};
use tenantry_core::invitation::Newcomer;
use tenantry_core::permission::BuiltinRole;
use tenantry_core::principal::AccountChange;
use tenantry_core::settings::{AddPeople, Settings};
use tenantry_testkit::{Member, TestCore};

use crate::asking::kind;
use crate::links::link;
use crate::mail::mailing;

const VICTIM: &str = "victim@corp.example";
const PASSWORD: &str = "correct horse";

fn settings() -> Settings {
    Settings { add_people: AddPeople::Provision, ..Settings::default() }
}

mod on_sqlite {
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_address_by_hearsay_answers_no_other_invitation() {
        let core = super::TestCore::sqlite_with(super::settings()).await;
        super::an_address_by_hearsay_answers_no_other_invitation(core).await;
    }
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_proves_an_address_shuts_out_who_had_it_by_hearsay() {
        let core = super::mailing(false).await;
        super::who_proves_an_address_shuts_out_who_had_it_by_hearsay(core).await;
    }
}
mod on_postgres {
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_address_by_hearsay_answers_no_other_invitation() {
        let core = super::TestCore::postgres_with(super::settings()).await;
        super::an_address_by_hearsay_answers_no_other_invitation(core).await;
    }
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_proves_an_address_shuts_out_who_had_it_by_hearsay() {
        let core = super::mailing(true).await;
        super::who_proves_an_address_shuts_out_who_had_it_by_hearsay(core).await;
    }
}

fn by(organization: OrganizationId) -> OrganizationRef {
    OrganizationRef::Id(organization)
}

async fn invited(core: &TestCore, who: &Member, to: OrganizationId) -> (InvitationId, String) {
    let (invitation, secret) = core.invite(&who.caller, by(to), VICTIM.into(), vec![]).await.unwrap();
    let secret: Secret = secret.unwrap();
    (invitation.id, secret.expose().to_owned())
}

/// Whoever may invite would else have every invitation of others to whatever address they think of.
async fn an_address_by_hearsay_answers_no_other_invitation(core: TestCore) {
    let root = core.root().await;
    let (mallory, ann) = (core.user(&root, "mallory").await, core.user(&root, "ann").await);
    let evil = core.organization(&mallory, "Evil").await.id;
    let org = core.organization(&ann, "Org").await.id;
    let (id, bait) = invited(&core, &mallory, evil).await;
    let new = Newcomer { display_name: None, password: PASSWORD.into(), from: Origin::default() };
    core.join(by(evil), (id, &bait), new).await.unwrap();
    let token = core.sign_in_user(VICTIM, PASSWORD, None).await.unwrap();
    let victim = core.member(token.secret.expose()).await;

    let (id, secret) = invited(&core, &ann, org).await;
    assert_eq!(core.list_own_invitations(&victim.caller).await.unwrap(), []);
    assert_eq!(kind(core.get_own_invitation(&victim.caller, by(org), id).await), Kind::Hidden);
    let accept = async |shown: Option<&str>| {
        core.accept_invitation(&victim.caller, by(org), id, shown.map(str::to_owned)).await
    };
    for shown in [None, Some(&*bait), Some("nonsense")] {
        assert_eq!(kind(core.get_offer(&victim.caller, by(org), id, shown).await), Kind::Hidden);
        assert_eq!(kind(accept(shown).await), Kind::Hidden);
        let declined = core.decline_invitation(&victim.caller, by(org), id, shown.map(str::to_owned)).await;
        assert_eq!(kind(declined), Kind::Hidden);
    }
    // Nor is it made a member by its address.
    let person = Person::Email { email: VICTIM.into(), display_name: Some("V".into()) };
    let workspace = core.workspace(&ann, org, "W").await.id;
    let at = tenantry_testkit::estate::target(org, workspace);
    let viewer = vec![tenantry_core::grant::RoleName::Builtin(BuiltinRole::WorkspaceViewer)];
    let added = core.add_user(&ann.caller, at, person, viewer).await.unwrap();
    assert_eq!(added.member(), None);

    // Who is shown the secret is who is meant; so is who has the address by the word of who runs the server.
    core.get_offer(&victim.caller, by(org), id, Some(&secret)).await.unwrap();
    let says = AccountChange { email: Some(VICTIM.into()), ..AccountChange::default() };
    core.update_account(&root.caller, victim.id(), says).await.unwrap();
    assert_eq!(kind(core.authenticate(&victim.token).await), Kind::Unauthenticated);
    let (_, link) = core.send_activation(&root.caller, victim.id(), None).await.unwrap();
    core.reset_password(link.unwrap().expose(), PASSWORD, None).await.unwrap();
    let token = core.sign_in_user(VICTIM, PASSWORD, None).await.unwrap();
    let victim = core.member(token.secret.expose()).await;
    assert_eq!(core.list_own_invitations(&victim.caller).await.unwrap().len(), 2);
    core.get_own_invitation(&victim.caller, by(org), id).await.unwrap();
    core.accept_invitation(&victim.caller, by(org), id, None).await.unwrap();
    assert_eq!(core.examine().await.unwrap(), []);
}

/// Another credential of who has one.
fn another(core: &Arc<TestCore>, who: &Member, number: u64) -> impl Future<Output = Result<Secret>> + use<> {
    let (core, who) = (Arc::clone(core), who.clone());
    async move {
        if number.is_multiple_of(2) {
            return core.exchange_bearer(&who.token, Shower::default()).await.map(|issued| issued.secret);
        }
        let new = NewToken { title: number.to_string(), ..NewToken::default() };
        core.create_own_token(&who.caller, new).await.map(|(_, secret)| secret)
    }
}

/// By a link that was mailed there, to set a password or to prove the address, or by the word of who runs the server.
async fn who_proves_an_address_shuts_out_who_had_it_by_hearsay(core: TestCore) {
    let core = Arc::new(core);
    let root = core.root().await;
    for way in ["reset", "proof", "word"] {
        let mallory = core.user(&root, way).await;
        core.send_activation(&root.caller, mallory.id(), None).await.unwrap();
        core.reset_password(&link(&core).await.1, PASSWORD, None).await.unwrap();
        let id = core.literal(mallory.id().as_uuid());
        core.sql(&format!(
            "UPDATE principals SET email_hearsay = 1, email_verified_at = NULL WHERE id = {id}"
        ));
        core.authenticate(&mallory.token).await.unwrap();
        let session = core.sign_in_user(way, PASSWORD, None).await.unwrap();
        match way {
            "reset" => {
                core.request_password_reset(way, None).await.unwrap();
                core.reset_password(&link(&core).await.1, "battery staple", None).await.unwrap();
            }
            "proof" => {
                core.request_email_verification(&mallory.caller).await.unwrap();
                let (_, secret) = link(&core).await;
                let made: Vec<_> =
                    (0..8).map(|number| tokio::spawn(another(&core, &mallory, number))).collect();
                core.verify_email(&secret, None).await.unwrap();
                for made in made {
                    if let Ok(secret) = made.await.unwrap() {
                        let shown = core.authenticate(secret.expose()).await;
                        assert_eq!(kind(shown), Kind::Unauthenticated, "made beside the proof");
                    }
                }
            }
            _ => {
                let email = Some(format!("{way}@example.org"));
                let says = AccountChange { email, ..AccountChange::default() };
                core.update_account(&root.caller, mallory.id(), says).await.unwrap();
            }
        }
        for token in [&*mallory.token, session.secret.expose()] {
            assert_eq!(kind(core.authenticate(token).await), Kind::Unauthenticated, "{way}");
        }
        assert_eq!(kind(core.sign_in_user(way, PASSWORD, None).await), Kind::Unauthenticated, "{way}");
        let account = core.get_account(&root.caller, mallory.id()).await.unwrap();
        assert_eq!((account.has_password, account.email_is_hearsay), (way == "reset", false), "{way}");
    }
}
