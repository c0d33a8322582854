//! Use cases of resources: what the server of a workspace asks and tells about them.

use std::collections::HashSet;

use uuid::Uuid;

use super::store::{Share, ShareSubject};
use super::{Action, ActionSet, ContentRights, InsideRights, RESOURCES_MAX, Resource, ResourceKind, Rights};
use crate::Core;
use crate::audit::Target;
use crate::authz::{self, OrganizationScope, WorkspaceScope};
use crate::caller::Caller;
use crate::error::{Error, Kind, Result};
use crate::grant::Subject;
use crate::ids::PrincipalId;
use crate::permission::Permission;
use crate::principal::People;
use crate::store::Session;
use crate::workspace::{require_no_server, require_open, scope_of_server, writable_scope_of_server};

/// Which resources of a kind somebody may do something with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// All there are and will be.
    All,
    /// These.
    Only(Vec<Uuid>),
}

/// With whom a resource is shared.
#[derive(Clone, Debug)]
pub struct SharedWith {
    /// The shares.
    pub shares: Vec<Share>,
    /// The people among them.
    pub people: People,
}

impl Core {
    /// Whether somebody may do this with each of the resources, in their order. Asked by the server of the workspace.
    pub async fn check_resources(
        &self,
        caller: &Caller,
        user: PrincipalId,
        action: Action,
        resources: Vec<Resource>,
    ) -> Result<Vec<bool>> {
        require_few(&resources)?;
        self.store()
            .point((caller.clone(), user, action, resources), |session, (caller, user, action, resources)| {
                Box::pin(async move {
                    let scope = of_server(session, caller).await?;
                    let Some(held) = held_by(session, &scope, *user).await? else {
                        return Ok(vec![false; resources.len()]);
                    };
                    let by_role = |it: &Resource| held.allow(it, *action);
                    if !held.by_shares {
                        return Ok(resources.iter().map(by_role).collect());
                    }
                    let ids: Vec<Uuid> =
                        resources.iter().filter(|it| !by_role(it)).filter_map(|it| it.id).collect();
                    let shared = session.shared_among(&scope, *user, &ids, *action).await?;
                    let shared: HashSet<Resource> = shared.into_iter().collect();
                    Ok(resources.iter().map(|it| by_role(it) || shared.contains(it)).collect())
                })
            })
            .await
    }

    /// Which resources of a kind somebody may do this with. Asked by the server of the workspace.
    pub async fn allowed_resources(
        &self,
        caller: &Caller,
        user: PrincipalId,
        action: Action,
        resource: Resource,
    ) -> Result<Allowed> {
        self.store()
            .point((caller.clone(), user, action, resource), |session, (caller, user, action, resource)| {
                Box::pin(async move {
                    let scope = of_server(session, caller).await?;
                    let Some(held) = held_by(session, &scope, *user).await? else {
                        return Ok(Allowed::Only(Vec::new()));
                    };
                    if held.allow(&Resource { id: None, ..*resource }, *action) {
                        return Ok(Allowed::All);
                    }
                    let mut ids = Vec::new();
                    if held.by_shares {
                        let of = (resource.project, resource.kind);
                        ids = session.shared_ids(&scope, *user, of, *action).await?;
                    }
                    if resource.kind == ResourceKind::Project {
                        ids.extend(held.projects_for(*action));
                        ids.sort_unstable();
                        ids.dedup();
                    }
                    Ok(Allowed::Only(ids))
                })
            })
            .await
    }

    /// Shares a resource for these actions and no others; for none, it is shared no longer. Told by the server of the
    /// workspace for `sharing`, who must be allowed to share it.
    pub async fn share_resource(
        &self,
        caller: &Caller,
        sharing: PrincipalId,
        (resource, subject, actions): (Resource, ShareSubject, ActionSet),
    ) -> Result<()> {
        let id =
            resource.id.ok_or_else(|| Error::invalid("resource", "id", "expected one resource, by id"))?;
        let share = Share { resource, subject, actions };
        self.store()
            .write((self.act(caller), sharing, share, id), |session, (act, sharing, share, id)| {
                Box::pin(async move {
                    let scope = writable_scope_of_server(session, &act.caller).await?;
                    require_open(session, &scope).await?;
                    let held = held_by(session, &scope, *sharing).await?;
                    let Resource { project, kind, .. } = share.resource;
                    let held =
                        held.ok_or_else(|| Error::forbidden("who shares may not use this workspace"))?;
                    // Nobody hands out, or takes away, more than they hold, by a role or by what was shared with them.
                    let before = session.shares_of(&scope, &share.resource).await?;
                    let before = before.iter().find(|it| it.subject == share.subject);
                    let given = before.map(|it| it.actions).unwrap_or_default();
                    for action in share.actions.iter().chain(given.iter()).chain([Action::Share]) {
                        if held.allow(&share.resource, action) {
                            continue;
                        }
                        let shared = session.shared_ids(&scope, *sharing, (project, kind), action).await?;
                        if !shared.contains(id) {
                            return Err(Error::forbidden("who shares does not hold all of this"));
                        }
                    }
                    let known = match share.subject {
                        ShareSubject::Principal(id) => {
                            let person = session.people(&scope, &[id]).await?.remove(&id);
                            if let Some(person) = person.as_ref().filter(|_| !share.actions.is_empty()) {
                                require_no_server(session, &scope, person).await?;
                            }
                            person.is_some()
                        }
                        ShareSubject::Team(id) => session.is_team(&scope, id).await?,
                    };
                    if !known {
                        let (field, expected) = match share.subject {
                            ShareSubject::Principal(_) => {
                                ("user_id", "expected somebody of the organization")
                            }
                            ShareSubject::Team(_) => ("team_id", "expected a team of the organization"),
                        };
                        return Err(Error::invalid(field, "unknown", expected));
                    }
                    session.put_share(&scope, share, (*sharing, act.now)).await?;
                    let with = match &share.subject {
                        ShareSubject::Principal(id) => Target::new("principal", id.as_uuid()),
                        ShareSubject::Team(id) => Target::new("team", id.as_uuid()),
                    };
                    let by = Target::new("principal", sharing.as_uuid());
                    let targets = vec![
                        Target::new("workspace", scope.workspace().as_uuid()),
                        Target::new("resource", id),
                        with,
                        by,
                    ];
                    act.record(session, scope.organization(), "resource.share", targets).await
                })
            })
            .await
    }

