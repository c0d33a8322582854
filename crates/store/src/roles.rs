//! What the built-in roles hold is decided by the program. When a new version decides otherwise, the rows of the roles and
//! everything derived from them follow, once, in the transaction of the start.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use tenantry_core::error::Result;
use tenantry_core::permission::{BuiltinRole, PermissionSet, fingerprint};
use tenantry_core::role::builtin_of_organization;
use tenantry_core::workspace;
use uuid::{Builder, Uuid};

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
        let update = sql!("UPDATE roles SET permissions = $1, content = $3 WHERE builtin = $2");
        let params = params![role.permissions().bits(), role.word(), role.content().to_code()];
        conn.run(&update, params).await?;
    }
    for role in builtin_of_organization() {
        insert_where_missing(conn, role).await?;
    }
    rederive(conn).await?;
    let raise = sql!("UPDATE versions SET version = version + 1");
    conn.run(&raise, params![]).await?;
    let note = sql!(
        "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    );
    conn.run(&note, params![NAME, fingerprint()]).await.map(drop)
}

/// Gives the built-in role to every organization that was made before there was one.
async fn insert_where_missing(conn: Conn<'_>, role: BuiltinRole) -> Result<()> {
    let without = sql!(
        "SELECT o.id, o.created_at FROM organizations o \
         WHERE NOT EXISTS (SELECT 1 FROM roles r WHERE r.org_id = o.id AND r.builtin = $1)"
    );
    let organizations = conn.all(&without, params![role.word()], |row| Ok((row.id(0)?, row.int(1)?))).await?;
    let locate = sql!("INSERT INTO locator (id, kind, org_id) VALUES ($1, 'role', $2)");
    let insert = sql!(
        "INSERT INTO roles (org_id, id, level, builtin, title, title_folded, permissions, version, created_at, \
           updated_at, content) VALUES ($1, $2, $3, $4, $5, $5, $6, 1, $7, $7, $8)"
    );
    for (organization, created_at) in organizations {
        let id = id_of_missing(&organization, role);
        conn.run(&locate, params![&id, &organization]).await?;
        // A title that no custom role of the organization can have. Dialects show their own.
        let title = id.to_string();
        let params = params![
            &organization,
            &id,
            role.level() as i64,
            role.word(),
            title,
            role.permissions().bits(),
            created_at,
            role.content().to_code(),
        ];
        conn.run(&insert, params).await?;
    }
    Ok(())
}

/// Neither a clock nor chance is at hand here: the id follows from what it is for.
fn id_of_missing(organization: &Uuid, role: BuiltinRole) -> Uuid {
    let digest = Sha256::new().chain_update(organization).chain_update(role.word()).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
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
