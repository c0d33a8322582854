//! Credentials: when they count, and when no more.

use std::sync::Arc;

use tenantry_core::Shower;
use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::browser::Origin;
use tenantry_core::credential::{Issued, NewToken, Rotation};
use tenantry_core::error::Kind;
use tenantry_core::organization::NewOrganization;
use tenantry_core::permission::BuiltinRole;
use tenantry_core::principal::{MadeServiceAccount, NewServiceAccount, NewUser};
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};

use crate::asking::{called, every_workspace, kind, names, refusal};

on_both_engines!(
    what_does_not_count_is_refused_alike,
    access_tokens_expire,
    revoked_ones_are_refused_at_once,
    what_was_given_for_a_credential_ends_with_it,
    no_token_outlives_a_revocation_beside_it,
    no_token_outlives_a_rotation_beside_it,
    no_token_of_a_member_outlives_their_removal,
    suspended_ones_are_refused_at_once,
    passwords_sign_in,
    a_password_is_hashed_anew_when_its_parameters_are_old,
    bad_passwords_are_refused,
    clients_sign_in,
    service_accounts_stay_in_their_organization,
    deleting_an_organization_ends_its_service_accounts,
    uses_are_written_down,
    a_server_is_initialized_once,
);

async fn what_does_not_count_is_refused_alike(core: TestCore) {
    let root = core.root().await;
    // Well-formed, and of another server: the second secret there, while this one has issued one only.
    let elsewhere = TestCore::sqlite().await;
    let administrator = elsewhere.root().await;
    let foreign = elsewhere.user(&administrator, "somebody").await.token;
    let unknown = refusal(core.authenticate(&foreign).await);
    assert_eq!(unknown.0, Kind::Unauthenticated);
    let mangled = format!("{}x", &root.token[..root.token.len() - 1]);
    for text in ["", "Bearer", "tny_pat_", mangled.as_str(), "ZENPROKEY_\u{0}"] {
        assert_eq!(refusal(core.authenticate(text).await), unknown);
    }
}

async fn access_tokens_expire(core: TestCore) {
    let root = core.root().await;
    let issued = core.exchange_bearer(&root.token, Shower::default()).await.unwrap();
    let access = issued.secret.expose();
    assert!(access.starts_with("tny_at_"));
    assert_eq!(core.authenticate(access).await.unwrap().principal, root.id());
    core.clock().advance_seconds(core.settings().access_token_seconds - 1);
    core.authenticate(access).await.unwrap();
    core.clock().advance_seconds(1);
    assert_eq!(kind(core.authenticate(access).await), Kind::Unauthenticated);
    assert_eq!(kind(core.exchange_bearer(access, Shower::default()).await), Kind::Unauthenticated);
    core.authenticate(&root.token).await.unwrap();
}

async fn revoked_ones_are_refused_at_once(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let id = ann.caller.credential;
    assert_eq!(kind(core.revoke_own_credential(&root.caller, id).await), Kind::NotFound, "not root's own");
    core.authenticate(&ann.token).await.unwrap();
    core.revoke_own_credential(&ann.caller, id).await.unwrap();
    assert_eq!(kind(core.authenticate(&ann.token).await), Kind::Unauthenticated);
    assert_eq!(kind(core.revoke_own_credential(&ann.caller, id).await), Kind::NotFound);
}

async fn what_was_given_for_a_credential_ends_with_it(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    core.organization(&ann, "Org").await;
    let made = account(&core, &ann, "Org").await;
    let client = (made.client.credential.id.to_string(), made.client.secret.expose());
    let by_token = core.exchange_bearer(&ann.token, Shower::default()).await.unwrap();
    let by_root = core.exchange_bearer(&root.token, Shower::default()).await.unwrap();
    let by_key = core.exchange_bearer(made.api_key.secret.expose(), Shower::default()).await.unwrap();
    let by_client = core.sign_in_client(&client.0, client.1, Shower::default()).await.unwrap();
    assert_eq!(by_token.credential.parent, Some(ann.caller.credential));
    assert_eq!(by_client.credential.parent, Some(made.client.credential.id));
    let counts = async |issued: &Issued| core.authenticate(issued.secret.expose()).await.is_ok();

    core.revoke_own_credential(&ann.caller, ann.caller.credential).await.unwrap();
    assert!(!counts(&by_token).await);
    assert!(counts(&by_root).await && counts(&by_key).await && counts(&by_client).await);
    let bot = core.member(by_client.secret.expose()).await;
    core.revoke_own_credential(&bot.caller, made.client.credential.id).await.unwrap();
    assert!(!counts(&by_client).await);
    assert!(counts(&by_key).await, "the key is another credential of the same account");
    core.revoke_own_credential(&core.member(by_key.secret.expose()).await.caller, by_key.credential.id)
        .await
        .unwrap();
    core.authenticate(made.api_key.secret.expose()).await.unwrap();
}

