//! Teams, and who is in them.

use std::collections::HashMap;

use async_trait::async_trait;
use tenantry_core::authz::{OrganizationScope, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::{Error, Result};
use tenantry_core::filter::{ListQuery, Test};
use tenantry_core::ids::{InvitationId, OrganizationId, PrincipalId, TeamId};
use tenantry_core::invitation::{Invitation, InvitationStore};
use tenantry_core::page::{Cursor, KeyValue, Page, PageRequest};
use tenantry_core::permission::Level;
use tenantry_core::principal::PrincipalStore;
use tenantry_core::role::Role;
use tenantry_core::team::{Team, TeamField, TeamMember, TeamMemberField, TeamMemberId, TeamStore};
use tenantry_core::text::fold;
use uuid::Uuid;

use crate::compile::{self, Column, Fields, id_list, int_test, text_test};
use crate::driver::{Row, Sql, Value, params, sql};
use crate::reach::derive;
use crate::role;
use crate::session::Db;

/// The columns that [`read`] expects, of the table `t`.
const COLUMNS: &str = "t.org_id, t.id, t.name, t.description, t.version, t.created_at, t.updated_at, \
     (SELECT COUNT(*) FROM team_members m WHERE m.org_id = t.org_id AND m.team_id = t.id)";
const COUNT: Sql = sql!("SELECT COUNT(*) FROM teams WHERE org_id = $1");
const LOCATE: Sql = sql!("INSERT INTO locator (id, kind, org_id) VALUES ($1, 'team', $2)");
const INSERT: Sql = sql!(
    "INSERT INTO teams (org_id, id, name, name_folded, description, version, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
);
const UPDATE: Sql = sql!(
    "UPDATE teams SET name = $3, name_folded = $4, description = $5, version = $6, updated_at = $7 \
     WHERE org_id = $1 AND id = $2"
);
const DELETE: Sql = sql!("DELETE FROM teams WHERE org_id = $1 AND id = $2");
const EMPTY: Sql = sql!("DELETE FROM team_members WHERE org_id = $1 AND team_id = $2");
const EMPTY_OF_INVITATIONS: Sql = sql!("DELETE FROM team_invitations WHERE org_id = $1 AND team_id = $2");
const DROP_GRANTS: Sql =
    sql!("DELETE FROM grants WHERE org_id = $1 AND subject_id = $2 AND subject_kind = 'team'");
const DROP_SHARES: Sql =
    sql!("DELETE FROM resource_shares WHERE org_id = $1 AND subject_id = $2 AND subject_kind = 'team'");
const ROLES: Sql = sql!(
    "SELECT DISTINCT r.org_id, r.id, r.workspace_id, r.level, r.builtin, r.title, r.description, r.permissions, \
       r.version, r.created_at, r.updated_at, r.content \
     FROM grants g CROSS JOIN roles r \
     WHERE g.org_id = $1 AND g.subject_id = $2 AND g.subject_kind = 'team' \
       AND r.org_id = g.org_id AND r.id = g.role_id"
);
const ROLES_OF_INVITATION: Sql = sql!(
    "SELECT DISTINCT r.org_id, r.id, r.workspace_id, r.level, r.builtin, r.title, r.description, r.permissions, \
       r.version, r.created_at, r.updated_at, r.content \
     FROM team_invitations t CROSS JOIN grants g CROSS JOIN roles r \
     WHERE t.org_id = $1 AND t.invitation_id = $2 AND g.org_id = t.org_id AND g.subject_id = t.team_id \
       AND g.subject_kind = 'team' AND r.org_id = g.org_id AND r.id = g.role_id"
);
/// Where a team holds anything.
const PLACES: Sql = sql!(
    "SELECT level, scope_id FROM grants WHERE org_id = $1 AND subject_id = $2 AND subject_kind = 'team' \
     UNION SELECT 2, workspace_id FROM resource_shares \
     WHERE org_id = $1 AND subject_id = $2 AND subject_kind = 'team'"
);
const MEMBERS: Sql = sql!("SELECT principal_id FROM team_members WHERE org_id = $1 AND team_id = $2");
const COUNT_MEMBERS: Sql = sql!(
    "SELECT (SELECT COUNT(*) FROM team_members WHERE org_id = $1 AND team_id = $2) \
       + (SELECT COUNT(*) FROM team_invitations WHERE org_id = $1 AND team_id = $2)"
);
const HAS_PRINCIPAL: Sql =
    sql!("SELECT added_at FROM team_members WHERE org_id = $1 AND team_id = $2 AND principal_id = $3");
const HAS_INVITATION: Sql =
    sql!("SELECT added_at FROM team_invitations WHERE org_id = $1 AND team_id = $2 AND invitation_id = $3");
const ADD_PRINCIPAL: Sql = sql!(
    "INSERT INTO team_members (org_id, team_id, principal_id, added_at) VALUES ($1, $2, $3, $4) \
     ON CONFLICT DO NOTHING"
);
const ADD_INVITATION: Sql =
    sql!("INSERT INTO team_invitations (org_id, team_id, invitation_id, added_at) VALUES ($1, $2, $3, $4)");
const REMOVE_PRINCIPAL: Sql =
    sql!("DELETE FROM team_members WHERE org_id = $1 AND team_id = $2 AND principal_id = $3");
const REMOVE_INVITATION: Sql =
    sql!("DELETE FROM team_invitations WHERE org_id = $1 AND team_id = $2 AND invitation_id = $3");
const TEAMS_OF_INVITATION: Sql =
    sql!("SELECT team_id FROM team_invitations WHERE org_id = $1 AND invitation_id = $2");
/// Ends the places of an invitation in teams.
pub(crate) const FORGET_INVITATION: Sql =
    sql!("DELETE FROM team_invitations WHERE org_id = $1 AND invitation_id = $2");

fn read(row: &Row<'_>) -> Result<Team> {
    Ok(Team {
        organization: OrganizationId::from_uuid(row.id(0)?),
        id: TeamId::from_uuid(row.id(1)?),
        name: row.text(2)?.to_owned(),
        description: row.opt_string(3)?,
        version: row.int(4)?,
        created_at: Timestamp::from_micros(row.int(5)?),
        updated_at: Timestamp::from_micros(row.int(6)?),
        member_count: row.int(7)?.unsigned_abs(),
    })
}

/// The fields of the table `t`.
struct TeamFields;

impl Fields<TeamField> for TeamFields {
    fn condition(&self, field: TeamField, test: &Test, params: &mut Vec<Value<'_>>) -> Result<String> {
        match field {
            TeamField::Name => text_test("t.name", "t.name_folded", test, params),
            TeamField::CreatedAt => int_test("t.created_at", test, params),
            TeamField::UpdatedAt => int_test("t.updated_at", test, params),
        }
    }
}

fn column(field: TeamField) -> Column {
    Column::along(match field {
        TeamField::Name => "t.name",
        TeamField::CreatedAt => "t.created_at",
        TeamField::UpdatedAt => "t.updated_at",
    })
}

impl Db<'_> {
    /// Derives anew what the principals reach by what the team holds, or held, at these places.
    async fn derive_at(
        &self,
        scope: &OrganizationScope,
        places: &[(i64, Uuid)],
        principals: &[Uuid],
    ) -> Result<()> {
        for (level, object) in places {
            let level = Level::from_number(*level).ok_or_else(|| Error::internal("unknown level"))?;
            for principal in principals {
                derive(self, scope.organization(), PrincipalId::from_uuid(*principal), level, object).await?;
            }
        }
        Ok(())
    }

    async fn places_of_team(&self, scope: &OrganizationScope, id: TeamId) -> Result<Vec<(i64, Uuid)>> {
        let params = params![scope.organization().as_uuid(), id.as_uuid()];
        self.conn.all(&PLACES, params, |row| Ok((row.int(0)?, row.id(1)?))).await
    }
}