    /// With whom a resource is shared. Asked by the server of the workspace.
    pub async fn resource_shares(&self, caller: &Caller, resource: Resource) -> Result<SharedWith> {
        if resource.id.is_none() {
            return Err(Error::invalid("resource", "id", "expected one resource, by id"));
        }
        self.store()
            .scan((caller.clone(), resource), |session, (caller, resource)| {
                Box::pin(async move {
                    let scope = of_server(session, caller).await?;
                    let shares = session.shares_of(&scope, resource).await?;
                    let ids: Vec<_> = shares
                        .iter()
                        .filter_map(|share| match share.subject {
                            ShareSubject::Principal(id) => Some(id),
                            ShareSubject::Team(_) => None,
                        })
                        .collect();
                    let people = session.people(&scope, &ids).await?;
                    Ok(SharedWith { shares, people })
                })
            })
            .await
    }

    /// Forgets with whom resources were shared that are gone. Told by the server of the workspace.
    pub async fn forget_resources(&self, caller: &Caller, resources: Vec<Resource>) -> Result<()> {
        require_few(&resources)?;
        self.store()
            .write((self.act(caller), resources), |session, (act, resources)| {
                Box::pin(async move {
                    let scope = writable_scope_of_server(session, &act.caller).await?;
                    require_open(session, &scope).await?;
                    for resource in resources {
                        session.forget_shares(&scope, resource).await?;
                    }
                    let targets = vec![Target::new("workspace", scope.workspace().as_uuid())];
                    act.record(session, scope.organization(), "resource.forget", targets).await
                })
            })
            .await
    }
}

fn require_few(resources: &[Resource]) -> Result<()> {
    if resources.len() <= RESOURCES_MAX {
        return Ok(());
    }
    let expected = format!("expected at most {RESOURCES_MAX}, got {}", resources.len());
    Err(Error::invalid("resources", "too_many", expected))
}

/// The workspace of the server that asks, while it is open.
async fn of_server(session: &dyn Session, caller: &Caller) -> Result<WorkspaceScope> {
    let scope = scope_of_server(session, caller).await?;
    require_open(session, &scope).await?;
    Ok(scope)
}

/// Nobody hands out, or takes away, what they do not hold: what is shared with the subject, the caller must be allowed
/// with everything of its kind, in the whole organization.
pub(crate) async fn require_to_hold_shares(
    session: &dyn Session,
    scope: &OrganizationScope,
    subject: Subject,
) -> Result<()> {
    let shared = session.shared_with(scope, &subject).await?;
    match shared.difference(&ContentRights::implied_by(scope.permissions())).iter().next() {
        None => Ok(()),
        Some((kind, action)) => {
            let (action, kind) = (action.word(), kind.word());
            let message =
                format!("{action}:{kind} is shared there, which you do not hold in the organization");
            Err(Error::new(Kind::Forbidden, "share.exceeds_own", message))
        }
    }
}

/// What somebody holds inside the workspace's server, by roles in the workspace, in its organization, or on the server;
/// nothing for who may not enter it. No credential narrows it: which one was shown, the server of the workspace knows alone.
async fn held_by(
    session: &dyn Session,
    scope: &WorkspaceScope,
    user: PrincipalId,
) -> Result<Option<InsideRights>> {
    let held = session.holdings(user, scope.organization(), Some(scope.workspace())).await?;
    let permissions = authz::in_workspace(&held);
    if !permissions.contains(Permission::ReadWorkspace) {
        return Ok(None);
    }
    let mut held = session.inside_rights(scope, scope.workspace(), user).await?;
    held.everywhere = Rights { permissions, content: held.everywhere }.all_content();
    Ok(Some(held))
}