/// Exchanges the token of somebody several times while `end` ends it: whichever commits first, nothing of it counts.
async fn exchange_beside(core: TestCore, end: impl AsyncFn(&TestCore, &Member)) {
    let root = core.root().await;
    let core = Arc::new(core);
    for round in 0..10 {
        let ann = core.user(&root, &format!("ann{round}")).await;
        let exchanges: Vec<_> = (0..4)
            .map(|_| {
                let (core, token) = (Arc::clone(&core), ann.token.clone());
                tokio::spawn(async move { core.exchange_bearer(&token, Shower::default()).await })
            })
            .collect();
        end(&core, &ann).await;
        for exchange in exchanges {
            if let Ok(issued) = exchange.await.unwrap() {
                assert_eq!(kind(core.authenticate(issued.secret.expose()).await), Kind::Unauthenticated);
            }
        }
    }
}

async fn no_token_outlives_a_revocation_beside_it(core: TestCore) {
    exchange_beside(core, async |core, ann| {
        core.revoke_own_credential(&ann.caller, ann.caller.credential).await.unwrap();
    })
    .await;
}

/// Nor that of the secret which was the key's when it was shown.
async fn no_token_outlives_a_rotation_beside_it(core: TestCore) {
    exchange_beside(core, async |core, ann| {
        core.rotate_own_token(&ann.caller, ann.caller.credential, Rotation::default()).await.unwrap();
    })
    .await;
}

async fn no_token_of_a_member_outlives_their_removal(core: TestCore) {
    let root = core.root().await;
    let core = Arc::new(core);
    let org = core.organization(&root, "Org").await.id;
    let by = move || OrganizationRef::Id(org);
    for round in 0..10 {
        let ann = core.user(&root, &format!("ann{round}")).await;
        let member = BuiltinRole::OrganizationMember;
        core.add_organization_user(&root.caller, by(), ann.id(), member).await.unwrap();
        let made: Vec<_> = (0..4)
            .map(|number| {
                let (core, caller) = (Arc::clone(&core), ann.caller.clone());
                let new =
                    NewToken { title: number.to_string(), organization: Some(by()), ..NewToken::default() };
                tokio::spawn(async move { core.create_own_token(&caller, new).await })
            })
            .collect();
        core.remove_organization_user(&root.caller, by(), ann.id(), None, false).await.unwrap();
        for made in made {
            if let Ok((_, secret)) = made.await.unwrap() {
                assert_eq!(kind(core.authenticate(secret.expose()).await), Kind::Unauthenticated);
            }
        }
    }
}

async fn suspended_ones_are_refused_at_once(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let org = core.organization(&ann, "Org").await.id;
    let made = core.workspace(&ann, org, "W").await;
    assert_eq!(kind(core.set_suspended(&ann.caller, root.id(), true).await), Kind::Forbidden);
    core.set_suspended(&root.caller, ann.id(), true).await.unwrap();
    assert_eq!(kind(core.authenticate(&ann.token).await), Kind::Unauthenticated);
    // A caller that was authenticated a moment before holds nothing either.
    let by = || target(org, made.id);
    assert_eq!(kind(core.get_workspace(&ann.caller, by(), View::Both).await), Kind::Hidden);
    let create = core.create_workspace(&ann.caller, OrganizationRef::Id(org), called("V")).await;
    assert_eq!(kind(create), Kind::Hidden);
    let list = core.list_workspaces(&ann.caller, OrganizationRef::Id(org), every_workspace()).await;
    assert_eq!(kind(list), Kind::Hidden);
    assert_eq!(
        kind(core.create_organization(&ann.caller, NewOrganization::default()).await),
        Kind::Unauthenticated
    );
    core.set_suspended(&root.caller, ann.id(), false).await.unwrap();
    let caller = core.authenticate(&ann.token).await.unwrap();
    assert!(caller.auth_version > ann.caller.auth_version);
    core.get_workspace(&caller, by(), View::OwnRoles).await.unwrap();
}

