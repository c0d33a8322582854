//! Use cases of single assignments: one role to one party at one place, and who holds what by them.
//!
//! A party is whoever can hold a role: a principal, a team, or an invitation for whoever accepts it.

use std::collections::HashMap;

use super::service::{RoleName, by_id, called};
use super::{
    AssignmentField, Grant, PartyQuery, Scope, Subject, give, require_an_owner, require_not_account_owner,
};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, Needed, OrganizationScope, Place, PlaceScope, Writable};
use crate::caller::Caller;
use crate::error::{Error, Kind, Result};
use crate::filter::{Filter, ListQuery, Test};
use crate::ids::{GrantId, InvitationId, PrincipalId, RoleId, TeamId};
use crate::invitation::Invitation;
use crate::page::{Cursor, KeyValue, Order, Page, PageRequest, Start};
use crate::permission::{BuiltinRole, Permission};
use crate::principal::Principal;
use crate::role::Role;
use crate::store::Session;
use crate::team::{self, Team};

/// Who can hold a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Party {
    /// A user or a service account.
    Principal(Principal),
    /// Everybody in a team.
    Team(Team),
    /// Whoever accepts the invitation.
    Invitation(Invitation),
}

/// One role of one party at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The binding: its id, its place, and when and by whom it was made.
    pub grant: Grant,
    /// The role.
    pub role: Role,
    /// Who holds it.
    pub party: Party,
}

/// A party with the roles that it holds directly at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who holds them.
    pub party: Party,
    /// The roles, in the order of granting. Never empty.
    pub roles: Vec<Role>,
}

/// Which kinds of parties the caller may see.
#[derive(Clone, Copy, Debug)]
pub struct SeenParties {
    /// Teams.
    pub teams: bool,
    /// Invitations.
    pub invitations: bool,
}

impl SeenParties {
    fn of(scope: &PlaceScope) -> Self {
        let organization: &OrganizationScope = scope;
        Self {
            teams: organization.permissions().contains(Permission::ReadTeams),
            invitations: team::sees_invitations(organization)
                || scope.permissions().contains(Permission::ReadWorkspaceInvitations),
        }
    }
}

impl Grant {
    /// The assignment's place in an order.
    pub fn cursor(&self, order: &[Order<AssignmentField>]) -> Cursor {
        let keys = order.iter().map(|by| match by.field {
            AssignmentField::CreatedAt => KeyValue::Int(self.created_at.as_micros()),
            // Not sortable: the store refuses such an order.
            AssignmentField::Id | AssignmentField::Role | AssignmentField::Subject => KeyValue::Int(0),
        });
        Cursor { keys: keys.collect(), id: *self.id.as_uuid() }
    }
}

impl Core {
    /// Gives one role to one party at a place. Whoever gives it must hold it. A role on an organization makes a person a
    /// member; by id, an account outside the organization is known only to who runs the server.
    pub async fn assign_role(
        &self,
        caller: &Caller,
        place: impl Into<Place>,
        role: RoleName,
        subject: Subject,
    ) -> Result<Assignment> {
        self.store()
            .write((self.act(caller), place.into(), role, subject), |session, (act, place, role, subject)| {
                Box::pin(async move {
                    let needed = Needed::MANAGE_USERS;
                    let scope = authz::require_change_at(session, &act.caller, needed, place).await?;
                    let role = fitting(session, &scope, role).await?;
                    authz::require_to_hold(scope.permissions(), role.permissions)?;
                    let party = party(session, act, &scope, *subject).await?;
                    if held(session, &scope, subject, role.id).await?.is_some() {
                        let message = "the role is given already";
                        let taken = Error::new(Kind::AlreadyExists, "role.assigned", message);
                        return Err(taken.about("assignment", role.id.to_string()));
                    }
                    let organization = scope.organization_scope();
                    give(session, act, &organization, *subject, &role, scope.at()).await?;
                    let grant = held(session, &scope, subject, role.id).await?;
                    let grant = grant.ok_or_else(|| Error::internal("a grant that was made is not there"))?;
                    record(session, act, &scope, "role.assign", (role.id, subject)).await?;
                    Ok(Assignment { grant, role, party })
                })
            })
            .await
    }

