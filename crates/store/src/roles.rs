//! What the built-in roles hold is decided by the program. When a new version decides otherwise, the rows of the roles and
//! everything derived from them follow, once, in the transaction of the start.

use std::collections::BTreeMap;

use tenantry_core::error::Result;
use tenantry_core::permission::{BuiltinRole, PermissionSet, fingerprint};
use tenantry_core::workspace;
use uuid::Uuid;

use crate::driver::{Conn, params, sql};
use crate::grant::REACH;

const NAME: &str = "built-in roles";

/// Brings roles and reach up to date if the program's built-in roles are not those of the database.
pub(crate) async fn reconcile(conn: Conn<'_>) -> Result<()> {
    let known = sql!("SELECT value FROM meta WHERE name = $1");
    if conn.first(&known, params![NAME], |row| row.int(0)).await? == Some(fingerprint()) {
        return Ok(());
    }
    let server = sql!("INSERT INTO versions (org_id, version) VALUES ($1, 1) ON CONFLICT DO NOTHING");
    conn.run(&server, params![&Uuid::nil()]).await?;
    for role in BuiltinRole::ALL {
        let update = sql!("UPDATE roles SET permissions = $1 WHERE builtin = $2");
        conn.run(&update, params![role.permissions().bits(), role.word()]).await?;
    }
    rederive(conn).await?;
    let raise = sql!("UPDATE versions SET version = version + 1");
    conn.run(&raise, params![]).await?;
    let note = sql!(
        "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    );
    conn.run(&note, params![NAME, fingerprint()]).await.map(drop)
}

/// Who, in which organization, at which level, on what.
pub(crate) type Place = (Uuid, Uuid, i64, Uuid);

/// What follows from all grants, and what is written down: for each place the permissions held. Both are of one moment.
pub(crate) async fn definition_and_reach(
    conn: Conn<'_>,
) -> Result<(BTreeMap<Place, PermissionSet>, BTreeMap<Place, (PermissionSet, i64)>)> {
    let all = sql!(
        "SELECT g.subject_id, g.org_id, g.level, g.scope_id, ro.permissions, -1 AS role_rank \
         FROM grants g CROSS JOIN roles ro \
         WHERE g.subject_kind = 'principal' AND ro.org_id = g.org_id AND ro.id = g.role_id \
         UNION ALL SELECT t.principal_id, g.org_id, g.level, g.scope_id, ro.permissions, -1 \
         FROM grants g CROSS JOIN team_members t CROSS JOIN roles ro \
         WHERE g.subject_kind = 'team' AND t.org_id = g.org_id AND t.team_id = g.subject_id \
           AND ro.org_id = g.org_id AND ro.id = g.role_id \
         UNION ALL SELECT principal_id, org_id, level, scope_id, permissions, role_rank FROM reach"
    );
    let rows = conn
        .all(&all, params![], |row| {
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

async fn rederive(conn: Conn<'_>) -> Result<()> {
    conn.run(&sql!("DELETE FROM reach"), params![]).await?;
    for ((principal, organization, level, scope), held) in definition_and_reach(conn).await?.0 {
        let rank = workspace::rank(Some(held));
        conn.run(&REACH, params![&principal, &organization, level, &scope, held.bits(), rank]).await?;
    }
    Ok(())
}
