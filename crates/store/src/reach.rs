//! What principals reach: derived from grants, in the transaction that changes them.

use std::collections::BTreeMap;

use tenantry_core::authz::AuthzStore;
use tenantry_core::error::Result;
use tenantry_core::grant::Subject;
use tenantry_core::ids::{OrganizationId, PrincipalId};
use tenantry_core::permission::{Level, Permission, PermissionSet};
use tenantry_core::workspace;
use uuid::Uuid;

use crate::driver::{Conn, Sql, Value, params, sql};
use crate::principal::raise_auth_version;
use crate::session::Db;

pub(crate) const HELD: Sql = sql!(
    "SELECT ro.permissions FROM grants g CROSS JOIN roles ro \
     WHERE g.org_id = $1 AND g.subject_id = $2 AND g.scope_id = $3 AND ro.org_id = g.org_id AND ro.id = g.role_id \
     UNION ALL SELECT ro.permissions FROM team_members t CROSS JOIN grants g CROSS JOIN roles ro \
     WHERE t.org_id = $1 AND t.principal_id = $2 AND g.org_id = t.org_id AND g.subject_id = t.team_id \
       AND g.scope_id = $3 AND ro.org_id = g.org_id AND ro.id = g.role_id"
);
/// Whether the principal holds a role in a project of the workspace's server, or something there is shared with it, directly
/// or by team.
const HAS_INSIDE: Sql = sql!(
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM grants g CROSS JOIN server_projects s \
       WHERE g.org_id = $1 AND g.subject_id = $2 AND g.level = 3 AND s.org_id = g.org_id AND s.id = g.scope_id \
         AND s.workspace_id = $3) \
     OR EXISTS (SELECT 1 FROM team_members t CROSS JOIN grants g CROSS JOIN server_projects s \
       WHERE t.org_id = $1 AND t.principal_id = $2 AND g.org_id = t.org_id AND g.subject_id = t.team_id \
         AND g.level = 3 AND s.org_id = g.org_id AND s.id = g.scope_id AND s.workspace_id = $3) \
     OR EXISTS (SELECT 1 FROM resource_shares r WHERE r.org_id = $1 AND r.subject_id = $2 AND r.workspace_id = $3) \
     OR EXISTS (SELECT 1 FROM team_members t CROSS JOIN resource_shares r \
       WHERE t.org_id = $1 AND t.principal_id = $2 AND r.org_id = t.org_id AND r.subject_id = t.team_id \
         AND r.workspace_id = $3)"
);
const WORKSPACE_OF_PROJECT: Sql =
    sql!("SELECT workspace_id FROM server_projects WHERE org_id = $1 AND id = $2");
const UNREACH: Sql =
    sql!("DELETE FROM reach WHERE principal_id = $1 AND org_id = $2 AND level = $3 AND scope_id = $4");
/// What a principal reaches on a scope; on an organization with what its people are ordered by.
const REACH: Sql = sql!(
    "INSERT INTO reach (principal_id, org_id, level, scope_id, permissions, role_rank, account_created_at, \
       shown_name, email, account_updated_at) \
     SELECT id, $2, $3, $4, $5, $6, created_at, \
       CASE WHEN CAST($3 AS BIGINT) = 1 THEN shown_name END, \
       CASE WHEN CAST($3 AS BIGINT) = 1 THEN COALESCE(email, '') END, \
       CASE WHEN CAST($3 AS BIGINT) = 1 THEN updated_at END \
     FROM principals WHERE id = $1 \
     ON CONFLICT (principal_id, org_id, level, scope_id) \
     DO UPDATE SET permissions = excluded.permissions, role_rank = excluded.role_rank, \
       account_created_at = excluded.account_created_at, shown_name = excluded.shown_name, email = excluded.email, \
       account_updated_at = excluded.account_updated_at"
);
const TEAM: Sql = sql!("SELECT principal_id FROM team_members WHERE org_id = $1 AND team_id = $2");

/// Derives anew what a principal reaches by grants on exactly this scope.
pub(crate) async fn derive(
    db: &Db<'_>,
    organization: OrganizationId,
    principal: PrincipalId,
    level: Level,
    object: &Uuid,
) -> Result<()> {
    let org = organization.as_uuid();
    if level == Level::Project {
        // A role in a project lets into the workspace, and is good for nothing else outside of the workspace's server.
        let workspace = db.conn.first(&WORKSPACE_OF_PROJECT, params![org, object], |row| row.id(0)).await?;
        let Some(workspace) = workspace else { return Ok(()) };
        return Box::pin(derive(db, organization, principal, Level::Workspace, &workspace)).await;
    }
    let params = || [Value::from(org), Value::from(principal.as_uuid()), Value::from(object)];
    let mut held = db.conn.all(&HELD, &params(), |row| row.int(0)).await?;
    if level == Level::Workspace && db.conn.first(&HAS_INSIDE, &params(), |_| Ok(())).await?.is_some() {
        held.push(TO_ENTER.bits());
    }
    if held.is_empty() {
        let params = params![principal.as_uuid(), org, level as i64, object];
        db.conn.run(&UNREACH, params).await?;
    } else {
        let all =
            held.into_iter().map(PermissionSet::from_bits).fold(PermissionSet::NONE, PermissionSet::union);
        let rank = workspace::rank(Some(all));
        let params = params![principal.as_uuid(), org, level as i64, object, all.bits(), rank];
        db.conn.run(&REACH, params).await?;
    }
    if level == Level::Server {
        // Rights on the server show in every organization, whose versions do not know of it: what is kept rests on the
        // version of the server too, and pages on that of the principal.
        db.lock_organization(organization).await?;
        raise_auth_version(db, principal).await?;
    }
    Ok(())
}

