//! Use cases of who is invited and has no account yet: to look, and to join with a new one.
//!
//! A mailed secret proves the address, so whoever shows it gets the account of the address. One that was shown to the
//! inviter proves nothing: it makes an account only where the server's setting lets inviters make accounts of any address, and
//! one that answers no other invitation to the address without its secret.

use super::answer::require_a_standing_offer;
use super::service::{closed, detail};
use super::{InvitationDetail, InvitationStatus};
use crate::Core;
use crate::audit::Target;
use crate::authz::{self, OrganizationRef};
use crate::browser::Origin;
use crate::caller::Caller;
use crate::credential::{Secret, TokenKind};
use crate::error::{Error, Kind, Result};
use crate::ids::{InvitationId, PrincipalId};
use crate::principal::{NewUser, account, insert_user};
use crate::settings::AddPeople;
use crate::text;
use crate::throttle::{Attempts, Purpose};

/// Who joins.
#[derive(Clone)]
pub struct Newcomer {
    /// What people are to call them.
    pub display_name: Option<String>,
    /// Their password, 8 to 1,024 bytes.
    pub password: String,
    /// Where they are.
    pub from: Origin,
}

/// What an invitation is asked for by: its id, the hash of its secret, and whether that proves the address.
type Shown = (InvitationId, [u8; 32], bool);

impl Core {
    /// What an invitation offers to who shows its secret and can join with a new account. It is as good afterwards as
    /// before.
    ///
    /// # Errors
    /// `Kind::Invalid` for `secret` if it is not that of an invitation there; `Kind::Precondition` where the invitation is
    /// over, or the secret proves nothing; `Kind::AlreadyExists` where the address has an account.
    pub async fn look_at_invitation(
        &self,
        organization: OrganizationRef,
        (id, secret): (InvitationId, &str),
        from: &Origin,
    ) -> Result<InvitationDetail> {
        let looking = async {
            let shown = shown(id, secret)?;
            self.offered(organization, shown, from).await
        };
        self.throttled(&attempts(id, from), looking).await
    }

    /// To whom an invitation is, for who shows its secret, whether or not anything can be done with it.
    ///
    /// # Errors
    /// `Kind::Invalid` for `secret` if it is not that of an invitation there.
    pub async fn invitee(
        &self,
        organization: OrganizationRef,
        (id, secret): (InvitationId, &str),
        from: &Origin,
    ) -> Result<String> {
        let looking = async {
            let (_, hash, _) = shown(id, secret)?;
            let data = (self.stranger(from), organization, id, hash);
            self.store()
                .point(data, |session, (caller, organization, id, hash)| {
                    Box::pin(async move {
                        let by_secret = (*id, &*hash);
                        let found =
                            authz::invited_by_secret(session, caller, organization, by_secret).await?;
                        Ok(found.2.email)
                    })
                })
                .await
        };
        self.throttled(&attempts(id, from), looking).await
    }

    /// Makes an account for the address of an invitation and accepts it.
    ///
    /// # Errors
    /// Those of [`Core::look_at_invitation`]; `Kind::Invalid` for `display_name` and `password`.
    pub async fn join(
        &self,
        organization: OrganizationRef,
        (id, secret): (InvitationId, &str),
        new: Newcomer,
    ) -> Result<InvitationDetail> {
        let attempts = attempts(id, &new.from);
        let joining = async {
            let shown = shown(id, secret)?;
            // A password is hashed for who has the secret alone.
            let offered = self.offered(organization.clone(), shown, &new.from).await?;
            let user = NewUser {
                email: offered.invitation.email,
                display_name: new.display_name,
                password: Some(new.password),
                ..NewUser::default()
            };
            let password = self.password_hash(&user).await?;
            let act = self.act(&self.stranger(&new.from));
            let data = (act, organization, shown, user, password);
            self.store()
                .write(data, |session, (act, organization, (id, hash, mailed), user, password)| {
                    Box::pin(async move {
                        let (server, scope, invitation) =
                            authz::invited_by_secret_change(session, &act.caller, organization, (*id, hash))
                                .await?;
                        if !invitation.is_open(act.now) {
                            return Err(closed());
                        }
                        let mut joined = detail(session, &scope, invitation).await?;
                        require_a_standing_offer(session, &scope, &joined).await?;
                        let principal = act.caller.principal;
                        insert_user(session, act, &server, (principal, user, password.as_deref())).await?;
                        let mut made = account::find(session, &server, principal).await?;
                        made.email_verified_at = mailed.then_some(act.now);
                        made.email_is_hearsay = !*mailed;
                        session.update_account(&server, &made).await?;
                        session.redeem_grants(&scope, *id, principal).await?;
                        session.redeem_teams(&scope, *id, principal, act.now).await?;
                        session.end_invitation(&scope, *id, InvitationStatus::Accepted).await?;
                        joined.invitation.status = InvitationStatus::Accepted;
                        let targets = vec![
                            Target::new("invitation", id.as_uuid()),
                            Target::new("principal", principal.as_uuid()),
                        ];
                        act.record(session, scope.organization(), "invitation.join", targets).await?;
                        Ok(joined)
                    })
                })
                .await
        };
        self.throttled(&attempts, joining).await
    }

    async fn offered(
        &self,
        organization: OrganizationRef,
        shown: Shown,
        from: &Origin,
    ) -> Result<InvitationDetail> {
        let any_address = self.settings().add_people == AddPeople::Provision;
        let data = (self.act(&self.stranger(from)), organization, shown, any_address);
        self.store()
            .point(data, |session, (act, organization, (id, hash, mailed), any_address)| {
                Box::pin(async move {
                    let (server, scope, invitation) =
                        authz::invited_by_secret(session, &act.caller, organization, (*id, hash)).await?;
                    if !mailed && !any_address {
                        let message = "who runs this server makes accounts: ask for one first";
                        return Err(Error::new(Kind::Precondition, "invitation.unproven", message));
                    }
                    if !invitation.is_open(act.now) {
                        return Err(closed());
                    }
                    let folded = text::fold(&invitation.email);
                    if session.user_called(&server, &folded).await?.is_some() {
                        let message = "the address has an account: sign in with it";
                        return Err(Error::new(Kind::AlreadyExists, "invitation.account", message));
                    }
                    detail(session, &scope, invitation).await
                })
            })
            .await
    }

    /// Who has no account, under the id that theirs would get.
    fn stranger(&self, from: &Origin) -> Caller {
        Caller {
            request_id: from.request_id.clone(),
            source: from.source,
            ..self.newcomer(PrincipalId::generate(&*self.ids))
        }
    }
}

fn shown(id: InvitationId, secret: &str) -> Result<Shown> {
    let secret = Secret::parse(secret).ok_or_else(authz::wrong_secret)?;
    let mailed = secret.kind() == TokenKind::MailedInvitation;
    Ok((id, secret.hash(), mailed))
}

fn attempts(id: InvitationId, from: &Origin) -> Attempts {
    Attempts::new(Purpose::Invitation, &id.to_string(), from.source)
}