    /// Takes one role from one party at a place. The last one that a person or an invitation has on an organization is not
    /// taken so, but by removing the person or withdrawing the invitation; the owner keeps the owner's.
    pub async fn unassign_role(
        &self,
        caller: &Caller,
        place: impl Into<Place>,
        role: RoleName,
        subject: Subject,
    ) -> Result<()> {
        self.store()
            .write((self.act(caller), place.into(), role, subject), |session, (act, place, role, subject)| {
                Box::pin(async move {
                    let needed = Needed::MANAGE_USERS;
                    let scope = authz::require_change_at(session, &act.caller, needed, place).await?;
                    let role = fitting(session, &scope, role).await?;
                    party(session, act, &scope, *subject).await?;
                    let grant = held(session, &scope, subject, role.id).await?;
                    let grant = grant.ok_or_else(|| Error::not_found("assignment"))?;
                    authz::require_to_hold(scope.permissions(), role.permissions)?;
                    let organization = scope.organization_scope();
                    let owns = matches!(
                        (role.builtin, scope.workspace(), subject),
                        (Some(BuiltinRole::OrganizationOwner), None, Subject::Principal(_))
                            | (Some(BuiltinRole::WorkspaceOwner), Some(_), Subject::Principal(_))
                    );
                    if let (true, None, Subject::Principal(user)) = (owns, scope.workspace(), subject) {
                        require_not_account_owner(session, &organization, *user).await?;
                    }
                    require_another_role(session, &scope, subject).await?;
                    session.delete_grant(&organization, &grant).await?;
                    if owns {
                        require_an_owner(session, &organization, scope.at()).await?;
                    }
                    record(session, act, &scope, "role.unassign", (role.id, subject)).await
                })
            })
            .await
    }

    /// The assignments at a workspace, or at an organization and in all of its workspaces as far as the caller may see who
    /// has roles there.
    pub async fn list_assignments(
        &self,
        caller: &Caller,
        place: impl Into<Place>,
        query: impl Into<ListQuery<AssignmentField>>,
    ) -> Result<Page<Assignment>> {
        self.store()
            .scan((self.act(caller), place.into(), query.into()), |session, (act, place, query)| {
                Box::pin(async move {
                    let scope = authz::require_at(session, &act.caller, Needed::READ_USERS, place).await?;
                    list(session, act, &scope, query).await
                })
            })
            .await
    }

    /// One assignment, as the list of its organization shows it.
    pub async fn get_assignment(
        &self,
        caller: &Caller,
        place: impl Into<Place>,
        id: GrantId,
    ) -> Result<Assignment> {
        self.store()
            .scan((self.act(caller), place.into(), id), |session, (act, place, id)| {
                Box::pin(async move {
                    let scope = authz::require_at(session, &act.caller, Needed::READ_USERS, place).await?;
                    let order = vec![Order::ascending(AssignmentField::CreatedAt)];
                    let page = PageRequest { order, start: Start::Beginning, limit: 1 };
                    let filter = Filter::Is(AssignmentField::Id, Test::Id(*id.as_uuid()));
                    let found = list(session, act, &scope, &ListQuery { filter, page }).await?;
                    found.items.into_iter().next().ok_or_else(|| Error::not_found("assignment"))
                })
            })
            .await
    }

    /// Who holds a role directly at a place, the newest first, each with all roles held there.
    pub async fn list_members(
        &self,
        caller: &Caller,
        place: impl Into<Place>,
        query: PartyQuery,
    ) -> Result<Vec<Member>> {
        self.store()
            .scan((self.act(caller), place.into(), query), |session, (act, place, query)| {
                Box::pin(async move {
                    let scope = authz::require_at(session, &act.caller, Needed::READ_USERS, place).await?;
                    let seen = SeenParties::of(&scope);
                    let wanted = PartyQuery {
                        teams: query.teams && seen.teams,
                        invitations: query.invitations && seen.invitations,
                        ..query.clone()
                    };
                    let subjects = session.list_parties(&scope, &wanted, act.now).await?;
                    let grants = session.grants_at(&scope, &subjects).await?;
                    let parties = parties(session, &scope, &subjects).await?;
                    let roles = roles(session, &scope, &grants).await?;
                    let member = |subject: &Subject| {
                        let own = grants.iter().filter(|grant| grant.subject == *subject);
                        let roles = own.filter_map(|grant| roles.get(&grant.role).cloned()).collect();
                        Some(Member { party: parties.get(subject)?.clone(), roles })
                    };
                    Ok(subjects.iter().filter_map(member).collect())
                })
            })
            .await
    }
}

