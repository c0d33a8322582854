//! Use cases of single assignments: one role to one party at one place, given and taken.
//!
//! A party is whoever can hold a role: a principal, a team, or an invitation for whoever accepts it.

use uuid::Uuid;

use super::held::{Assignment, Party, SeenParties};
use super::person::by_id;
use super::service::{RoleName, called};
use super::{Grant, RolePlace, Scope, Subject, give, inside, require_an_owner, require_not_account_owner};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{
    self, Needed, OrganizationRef, OrganizationScope, Place, PlaceScope, WorkspaceRef, Writable,
};
use crate::caller::Caller;
use crate::error::{Error, Kind, Result};
use crate::ids::{InvitationId, PrincipalId, RoleId, TeamId};
use crate::invitation::Invitation;
use crate::permission::{BuiltinRole, Level};
use crate::role::{self, Role};
use crate::store::Session;
use crate::team;
use crate::workspace;

impl Core {
    /// Gives one role to one party at a place, or in a project of a workspace's server. Whoever gives it must hold it. A role on an organization makes a person a
    /// member; by id, an account outside the organization is known only to who runs the server.
    pub async fn assign_role(
        &self,
        caller: &Caller,
        place: impl Into<RolePlace>,
        role: RoleName,
        subject: Subject,
    ) -> Result<Assignment> {
        self.store()
            .write((self.act(caller), place.into(), role, subject), |session, (act, place, role, subject)| {
                Box::pin(async move {
                    let (scope, project) = inside::require_to_assign(session, act, place).await?;
                    let role = fitting(session, &scope, project, role).await?;
                    role::require_to_hold(session, &scope, project, &role).await?;
                    let party = party(session, act, &scope, *subject).await?;
                    if let Party::Principal(person) = &party {
                        workspace::require_no_server(session, &scope, person).await?;
                    }
                    let at = inside::find_or_make(session, act, &scope, project).await?;
                    if held(session, &scope, (subject, at), role.id).await?.is_some() {
                        let message = "the role is given already";
                        let taken = Error::new(Kind::AlreadyExists, "role.assigned", message);
                        return Err(taken.about("assignment", role.id.to_string()));
                    }
                    let organization = scope.organization_scope();
                    give(session, act, &organization, *subject, &role, at).await?;
                    let grant = held(session, &scope, (subject, at), role.id).await?;
                    let grant = grant.ok_or_else(|| Error::internal("a grant that was made is not there"))?;
                    record(session, act, &scope, "role.assign", (role.id, subject, project)).await?;
                    Ok(Assignment { grant, role, party })
                })
            })
            .await
    }

    /// Takes one role from one party at a place, or in a project of a workspace's server. The last one that a person or an invitation has on an organization is not
    /// taken so, but by removing the person or withdrawing the invitation; the owner keeps the owner's.
    pub async fn unassign_role(
        &self,
        caller: &Caller,
        place: impl Into<RolePlace>,
        role: RoleName,
        subject: Subject,
    ) -> Result<()> {
        self.store()
            .write((self.act(caller), place.into(), role, subject), |session, (act, place, role, subject)| {
                Box::pin(async move {
                    let (scope, project) = inside::require_to_assign(session, act, place).await?;
                    let role = fitting(session, &scope, project, role).await?;
                    let party = party(session, act, &scope, *subject).await?;
                    let unknown = || Error::not_found("assignment");
                    let at = inside::find(session, &scope, project).await?.ok_or_else(unknown)?;
                    let grant = held(session, &scope, (subject, at), role.id).await?.ok_or_else(unknown)?;
                    role::require_to_hold(session, &scope, project, &role).await?;
                    if let Subject::Principal(holder) = subject {
                        workspace::require_to_leave_server(*holder, &role)?;
                    }
                    let organization = scope.organization_scope();
                    let owns = matches!(
                        (role.builtin, scope.workspace(), subject),
                        (Some(BuiltinRole::OrganizationOwner), None, Subject::Principal(_))
                            | (Some(BuiltinRole::WorkspaceOwner), Some(_), Subject::Principal(_))
                    );
                    if let (true, None, Subject::Principal(user)) = (owns, scope.workspace(), subject) {
                        require_not_account_owner(session, &organization, *user).await?;
                    }
                    require_another_role(session, &scope, (&party, subject, at)).await?;
                    session.delete_grant(&organization, &grant).await?;
                    if owns {
                        require_an_owner(session, &organization, scope.at()).await?;
                    }
                    record(session, act, &scope, "role.unassign", (role.id, subject, project)).await
                })
            })
            .await
    }

