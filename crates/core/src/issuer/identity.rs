//! Identities: who is linked with what an issuer says, and how that comes to be.
//!
//! An account is linked by its own person, who is signed in; or, where the whole server trusts the issuer, because both the
//! issuer and this server have had the same address proved. Nobody is linked by an address that somebody merely names.

use super::claims::Asserted;
use super::{IDENTITIES_MAX, Identity, Issuer, read};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, OrganizationRef, View};
use crate::caller::{Caller, Narrowing};
use crate::credential::{self, Access, Secret, require_whole_person};
use crate::error::{Error, Kind, Result};
use crate::grant::{self, Scope, Subject};
use crate::ids::{CredentialId, OrganizationId, PrincipalId};
use crate::permission::{BuiltinRole, Permission};
use crate::principal::{self, NewUser, Principal, account};
use crate::role;
use crate::store::Session;
use crate::text;

impl Core {
    /// The identities that the caller has linked. A credential that is narrower than the person sees none.
    pub async fn list_own_identities(&self, caller: &Caller) -> Result<Vec<Identity>> {
        require_whole_person(caller)?;
        self.store()
            .scan(caller.principal, |session, principal| Box::pin(session.identities_of(*principal)))
            .await
    }

    /// The issuers with which the caller could link an account.
    pub async fn list_issuers_to_link(&self, caller: &Caller) -> Result<Vec<Issuer>> {
        require_whole_person(caller)?;
        self.store().scan(caller.principal, |session, person| Box::pin(session.trusts_for(*person))).await
    }

    /// Ends an identity of the caller's own, with the sessions and tokens that came of it.
    pub async fn unlink_identity(&self, caller: &Caller, id: CredentialId) -> Result<()> {
        require_whole_person(caller)?;
        self.store()
            .write((self.act(caller), id), |session, (act, id)| {
                Box::pin(async move {
                    let own = session.identities_of(act.caller.principal).await?;
                    let found = own.into_iter().find(|own| own.credential.id == *id);
                    let found = found.ok_or_else(|| Error::not_found("identity"))?;
                    session.revoke_credential(act.caller.principal, *id, act.now).await?;
                    record(session, act, "identity.unlink", &found).await
                })
            })
            .await
    }
}

/// Why a newcomer is no member.
const UNSPONSORED: &str = "issuer.sponsor";

/// Links what the issuer says with the account of who is signed in.
pub(super) async fn link_own(
    session: &dyn Session,
    act: &Act,
    (issuer, asserted): (&Issuer, &Asserted),
    secret: &Secret,
) -> Result<()> {
    require_whole_person(&act.caller)?;
    if let Some(organization) = issuer.organization {
        // Locked, or who is removed meanwhile would keep the identity.
        authz::enter_change(session, &act.caller, &OrganizationRef::Id(organization), View::Both).await?;
    }
    hold(session, issuer).await?;
    // What it takes to hear the issuer out is time in which the caller's session may end.
    credential::hold_basis(session, act).await?;
    if let Some(found) = session.find_identity(issuer.id, &asserted.subject).await?
        && found.revoked_at.is_none()
    {
        if found.principal.id == act.caller.principal {
            return Ok(());
        }
        let message = "somebody else has linked this already";
        return Err(Error::new(Kind::AlreadyExists, "identity.taken", message));
    }
    link(session, act, (issuer, asserted), act.caller.principal, secret).await.map(drop)
}

/// Whom the issuer means, linked or newly made where that is allowed: the person and the identity's credential.
pub(super) async fn recognize(
    session: &dyn Session,
    act: &Act,
    (issuer, asserted): (&Issuer, &Asserted),
    secret: &Secret,
) -> Result<(Principal, CredentialId)> {
    let mut found = session.find_identity(issuer.id, &asserted.subject).await?;
    if found.is_none() {
        // Somebody else may be linking it: only who holds the trust may say that nobody has.
        hold(session, issuer).await?;
        found = session.find_identity(issuer.id, &asserted.subject).await?;
    }
    if let Some(found) = found {
        // One that was ended is not linked anew by itself: whoever ended it meant it.
        return if found.counts(act.now) {
            Ok((found.principal, found.credential.id))
        } else {
            Err(Error::bad_credential().at_sign_in().by(found.principal.id))
        };
    }
    let email = asserted.verified_email.as_deref().and_then(|email| text::email("email", email).ok());
    let email = email.filter(|email| read::speaks_for(issuer, email)).ok_or_else(unknown)?;
    let newcomer = PrincipalId::generate(&*act.ids);
    let scope = authz::server_to_join(session, newcomer).await?;
    let person = match session.user_called(&scope, &text::fold(&email)).await? {
        Some(known) => proved(session, issuer, known, &email).await?,
        None if issuer.admits_newcomers => admit(session, act, issuer, (newcomer, &email, asserted)).await?,
        None => return Err(unknown()),
    };
    let act = Act { caller: Caller { principal: person.id, ..act.caller.clone() }, ..act.clone() };
    let identity = link(session, &act, (issuer, asserted), person.id, secret).await?;
    Ok((person, identity.credential.id))
}

