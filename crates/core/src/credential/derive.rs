//! Access tokens for who shows a token already: never wider than that one, and never for longer.

use super::rotation::root_of;
use super::service::hash_of_bearer;
use super::{Access, Credential, Found, Issued, Secret, TokenKind, hold_shown, issue};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, OrganizationRef, Thing, View, WorkspaceRef};
use crate::caller::{Caller, Narrowing};
use crate::error::{Error, Result};
use crate::ids::{CredentialId, OrganizationId, WorkspaceId};
use crate::oauth::Authorization;
use crate::permission::Permission;
use crate::store::Session;
use crate::uses::Shower;
use crate::workspace::require_open;

/// What a derived token is called, by which it is told from those that a program got by logging in.
const DERIVED: &str = "derived access token";

impl Core {
    /// An access token as good as what is shown, or good for one workspace alone that who shows it may enter. It ends with
    /// what that was given for, and no later than that.
    pub async fn derive_token(
        &self,
        text: &str,
        workspace: Option<WorkspaceId>,
        request_id: Option<String>,
    ) -> Result<Issued> {
        self.derive(text, (workspace, request_id), None).await
    }

    pub(super) async fn derive(
        &self,
        text: &str,
        (workspace, request_id): (Option<WorkspaceId>, Option<String>),
        by: Option<Shower<'_>>,
    ) -> Result<Issued> {
        let hash = hash_of_bearer(text)?;
        let found = self.store().point(hash, |session, hash| Box::pin(session.find_credential(hash))).await?;
        let caller = Caller { request_id, ..self.admit(found.as_deref(), by)? };
        let found = found.ok_or_else(Error::bad_credential)?;
        let secret = Secret::random(TokenKind::Access, self.entropy());
        let act = self.act(&caller);
        let until = act.now.plus_seconds(self.settings().access_token_seconds);
        let until = found.credential.expires_at.map_or(until, |at| at.min(until));
        self.store()
            .write(
                (act, workspace, secret, (until, found, hash)),
                |session, (act, workspace, secret, (until, found, hash))| {
                    Box::pin(async move {
                        if workspace.is_some() {
                            // Who is removed from its organization meanwhile loses what is good there.
                            session.hold_owner(act.caller.principal).await?;
                        }
                        let Narrowing { permissions, organization, workspaces } =
                            narrowed(session, &act.caller, *workspace).await?;
                        // What is derived of a derived one hangs on the same root, and all of them end with it.
                        let root = root_of(session, &found.credential).await?;
                        hold_shown(session, (root, hash), act).await?;
                        let access = permissions.map_or(Access::Everything, Access::Only);
                        let holder = (act.caller.principal, (organization, access, workspaces));
                        let lifetime = (Some(*until), Some(root));
                        let issued = issue(session, act, holder, DERIVED, secret, lifetime).await?;
                        record(session, act, "credential.issue", issued.credential.id).await?;
                        Ok(issued)
                    })
                },
            )
            .await
    }

    /// Ends the access token that is shown, and the login of the program that it was given to, so that no refresh token of that
    /// counts either. A token that is good for less than the login ends alone, and so does one that was derived: who was
    /// handed such a one signs nobody out elsewhere. Tokens and keys that somebody keeps are not ended by signing out.
    pub async fn sign_out(&self, text: &str, request_id: Option<String>) -> Result<()> {
        let hash = hash_of_bearer(text)?;
        let found = self.store().point(hash, |session, hash| Box::pin(session.find_credential(hash))).await?;
        let found = found.ok_or_else(Error::bad_credential)?;
        let caller = Caller { request_id, ..super::caller_of(&found, self.clock().now())? };
        let Found { credential, .. } = &*found;
        if credential.kind != TokenKind::Access {
            return Ok(());
        }
        self.store()
            .write((self.act(&caller), credential.clone()), |session, (act, credential)| {
                Box::pin(async move {
                    let login = match credential.parent {
                        Some(parent) => session.find_authorization(parent, act.now).await?,
                        None => None,
                    };
                    let (action, kind, ended) = match login {
                        Some((login, _)) if is_as_good(session, credential, &login).await? => {
                            ("authorization.end", "authorization", login.id())
                        }
                        _ => ("credential.revoke", "credential", credential.id),
                    };
                    session.revoke_credential(act.caller.principal, ended, act.now).await?;
                    let targets = vec![Target::new(kind, ended.as_uuid())];
                    act.record(session, OrganizationId::SERVER, action, targets).await
                })
            })
            .await
    }
}

/// Whether the access token was given to the program that logged in, and is good for all that the login is.
async fn is_as_good(session: &dyn Session, token: &Credential, login: &Authorization) -> Result<bool> {
    let whole = login.credential.narrowing().within(login.scopes.access().permissions());
    let scopes = session.token_scopes(token.id).await?;
    Ok(token.title != DERIVED
        && token.narrowing() == whole
        && scopes.is_none_or(|scopes| scopes == login.scopes))
}

/// What is left of the caller's rights in the workspace, if there is one, while that is open.
async fn narrowed(
    session: &dyn Session,
    caller: &Caller,
    workspace: Option<WorkspaceId>,
) -> Result<Narrowing> {
    let Some(workspace) = workspace else { return Ok(caller.narrowing.clone()) };
    let organization = session.organization_of(&Thing::Workspace(workspace)).await?;
    let organization = organization.ok_or_else(|| Error::hidden("workspace"))?;
    let target = (&OrganizationRef::Id(organization), &WorkspaceRef::Id(workspace));
    let scope =
        authz::require_workspace(session, caller, Permission::ReadWorkspace, target, View::Both).await?;
    require_open(session, &scope).await?;
    Ok(Narrowing {
        permissions: caller.narrowing.permissions,
        organization: Some(organization),
        workspaces: Some(vec![workspace]),
    })
}

async fn record(session: &dyn Session, act: &Act, action: &'static str, id: CredentialId) -> Result<()> {
    let targets = vec![Target::new("credential", id.as_uuid())];
    act.record(session, OrganizationId::SERVER, action, targets).await
}