/// The same for everybody whom the subject stands for.
pub(crate) async fn derive_for_subject(
    db: &Db<'_>,
    organization: OrganizationId,
    subject: &Subject,
    level: Level,
    object: &Uuid,
) -> Result<()> {
    match subject {
        Subject::Principal(principal) => derive(db, organization, *principal, level, object).await,
        Subject::Team(team) => {
            let params = params![organization.as_uuid(), team.as_uuid()];
            for member in db.conn.all(&TEAM, params, |row| row.id(0)).await? {
                derive(db, organization, PrincipalId::from_uuid(member), level, object).await?;
            }
            Ok(())
        }
        Subject::Invitation(_) => Ok(()),
    }
}

/// What somebody has of a workspace by holding anything inside its server: they may enter.
const TO_ENTER: PermissionSet = PermissionSet::of(&[Permission::ReadWorkspace]);

/// Who, in which organization, at which level, on what.
pub(crate) type Place = (Uuid, Uuid, i64, Uuid);

/// What follows from all grants, and what is written down: for each place the permissions held. Both are of one moment.
pub(crate) async fn definition_and_reach(
    conn: Conn<'_>,
) -> Result<(BTreeMap<Place, PermissionSet>, BTreeMap<Place, (PermissionSet, i64)>)> {
    let all = sql!(
        "SELECT g.subject_id, g.org_id, g.level, g.scope_id, ro.permissions, -1 AS role_rank \
         FROM grants g CROSS JOIN roles ro \
         WHERE g.subject_kind = 'principal' AND g.level < 3 AND ro.org_id = g.org_id AND ro.id = g.role_id \
         UNION ALL SELECT t.principal_id, g.org_id, g.level, g.scope_id, ro.permissions, -1 \
         FROM grants g CROSS JOIN team_members t CROSS JOIN roles ro \
         WHERE g.subject_kind = 'team' AND g.level < 3 AND t.org_id = g.org_id AND t.team_id = g.subject_id \
           AND ro.org_id = g.org_id AND ro.id = g.role_id \
         UNION ALL SELECT g.subject_id, g.org_id, 2, s.workspace_id, $1, -1 \
         FROM grants g CROSS JOIN server_projects s \
         WHERE g.subject_kind = 'principal' AND g.level = 3 AND s.org_id = g.org_id AND s.id = g.scope_id \
         UNION ALL SELECT t.principal_id, g.org_id, 2, s.workspace_id, $1, -1 \
         FROM grants g CROSS JOIN server_projects s CROSS JOIN team_members t \
         WHERE g.subject_kind = 'team' AND g.level = 3 AND s.org_id = g.org_id AND s.id = g.scope_id \
           AND t.org_id = g.org_id AND t.team_id = g.subject_id \
         UNION ALL SELECT r.subject_id, r.org_id, 2, r.workspace_id, $1, -1 \
         FROM resource_shares r WHERE r.subject_kind = 'principal' \
         UNION ALL SELECT t.principal_id, r.org_id, 2, r.workspace_id, $1, -1 \
         FROM resource_shares r CROSS JOIN team_members t \
         WHERE r.subject_kind = 'team' AND t.org_id = r.org_id AND t.team_id = r.subject_id \
         UNION ALL SELECT principal_id, org_id, level, scope_id, permissions, role_rank FROM reach"
    );
    let rows = conn
        .all(&all, params![TO_ENTER.bits()], |row| {
            let place = (row.id(0)?, row.id(1)?, row.int(2)?, row.id(3)?);
            Ok((place, PermissionSet::from_bits(row.int(4)?), row.int(5)?))
        })
        .await?;
    let mut definition = BTreeMap::new();
    let mut reach = BTreeMap::new();
    for (place, permissions, rank) in rows {
        if rank >= 0 {
            reach.insert(place, (permissions, rank));
        } else {
            let held = definition.entry(place).or_insert(PermissionSet::NONE);
            *held = held.union(permissions);
        }
    }
    Ok((definition, reach))
}

/// Derives everything anew.
pub(crate) async fn rederive(conn: Conn<'_>) -> Result<()> {
    conn.run(&sql!("DELETE FROM reach"), params![]).await?;
    for ((principal, organization, level, scope), held) in definition_and_reach(conn).await?.0 {
        let rank = workspace::rank(Some(held));
        conn.run(&REACH, params![&principal, &organization, level, &scope, held.bits(), rank]).await?;
    }
    Ok(())
}