/// An account that may be linked by its address alone: both sides have had it proved, and the whole server takes the
/// issuer's word.
async fn proved(session: &dyn Session, issuer: &Issuer, known: Principal, email: &str) -> Result<Principal> {
    let is_address = known.email.as_deref().is_some_and(|own| text::fold(own) == text::fold(email));
    let scope = authz::server_to_join(session, known.id).await?;
    let account = account::find(session, &scope, known.id).await?;
    let by_itself = issuer.organization.is_none() && is_address && account.email_verified_at.is_some();
    if !by_itself || !known.is_active_user() {
        return Err(Error::new(
            Kind::Unauthenticated,
            "identity.unlinked",
            "there is an account of this address: sign in to it and link the two on its page",
        )
        .at_sign_in()
        .by(known.id));
    }
    Ok(known)
}

/// Makes the account of a newcomer, and a member of the organization whose issuer sends one. Who is sent by an issuer of the
/// server becomes a member where an organization trusts the same issuer with newcomers of the address's domain.
async fn admit(
    session: &dyn Session,
    act: &Act,
    issuer: &Issuer,
    (id, email, asserted): (PrincipalId, &str, &Asserted),
) -> Result<Principal> {
    let scope = authz::server_to_join(session, id).await?;
    let name = asserted.name.as_deref();
    let name = name.and_then(|name| text::name("name", name, principal::DISPLAY_NAME_MAX).ok());
    let new = NewUser { email: email.to_owned(), display_name: name, ..NewUser::default() };
    let act = Act { caller: Caller { principal: id, ..act.caller.clone() }, ..act.clone() };
    let person = principal::insert_user(session, &act, &scope, (id, &new, None)).await?;
    let Some(organization) = issuer.organization else {
        let mut account = account::find(session, &scope, id).await?;
        account.email_verified_at = Some(act.now);
        account::write(session, &act, &scope, &mut account).await?;
        for home in session.trusts_of_domain(&read::domain_of(email).unwrap_or_default()).await? {
            let wants = home.url == issuer.url && home.admits_newcomers;
            match home.organization.filter(|_| wants) {
                None => {}
                Some(to) => match join(session, &act, (&home, to), id).await {
                    // Who let people in may not do so any more; the account is good without.
                    Err(error) if error.reason == UNSPONSORED => {}
                    joined => joined?,
                },
            }
        }
        return Ok(account.user);
    };
    join(session, &act, (issuer, organization), id).await?;
    Ok(person)
}

/// Makes a newcomer a member of the organization that trusts the issuer, by the right of who configured that.
async fn join(
    session: &dyn Session,
    act: &Act,
    (issuer, organization): (&Issuer, OrganizationId),
    newcomer: PrincipalId,
) -> Result<()> {
    let role = issuer.role.unwrap_or(BuiltinRole::OrganizationMember);
    let sponsor =
        Caller { principal: issuer.configured_by, narrowing: Narrowing::default(), ..act.caller.clone() };
    let by = OrganizationRef::Id(organization);
    let needed = Permission::ManageOrganizationUsers;
    let scope = authz::require_change(session, &sponsor, needed, &by, View::Both).await;
    let scope = scope.map_err(|_| unsponsored())?;
    authz::require_to_hold(scope.permissions(), role.permissions()).map_err(|_| unsponsored())?;
    let role = role::builtin(session, &scope, role).await?;
    let joining = Act { caller: sponsor, ..act.clone() };
    let subject = Subject::Principal(newcomer);
    grant::give(session, &joining, &scope, subject, &role, Scope::Organization).await.map(drop)
}

/// Holds the trust until the transaction ends: what is linked while the issuer is removed would outlive it, and of two that
/// link one subject the second must see what the first did.
async fn hold(session: &dyn Session, issuer: &Issuer) -> Result<()> {
    if session.hold_trust(issuer.id).await? { Ok(()) } else { Err(unknown()) }
}

async fn link(
    session: &dyn Session,
    act: &Act,
    (issuer, asserted): (&Issuer, &Asserted),
    person: PrincipalId,
    secret: &Secret,
) -> Result<Identity> {
    // Whoever links has the trust held, so the count stays true.
    let own = session.identities_of(person).await?;
    if own.iter().filter(|own| own.issuer == issuer.id).count() >= IDENTITIES_MAX {
        let message =
            format!("at most {IDENTITIES_MAX} accounts of an issuer may be linked; unlink one first");
        return Err(Error::new(Kind::LimitReached, "identity.limit", message));
    }
    let holder = (person, (issuer.organization, Access::Everything, None));
    let made = credential::issue(session, act, holder, &issuer.title, secret, (None, None)).await?;
    let identity = Identity {
        credential: made.credential,
        issuer: issuer.id,
        subject: asserted.subject.clone(),
        email: asserted.verified_email.clone(),
    };
    session.insert_identity(&identity).await?;
    record(session, act, "identity.link", &identity).await?;
    Ok(identity)
}

async fn record(session: &dyn Session, act: &Act, action: &'static str, identity: &Identity) -> Result<()> {
    let home = identity.credential.organization.unwrap_or(crate::ids::OrganizationId::SERVER);
    let targets = vec![
        Target::new("identity", identity.credential.id.as_uuid()),
        Target::new("principal", identity.credential.principal.as_uuid()),
        Target::new("issuer", identity.issuer.as_uuid()),
    ];
    act.record(session, home, action, targets).await
}

fn unknown() -> Error {
    Error::new(
        Kind::Unauthenticated,
        "identity.unknown",
        "nobody here is linked with this: sign in otherwise and link it on the page of your account, or ask who runs this \
         server",
    )
    .at_sign_in()
}

fn unsponsored() -> Error {
    let message = "who lets people in by this way may not do so any more; ask an owner of the organization";
    Error::new(Kind::Precondition, UNSPONSORED, message)
}
