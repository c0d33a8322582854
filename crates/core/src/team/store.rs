//! The port of teams.

use async_trait::async_trait;

use super::{Team, TeamMember, TeamMemberId};
use crate::authz::{OrganizationScope, Writable};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::filter::ListQuery;
use crate::ids::{InvitationId, PrincipalId, TeamId};
use crate::page::{Page, PageRequest};
use crate::role::Role;

/// The fields by which teams are sorted and filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TeamField {
    /// What it is called.
    Name,
    /// When it was made.
    CreatedAt,
    /// When it was last changed.
    UpdatedAt,
}

/// The only order of the members of a team: as they came to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TeamMemberField {
    /// When it was put in the team.
    AddedAt,
}

/// Teams, in one session.
#[async_trait]
pub trait TeamStore {
    /// The teams of the organization.
    async fn list_teams(&self, scope: &OrganizationScope, query: &ListQuery<TeamField>)
    -> Result<Page<Team>>;

    /// Those of the teams that the organization has, in no order.
    async fn find_teams(&self, scope: &OrganizationScope, ids: &[TeamId]) -> Result<Vec<Team>>;

    /// How many teams the organization has.
    async fn count_teams(&self, scope: &OrganizationScope) -> Result<u64>;

    /// Makes a team and its entry in the locator. `AlreadyExists` when the name is taken.
    async fn insert_team(&self, scope: &Writable<OrganizationScope>, team: &Team) -> Result<()>;

    /// Writes name, description and version. `AlreadyExists` when the name is taken.
    async fn update_team(&self, scope: &Writable<OrganizationScope>, team: &Team) -> Result<()>;

    /// Removes a team with its grants, shares and members, and derives anew what these reach.
    async fn delete_team(&self, scope: &Writable<OrganizationScope>, id: TeamId) -> Result<()>;

    /// The roles that the team holds in the organization, whether on it or anywhere inside.
    async fn roles_of_team(&self, scope: &OrganizationScope, id: TeamId) -> Result<Vec<Role>>;

    /// Who is in the team. Invitations are among them only `with_invitations`, and only while they can be accepted at `now`.
    async fn list_team_members(
        &self,
        scope: &OrganizationScope,
        id: TeamId,
        (with_invitations, now): (bool, Timestamp),
        page: &PageRequest<TeamMemberField>,
    ) -> Result<Page<TeamMember>>;

    /// Whether the member is in the team.
    async fn is_in_team(&self, scope: &OrganizationScope, id: TeamId, member: &TeamMemberId) -> Result<bool>;

    /// How many are in the team, invitations among them.
    async fn count_team_members(&self, scope: &OrganizationScope, id: TeamId) -> Result<u64>;

    /// Puts the member in the team, and derives anew what it reaches.
    async fn insert_team_member(
        &self,
        scope: &Writable<OrganizationScope>,
        id: TeamId,
        member: &TeamMemberId,
        now: Timestamp,
    ) -> Result<()>;

    /// Takes the member out of the team, and derives anew what it reaches.
    async fn delete_team_member(
        &self,
        scope: &Writable<OrganizationScope>,
        id: TeamId,
        member: &TeamMemberId,
    ) -> Result<()>;

    /// The roles of the teams that the invitation is in.
    async fn roles_of_teams_of(
        &self,
        scope: &OrganizationScope,
        invitation: InvitationId,
    ) -> Result<Vec<Role>>;

    /// Puts the principal in every team that the invitation is in, in its place.
    async fn redeem_teams(
        &self,
        scope: &Writable<OrganizationScope>,
        invitation: InvitationId,
        principal: PrincipalId,
        now: Timestamp,
    ) -> Result<()>;
}
