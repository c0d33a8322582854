//! Use cases that tell who holds which role where.

use std::collections::HashMap;

use super::{AssignmentField, Grant, PartyQuery, Subject};
use crate::Core;
use crate::audit::Act;
use crate::authz::{self, Needed, OrganizationScope, Place, PlaceScope};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::filter::{Filter, ListQuery, Test};
use crate::ids::{GrantId, RoleId};
use crate::invitation::Invitation;
use crate::page::{Cursor, KeyValue, Order, Page, PageRequest, Start};
use crate::permission::Permission;
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
    pub(super) fn of(scope: &PlaceScope) -> Self {
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
            AssignmentField::Id
            | AssignmentField::Role
            | AssignmentField::Project
            | AssignmentField::Subject => KeyValue::Int(0),
        });
        Cursor { keys: keys.collect(), id: *self.id.as_uuid() }
    }
}

impl Core {
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