#[async_trait]
impl TeamStore for Db<'_> {
    async fn list_teams(
        &self,
        scope: &OrganizationScope,
        query: &ListQuery<TeamField>,
    ) -> Result<Page<Team>> {
        let mut params: Vec<Value<'_>> = vec![scope.organization().as_uuid().into()];
        let wanted = compile::condition(&TeamFields, &query.filter, &mut params)?;
        let page = &query.page;
        let paging = compile::paging(page, |field| Some(column(field)), "t.id", &mut params)?;
        let statement = Sql::built(format!(
            "SELECT {COLUMNS} FROM teams t WHERE t.org_id = $1 AND {wanted} AND {}{}",
            paging.behind, paging.tail
        ));
        let rows = self.conn.all(&statement, &params, read).await?;
        Ok(Page::cut(rows, page.limit, |last| last.cursor(&page.order)))
    }

    async fn find_teams(&self, scope: &OrganizationScope, ids: &[TeamId]) -> Result<Vec<Team>> {
        let mut params: Vec<Value<'_>> = vec![scope.organization().as_uuid().into()];
        let list = id_list(&mut params, ids.iter().map(|id| *id.as_uuid()));
        let statement =
            Sql::built(format!("SELECT {COLUMNS} FROM teams t WHERE t.org_id = $1 AND t.id IN ({list})"));
        self.conn.all(&statement, &params, read).await
    }

    async fn count_teams(&self, scope: &OrganizationScope) -> Result<u64> {
        let count =
            self.conn.first(&COUNT, params![scope.organization().as_uuid()], |row| row.int(0)).await?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }

    async fn insert_team(&self, scope: &Writable<OrganizationScope>, team: &Team) -> Result<()> {
        let org = scope.organization();
        self.conn.run(&LOCATE, params![team.id.as_uuid(), org.as_uuid()]).await?;
        let params = params![
            org.as_uuid(),
            team.id.as_uuid(),
            &team.name,
            fold(&team.name),
            team.description.as_deref(),
            team.version,
            team.created_at.as_micros(),
            team.updated_at.as_micros(),
        ];
        self.conn.run(&INSERT, params).await.map(drop)
    }

    async fn update_team(&self, scope: &Writable<OrganizationScope>, team: &Team) -> Result<()> {
        let params = params![
            scope.organization().as_uuid(),
            team.id.as_uuid(),
            &team.name,
            fold(&team.name),
            team.description.as_deref(),
            team.version,
            team.updated_at.as_micros(),
        ];
        self.conn.run(&UPDATE, params).await.map(drop)
    }

    async fn delete_team(&self, scope: &Writable<OrganizationScope>, id: TeamId) -> Result<()> {
        let org = scope.organization();
        let of = || [Value::from(org.as_uuid()), Value::from(id.as_uuid())];
        let places = self.places_of_team(scope, id).await?;
        let members = self.conn.all(&MEMBERS, &of(), |row| row.id(0)).await?;
        for statement in [&DROP_GRANTS, &DROP_SHARES, &EMPTY, &EMPTY_OF_INVITATIONS, &DELETE] {
            self.conn.run(statement, &of()).await?;
        }
        self.derive_at(scope, &places, &members).await
    }

    async fn roles_of_team(&self, scope: &OrganizationScope, id: TeamId) -> Result<Vec<Role>> {
        self.conn.all(&ROLES, params![scope.organization().as_uuid(), id.as_uuid()], role::read).await
    }

    async fn list_team_members(
        &self,
        scope: &OrganizationScope,
        id: TeamId,
        (with_invitations, now): (bool, Timestamp),
        page: &PageRequest<TeamMemberField>,
    ) -> Result<Page<TeamMember>> {
        let org = scope.organization();
        let mut params: Vec<Value<'_>> = vec![org.as_uuid().into(), id.as_uuid().into()];
        let invited = if with_invitations {
            let now = compile::bind(&mut params, now.as_micros().into());
            format!(
                " UNION ALL SELECT 1, t.invitation_id, t.added_at FROM team_invitations t CROSS JOIN invitations i \
                 WHERE t.org_id = $1 AND t.team_id = $2 AND i.org_id = t.org_id AND i.id = t.invitation_id \
                   AND i.status = 'pending' AND i.expires_at > {now}"
            )
        } else {
            String::new()
        };
        let added = |TeamMemberField::AddedAt| Some(Column::along("m.added_at"));
        let paging = compile::paging(page, added, "m.id", &mut params)?;
        let statement = Sql::built(format!(
            "SELECT m.part, m.id, m.added_at FROM (SELECT 0 AS part, principal_id AS id, added_at FROM team_members \
             WHERE org_id = $1 AND team_id = $2{invited}) AS m WHERE {}{}",
            paging.behind, paging.tail
        ));
        let rows =
            self.conn.all(&statement, &params, |row| Ok((row.int(0)? == 1, row.id(1)?, row.int(2)?))).await?;
        let place = |(_, id, at): &(bool, Uuid, i64)| Cursor { keys: vec![KeyValue::Int(*at)], id: *id };
        let rows = Page::cut(rows, page.limit, place);
        let of = |wanted: bool| {
            rows.items.iter().filter(move |(is_invited, ..)| *is_invited == wanted).map(|(_, id, _)| *id)
        };
        let principals: Vec<_> = of(false).map(PrincipalId::from_uuid).collect();
        let people = self.people(scope, &principals).await?;
        let invitations: Vec<_> = of(true).map(InvitationId::from_uuid).collect();
        let invitations = self.find_invitations(scope, &invitations).await?;
        let mut invitations: HashMap<_, Invitation> =
            invitations.into_iter().map(|invitation| (*invitation.id.as_uuid(), invitation)).collect();
        let member = |(is_invited, id, _): &(bool, Uuid, i64)| {
            if *is_invited {
                return invitations.remove(id).map(TeamMember::Invitation);
            }
            people.get(&PrincipalId::from_uuid(*id)).map(|person| TeamMember::Principal((**person).clone()))
        };
        Ok(Page { items: rows.items.iter().filter_map(member).collect(), next: rows.next })
    }

    async fn is_in_team(&self, scope: &OrganizationScope, id: TeamId, member: &TeamMemberId) -> Result<bool> {
        let statement = match member {
            TeamMemberId::Principal(_) => &HAS_PRINCIPAL,
            TeamMemberId::Invitation(_) => &HAS_INVITATION,
        };
        let params = params![scope.organization().as_uuid(), id.as_uuid(), member.uuid()];
        Ok(self.conn.first(statement, params, |row| row.int(0)).await?.is_some())
    }

    async fn count_team_members(&self, scope: &OrganizationScope, id: TeamId) -> Result<u64> {
        let params = params![scope.organization().as_uuid(), id.as_uuid()];
        let count = self.conn.first(&COUNT_MEMBERS, params, |row| row.int(0)).await?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }

    async fn insert_team_member(
        &self,
        scope: &Writable<OrganizationScope>,
        id: TeamId,
        member: &TeamMemberId,
        now: Timestamp,
    ) -> Result<()> {
        let params = params![scope.organization().as_uuid(), id.as_uuid(), member.uuid(), now.as_micros()];
        match member {
            TeamMemberId::Principal(principal) => {
                self.conn.run(&ADD_PRINCIPAL, params).await?;
                let places = self.places_of_team(scope, id).await?;
                self.derive_at(scope, &places, &[*principal.as_uuid()]).await
            }
            TeamMemberId::Invitation(_) => self.conn.run(&ADD_INVITATION, params).await.map(drop),
        }
    }

    async fn delete_team_member(
        &self,
        scope: &Writable<OrganizationScope>,
        id: TeamId,
        member: &TeamMemberId,
    ) -> Result<()> {
        let params = params![scope.organization().as_uuid(), id.as_uuid(), member.uuid()];
        match member {
            TeamMemberId::Principal(principal) => {
                self.conn.run(&REMOVE_PRINCIPAL, params).await?;
                let places = self.places_of_team(scope, id).await?;
                self.derive_at(scope, &places, &[*principal.as_uuid()]).await
            }
            TeamMemberId::Invitation(_) => self.conn.run(&REMOVE_INVITATION, params).await.map(drop),
        }
    }

    async fn roles_of_teams_of(
        &self,
        scope: &OrganizationScope,
        invitation: InvitationId,
    ) -> Result<Vec<Role>> {
        let params = params![scope.organization().as_uuid(), invitation.as_uuid()];
        self.conn.all(&ROLES_OF_INVITATION, params, role::read).await
    }

    async fn redeem_teams(
        &self,
        scope: &Writable<OrganizationScope>,
        invitation: InvitationId,
        principal: PrincipalId,
        now: Timestamp,
    ) -> Result<()> {
        let params = params![scope.organization().as_uuid(), invitation.as_uuid()];
        for team in self.conn.all(&TEAMS_OF_INVITATION, params, |row| row.id(0)).await? {
            let member = TeamMemberId::Principal(principal);
            self.insert_team_member(scope, TeamId::from_uuid(team), &member, now).await?;
        }
        let params = params![scope.organization().as_uuid(), invitation.as_uuid()];
        self.conn.run(&FORGET_INVITATION, params).await.map(drop)
    }
}