    /// Takes from a team every role held directly in a workspace, or none: whoever does it must hold all of them.
    pub async fn remove_workspace_team(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
        team: TeamId,
    ) -> Result<()> {
        self.store()
            .write((self.act(caller), Place::from(target), team), |session, (act, place, team)| {
                Box::pin(async move {
                    let needed = Needed::MANAGE_USERS;
                    let scope = authz::require_change_at(session, &act.caller, needed, place).await?;
                    let subject = Subject::Team(*team);
                    seen_team(session, &scope, *team).await?;
                    let held = session.grants_of(&scope, &subject, &scope.at()).await?;
                    if held.is_empty() && !inside::holds_any(session, &scope, &subject).await? {
                        return Err(Error::not_found("team"));
                    }
                    inside::end(session, &scope, &subject).await?;
                    let organization = scope.organization_scope();
                    for grant in &held {
                        if let Some(role) = session.find_role(&scope, grant.role).await? {
                            role::require_to_hold(session, &scope, None, &role).await?;
                        }
                        session.delete_grant(&organization, grant).await?;
                    }
                    let place = scope.workspace().map(|id| Target::new("workspace", id.as_uuid()));
                    let targets = place.into_iter().chain([Target::new("team", team.as_uuid())]).collect();
                    act.record(session, scope.organization(), "workspace_team.remove", targets).await
                })
            })
            .await
    }
}

/// A role that can be given at the place, or in projects there.
async fn fitting(
    session: &dyn Session,
    scope: &PlaceScope,
    project: Option<Uuid>,
    name: &RoleName,
) -> Result<Role> {
    let role = called(session, scope, name).await?.ok_or_else(|| Error::not_found("role"))?;
    let level = project.map_or(scope.level(), |_| Level::Project);
    if !role.fits_in(scope, level) {
        let message = "the role is not one that is given at this place";
        return Err(Error::new(Kind::Precondition, "role.place", message));
    }
    Ok(role)
}

async fn held(
    session: &dyn Session,
    scope: &PlaceScope,
    (subject, at): (&Subject, Scope),
    role: RoleId,
) -> Result<Option<Grant>> {
    let held = session.grants_of(scope, subject, &at).await?;
    Ok(held.into_iter().find(|grant| grant.role == role))
}

/// The party of this id, as far as the caller may know of it.
async fn party(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<PlaceScope>,
    subject: Subject,
) -> Result<Party> {
    match subject {
        Subject::Principal(id) => principal(session, act, scope, id).await,
        Subject::Team(id) => seen_team(session, scope, id).await,
        Subject::Invitation(id) => open_invitation(session, act, scope, id).await,
    }
}

async fn principal(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<PlaceScope>,
    id: PrincipalId,
) -> Result<Party> {
    match by_id(session, act, scope, id).await {
        Ok(principal) => Ok(Party::Principal(principal)),
        Err(unknown) if unknown.kind == Kind::Invalid => Err(Error::not_found("user")),
        Err(other) => Err(other),
    }
}

async fn seen_team(session: &dyn Session, scope: &PlaceScope, id: TeamId) -> Result<Party> {
    if !SeenParties::of(scope).teams {
        return Err(Error::not_found("team"));
    }
    team::find(session, scope, id).await.map(Party::Team)
}

async fn open_invitation(
    session: &dyn Session,
    act: &Act,
    scope: &PlaceScope,
    id: InvitationId,
) -> Result<Party> {
    let organization: &OrganizationScope = scope;
    let all = team::sees_invitations(organization);
    let here = SeenParties::of(scope).invitations;
    let seen = |found: &Invitation| all || (here && found.workspace == scope.workspace());
    let found = session.find_invitation(scope, id).await?;
    let open = found.filter(|found| seen(found) && found.is_open(act.now));
    open.map(Party::Invitation).ok_or_else(|| Error::not_found("invitation"))
}

/// Refuses to take the only role that a principal has on an organization, or that an invitation offers.
async fn require_another_role(
    session: &dyn Session,
    scope: &PlaceScope,
    (party, subject, at): (&Party, &Subject, Scope),
) -> Result<()> {
    // The server of a workspace is no member who could be removed.
    if let Party::Principal(person) = party
        && workspace::is_server(session, scope, person).await?
    {
        return Ok(());
    }
    let left = match (subject, at) {
        (Subject::Principal(_), Scope::Organization) => {
            session.grants_of(scope, subject, &Scope::Organization).await?.len()
        }
        (Subject::Invitation(id), _) => session.offered_roles(scope, *id).await?.len(),
        _ => return Ok(()),
    };
    if left > 1 {
        return Ok(());
    }
    let message = "it is the last role: remove the member, or withdraw the invitation, instead";
    Err(Error::new(Kind::Precondition, "member.last_role", message))
}

async fn record(
    session: &dyn Session,
    act: &Act,
    scope: &PlaceScope,
    action: &'static str,
    (role, subject, project): (RoleId, &Subject, Option<Uuid>),
) -> Result<()> {
    let place = scope.workspace().map(|id| Target::new("workspace", id.as_uuid()));
    let inside = project.map(|id| Target::new("project", &id));
    let targets = [Target::new("role", role.as_uuid()), Target::new(subject.kind(), subject.uuid())];
    let targets = targets.into_iter().chain(place).chain(inside).collect();
    act.record(session, scope.organization(), action, targets).await
}