async fn list(
    session: &dyn Session,
    act: &Act,
    scope: &PlaceScope,
    query: &ListQuery<AssignmentField>,
) -> Result<Page<Assignment>> {
    let grants = session.list_grants(scope, SeenParties::of(scope), act.now, query).await?;
    let subjects: Vec<_> = grants.items.iter().map(|grant| grant.subject).collect();
    let parties = parties(session, scope, &subjects).await?;
    let roles = roles(session, scope, &grants.items).await?;
    let assignment = |grant: Grant| {
        let (role, party) = (roles.get(&grant.role)?.clone(), parties.get(&grant.subject)?.clone());
        Some(Assignment { grant, role, party })
    };
    Ok(Page { items: grants.items.into_iter().filter_map(assignment).collect(), next: grants.next })
}

/// What stands behind subjects of the organization; nothing for any other.
async fn parties(
    session: &dyn Session,
    scope: &OrganizationScope,
    subjects: &[Subject],
) -> Result<HashMap<Subject, Party>> {
    let (mut principals, mut teams, mut invitations) = (Vec::new(), Vec::new(), Vec::new());
    for subject in subjects {
        match subject {
            Subject::Principal(id) => principals.push(*id),
            Subject::Team(id) => teams.push(*id),
            Subject::Invitation(id) => invitations.push(*id),
        }
    }
    let mut found = HashMap::with_capacity(subjects.len());
    for (id, person) in session.people(scope, &principals).await? {
        found.insert(Subject::Principal(id), Party::Principal((*person).clone()));
    }
    for team in session.find_teams(scope, &teams).await? {
        found.insert(Subject::Team(team.id), Party::Team(team));
    }
    for invitation in session.find_invitations(scope, &invitations).await? {
        found.insert(Subject::Invitation(invitation.id), Party::Invitation(invitation));
    }
    Ok(found)
}

async fn roles(
    session: &dyn Session,
    scope: &OrganizationScope,
    grants: &[Grant],
) -> Result<HashMap<RoleId, Role>> {
    let mut found = HashMap::new();
    for grant in grants {
        if !found.contains_key(&grant.role)
            && let Some(role) = session.find_role(scope, grant.role).await?
        {
            found.insert(grant.role, role);
        }
    }
    Ok(found)
}

/// A role that can be given at the place.
async fn fitting(session: &dyn Session, scope: &PlaceScope, name: &RoleName) -> Result<Role> {
    let role = called(session, scope, name).await?.ok_or_else(|| Error::not_found("role"))?;
    if !role.fits(scope) {
        let message = "the role is not one that is given at this place";
        return Err(Error::new(Kind::Precondition, "role.place", message));
    }
    Ok(role)
}

async fn held(
    session: &dyn Session,
    scope: &PlaceScope,
    subject: &Subject,
    role: RoleId,
) -> Result<Option<Grant>> {
    let held = session.grants_of(scope, subject, &scope.at()).await?;
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
async fn require_another_role(session: &dyn Session, scope: &PlaceScope, subject: &Subject) -> Result<()> {
    let left = match (subject, scope.at()) {
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
    (role, subject): (RoleId, &Subject),
) -> Result<()> {
    let place = scope.workspace().map(|id| Target::new("workspace", id.as_uuid()));
    let targets = [Target::new("role", role.as_uuid()), Target::new(subject.kind(), subject.uuid())];
    act.record(session, scope.organization(), action, targets.into_iter().chain(place).collect()).await
}
