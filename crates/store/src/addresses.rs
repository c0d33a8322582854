//! Addresses with other characters than ASCII, of before their domains were kept as they are registered: brought into that
//! form once, in the transaction of the start. What is no address any more counts as unproved.

use tenantry_core::error::Result;
use tenantry_core::ids::PrincipalId;
use tenantry_core::text::{email, fold};

use crate::driver::{Conn, params, sql};
use crate::session::Db;

const NAME: &str = "addresses";

/// Brings the addresses of accounts and of pending invitations into the form in which they are compared.
pub(crate) async fn reconcile(conn: Conn<'_>) -> Result<()> {
    let known = sql!("SELECT value FROM meta WHERE name = $1");
    if conn.first(&known, params![NAME], |_| Ok(())).await?.is_some() {
        return Ok(());
    }
    let people = sql!("SELECT id, email FROM principals WHERE OCTET_LENGTH(email) <> LENGTH(email)");
    for (id, kept) in conn.all(&people, params![], |row| Ok((row.id(0)?, row.text(1)?.to_owned()))).await? {
        account(conn, PrincipalId::from_uuid(id), &kept).await?;
    }
    let pending = sql!(
        "SELECT id, email FROM invitations WHERE status = 'pending' AND OCTET_LENGTH(email) <> LENGTH(email)"
    );
    for (id, kept) in conn.all(&pending, params![], |row| Ok((row.id(0)?, row.text(1)?.to_owned()))).await? {
        if let Ok(address) = email("email", &kept) {
            let write = sql!("UPDATE invitations SET email = $2, email_folded = $3 WHERE id = $1");
            conn.run(&write, params![&id, &address, fold(&address)]).await?;
            continue;
        }
        for end in [
            sql!("DELETE FROM grants WHERE subject_kind = 'invitation' AND subject_id = $1"),
            sql!("DELETE FROM team_invitations WHERE invitation_id = $1"),
            sql!("UPDATE invitations SET status = 'revoked' WHERE id = $1"),
        ] {
            conn.run(&end, params![&id]).await?;
        }
    }
    conn.run(&sql!("INSERT INTO meta (name, value) VALUES ($1, 1)"), params![NAME]).await.map(drop)
}

async fn account(conn: Conn<'_>, id: PrincipalId, kept: &str) -> Result<()> {
    let address = email("email", kept).ok();
    if address.as_deref() == Some(kept) {
        return Ok(());
    }
    let db = Db::new(conn);
    let Some(mut found) = db.known_account(id).await? else { return Ok(()) };
    let taken =
        sql!("SELECT 1 FROM principals WHERE (email_folded = $1 OR username_folded = $1) AND id <> $2");
    match address {
        Some(address)
            if conn.first(&taken, params![fold(&address), id.as_uuid()], |_| Ok(())).await?.is_none() =>
        {
            if found.user.username == kept {
                found.user.username.clone_from(&address);
            }
            found.user.email = Some(address);
        }
        _ => (found.email_is_hearsay, found.email_verified_at) = (true, None),
    }
    db.write_account(&found).await
}
