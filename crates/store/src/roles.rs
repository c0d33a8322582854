//! What the built-in roles hold is decided by the program. When a new version decides otherwise, the rows of the roles and
//! everything derived from them follow, once, in the transaction of the start.

use sha2::{Digest, Sha256};
use tenantry_core::error::Result;
use tenantry_core::permission::{BuiltinRole, fingerprint};
use tenantry_core::role::builtin_of_organization;
use uuid::{Builder, Uuid};

use crate::driver::{Conn, params, sql};
use crate::reach::rederive;

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