async fn passwords_sign_in(core: TestCore) {
    let root = core.root().await;
    let new = |password: &str| NewUser {
        username: Some("Ann".into()),
        email: "Ann@Example.org".into(),
        password: Some(password.to_owned()),
        ..NewUser::default()
    };
    assert_eq!(kind(core.create_user(&root.caller, new("short")).await), Kind::Invalid);
    let (ann, _) = core.create_user(&root.caller, new("correct horse")).await.unwrap();
    for login in ["ann", " ANN ", "ann@example.ORG"] {
        let issued = core.sign_in_user(login, "correct horse", None).await.unwrap();
        assert_eq!(core.authenticate(issued.secret.expose()).await.unwrap().principal, ann.id);
    }
    // An unknown name costs as many hashes as a wrong password and is answered alike.
    let before = core.passwords().asked();
    let wrong = refusal(core.sign_in_user("ann", "wrong horse", None).await);
    assert_eq!(core.passwords().asked(), before + 1);
    for login in ["nobody", "root", ""] {
        assert_eq!(refusal(core.sign_in_user(login, "correct horse", None).await), wrong);
    }
    assert_eq!(core.passwords().asked(), before + 4);
    core.set_suspended(&root.caller, ann.id, true).await.unwrap();
    assert_eq!(refusal(core.sign_in_user("ann", "correct horse", None).await), wrong);
}

async fn account(core: &TestCore, owner: &Member, name: &str) -> MadeServiceAccount {
    let org = OrganizationRef::Name(name.to_owned());
    let new = NewServiceAccount::new("bot", BuiltinRole::OrganizationAdmin);
    core.create_service_account(&owner.caller, org, new).await.unwrap()
}

async fn a_password_is_hashed_anew_when_its_parameters_are_old(core: TestCore) {
    let root = core.root().await;
    core.create_user(&root.caller, with_password("correct horse")).await.unwrap();
    core.sql("UPDATE principals SET password_hash = 'old:correct horse' WHERE username = 'ann'");
    core.sign_in_user("ann", "wrong horse", None).await.unwrap_err();
    let kept = || core.sql("SELECT password_hash FROM principals WHERE username = 'ann'");
    assert_eq!(kept(), "old:correct horse");
    core.sign_in_user("ann", "correct horse", None).await.unwrap();
    assert_eq!(kept(), "plain:correct horse");
    core.sign_in_user("ann", "correct horse", None).await.unwrap();
}

async fn bad_passwords_are_refused(core: TestCore) {
    let root = core.root().await;
    for (password, rule) in
        [("7 bytes", "length"), ("Password123", "common"), ("ANN@example.ORG", "own_name")]
    {
        let refused = core.create_user(&root.caller, with_password(password)).await.unwrap_err();
        assert_eq!((&*refused.violations[0].field, refused.violations[0].rule), ("password", rule));
    }
}

fn with_password(password: &str) -> NewUser {
    NewUser {
        username: Some("ann".into()),
        email: "ann@example.org".into(),
        password: Some(password.to_owned()),
        ..NewUser::default()
    }
}

async fn clients_sign_in(core: TestCore) {
    let root = core.root().await;
    core.organization(&root, "Org").await;
    core.organization(&root, "Other").await;
    let (made, other) = (account(&core, &root, "Org").await, account(&core, &root, "Other").await);
    let id = made.client.credential.id.to_string();
    let secret = made.client.secret.expose();
    let issued = core.sign_in_client(&id.to_uppercase(), secret, Shower::default()).await.unwrap();
    assert_eq!(core.authenticate(issued.secret.expose()).await.unwrap().principal, made.account.id);
    assert_eq!(issued.credential.organization, made.account.organization);
    let others = other.client.credential.id.to_string();
    for (id, secret) in
        [(others.as_str(), secret), (&id, other.client.secret.expose()), ("", secret), (&id, "")]
    {
        assert_eq!(kind(core.sign_in_client(id, secret, Shower::default()).await), Kind::Unauthenticated);
    }
    assert_eq!(
        kind(core.authenticate(secret).await),
        Kind::Unauthenticated,
        "a client's secret is no bearer"
    );
    let key = made.api_key.credential.id.to_string();
    assert_eq!(
        kind(core.sign_in_client(&key, made.api_key.secret.expose(), Shower::default()).await),
        Kind::Unauthenticated
    );
}

async fn service_accounts_stay_in_their_organization(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let other = core.organization(&root, "Other").await.id;
    core.workspace(&root, org, "W").await;
    let bot = core.member(account(&core, &root, "Org").await.api_key.secret.expose()).await;
    assert!(bot.caller.is_service_account);
    assert_eq!(names(&core, &bot, org, every_workspace()).await, ["W"]);
    let list = core.list_workspaces(&bot.caller, OrganizationRef::Id(other), every_workspace()).await;
    assert_eq!(kind(list), Kind::Hidden);
    let made = core.workspace(&bot, org, "by the bot").await;
    assert_eq!(made.owner, bot.id());
    assert_eq!(
        kind(core.create_organization(&bot.caller, NewOrganization::default()).await),
        Kind::Forbidden
    );
    // Of the same name in another organization there may be one, in the same none.
    account(&core, &root, "Other").await;
    let again = NewServiceAccount::new("BOT", BuiltinRole::OrganizationMember);
    let again = core.create_service_account(&root.caller, OrganizationRef::Id(org), again).await;
    assert_eq!(kind(again), Kind::AlreadyExists);
}

async fn deleting_an_organization_ends_its_service_accounts(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let made = account(&core, &root, "Org").await;
    let access = core.exchange_bearer(made.api_key.secret.expose(), Shower::default()).await.unwrap();
    core.delete_organization(&root.caller, OrganizationRef::Id(org), None, true).await.unwrap();
    for secret in [&made.api_key.secret, &access.secret] {
        assert_eq!(kind(core.authenticate(secret.expose()).await), Kind::Unauthenticated);
    }
    let id = made.client.credential.id.to_string();
    let sign_in = core.sign_in_client(&id, made.client.secret.expose(), Shower::default()).await;
    assert_eq!(kind(sign_in), Kind::Unauthenticated);
    core.authenticate(&root.token).await.unwrap();
}

async fn uses_are_written_down(core: TestCore) {
    let root = core.root().await;
    let used = "SELECT COUNT(*) FROM credentials WHERE last_used_at IS NOT NULL";
    core.clock().advance_seconds(9);
    core.authenticate(&root.token).await.unwrap();
    assert_eq!(core.sql(used), "0");
    core.flush_uses().await.unwrap();
    core.flush_uses().await.unwrap();
    assert_eq!(core.sql(used), "1");
    let at = tenantry_testkit::clock::START.plus_seconds(9).as_micros().to_string();
    assert_eq!(core.sql("SELECT MAX(last_used_at) FROM credentials"), at);

    let long = "\u{e4}".repeat(300);
    let by = Shower { source: Some([192, 0, 2, 7].into()), user_agent: Some(&long) };
    core.authenticate_from(&root.token, by).await.unwrap();
    // What is asked for in the same request says nothing of who asks.
    core.authenticate(&root.token).await.unwrap();
    core.flush_uses().await.unwrap();
    let last =
        |column: &str| core.sql(&format!("SELECT {column} FROM credentials WHERE last_used_at IS NOT NULL"));
    assert_eq!((last("last_source"), last("LENGTH(last_user_agent)")), ("192.0.2.7".into(), "200".into()));
    // Nor does what is got for it, however long after.
    core.derive_token(&root.token, None, None).await.unwrap();
    core.flush_uses().await.unwrap();
    assert_eq!((last("last_source"), last("LENGTH(last_user_agent)")), ("192.0.2.7".into(), "200".into()));
    core.organization(&root, "Org").await;
    let made = account(&core, &root, "Org").await;
    let key = &made.api_key;
    let by = Shower { source: Some([192, 0, 2, 8].into()), user_agent: Some("Prog/1") };
    core.exchange_bearer(key.secret.expose(), by).await.unwrap();
    let from = Origin { source: Some([192, 0, 2, 9].into()), ..Origin::default() };
    let client = &made.client;
    let id = client.credential.id.to_string();
    core.prove_client(&id, Some(client.secret.expose()), &from).await.unwrap();
    core.clock().advance_seconds(1);
    core.derive_token(key.secret.expose(), None, None).await.unwrap();
    core.flush_uses().await.unwrap();
    let last = |kind: &str| core.sql(&format!("SELECT last_source FROM credentials WHERE kind = '{kind}'"));
    assert_eq!(
        (last("service_account_key"), last("client_secret")),
        ("192.0.2.8".into(), "192.0.2.9".into())
    );
    let program = "SELECT last_user_agent FROM credentials WHERE kind = 'service_account_key'";
    assert_eq!(core.sql(program), "Prog/1");
}

async fn a_server_is_initialized_once(core: TestCore) {
    core.root().await;
    let new = NewUser { email: "second@example.org".into(), ..NewUser::default() };
    assert_eq!(kind(core.initialize_server(new).await), Kind::AlreadyExists);
}
