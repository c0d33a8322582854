//! Migrations: embedded, checksummed, applied at start, safe when several replicas start together.
//!
//! They are written once, in SQLite's words. Row 0 of `schema_migrations` is the lock: whoever updated it first goes on,
//! the others wait for its commit and then find nothing left to do.

use sha2::{Digest, Sha256};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::{Error, Kind, Result};

use crate::driver::{Conn, params, sql};

/// Every migration, in order; the number is its place, from one.
const MIGRATIONS: [(&str, &str); 24] = [
    ("foundation", include_str!("../migrations/0001_foundation.sql")),
    ("denied attempts", include_str!("../migrations/0002_denied_attempts.sql")),
    ("answers", include_str!("../migrations/0003_answers.sql")),
    ("retention", include_str!("../migrations/0004_retention.sql")),
    ("roles", include_str!("../migrations/0005_roles.sql")),
    ("api keys", include_str!("../migrations/0006_api_keys.sql")),
    ("people by age", include_str!("../migrations/0007_people_by_age.sql")),
    ("sign in", include_str!("../migrations/0008_sign_in.sql")),
    ("orders", include_str!("../migrations/0009_orders.sql")),
    ("devices", include_str!("../migrations/0010_devices.sql")),
    ("accounts", include_str!("../migrations/0011_accounts.sql")),
    ("token scopes", include_str!("../migrations/0012_token_scopes.sql")),
    ("workspace servers", include_str!("../migrations/0013_workspace_servers.sql")),
    ("teams", include_str!("../migrations/0014_teams.sql")),
    ("issuers", include_str!("../migrations/0015_issuers.sql")),
    ("content rights", include_str!("../migrations/0016_content_rights.sql")),
    ("keys", include_str!("../migrations/0017_keys.sql")),
    ("trust", include_str!("../migrations/0018_trust.sql")),
    ("project roles", include_str!("../migrations/0019_project_roles.sql")),
    ("servers and people", include_str!("../migrations/0020_servers_and_people.sql")),
    ("hearsay", include_str!("../migrations/0021_hearsay.sql")),
    ("uses", include_str!("../migrations/0022_uses.sql")),
    ("steps and changes", include_str!("../migrations/0023_steps_and_changes.sql")),
    ("hearsay before", include_str!("../migrations/0024_hearsay_before.sql")),
];

/// Brings the schema up to date inside the open transaction of `conn`. [`prepare`] has run before it, on its own.
pub(crate) async fn migrate(conn: Conn<'_>, now: Timestamp) -> Result<()> {
    let lock = sql!("UPDATE schema_migrations SET applied_at = $1 WHERE version = 0");
    conn.run(&lock, params![now.as_micros()]).await?;
    let applied = conn
        .all(
            &sql!("SELECT version, name, checksum FROM schema_migrations WHERE version > 0 ORDER BY version"),
            params![],
            |row| Ok((row.int(0)?, row.text(1)?.to_owned(), row.text(2)?.to_owned())),
        )
        .await?;
    if applied.len() > MIGRATIONS.len() {
        return Err(refused(format!(
            "the database has {} migrations and this program knows {}: it was written by a newer version",
            applied.len(),
            MIGRATIONS.len()
        )));
    }
    for (version, (name, text)) in (1i64..).zip(MIGRATIONS) {
        let checksum = checksum(text);
        match applied.iter().find(|(done, ..)| *done == version) {
            Some((_, _, known)) if *known == checksum => {}
            Some((_, known, _)) => {
                return Err(refused(format!(
                    "migration {version} ({known}) was applied with another text: this is not the program that made the database"
                )));
            }
            None => {
                conn.script(&translated(conn, text)).await?;
                let note = sql!(
                    "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)"
                );
                conn.run(&note, params![version, name, checksum, now.as_micros()]).await?;
                tracing::info!(version, name, "applied a migration");
            }
        }
    }
    Ok(())
}

/// Makes the table that [`migrate`] needs. Two replicas may do so at once: then one of them is told that it exists, and
/// tries again.
pub(crate) async fn prepare(conn: Conn<'_>) -> Result<()> {
    let table = "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT NOT NULL PRIMARY KEY, \
                 name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)";
    let mut outcome = Ok(());
    for _ in 0..5 {
        outcome = conn.script(table).await;
        if outcome.is_ok() {
            // Looked for before it is made: to make it again would wait for whoever migrates, no longer than a request may.
            let known = sql!("SELECT 1 FROM schema_migrations WHERE version = 0");
            if conn.first(&known, params![], |_| Ok(())).await?.is_some() {
                return Ok(());
            }
            let row = sql!(
                "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (0, 'lock', '', 0) ON CONFLICT DO NOTHING"
            );
            return conn.run(&row, params![]).await.map(drop);
        }
    }
    outcome
}

fn checksum(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(16).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// The text in the words of the connection's engine. Texts are compared by code point on both.
fn translated(conn: Conn<'_>, text: &str) -> String {
    match conn {
        Conn::Sqlite(_) => text.to_owned(),
        Conn::Postgres(_) => text
            .lines()
            .filter(|line| !line.trim_start().starts_with("--"))
            .map(|line| {
                let line = line.replace(" TEXT", " TEXT COLLATE \"C\"").replace(" BLOB", " BYTEA");
                line.replace(" WITHOUT ROWID", "") + "\n"
            })
            .collect(),
    }
}

fn refused(text: String) -> Error {
    Error::new(Kind::Internal, "store.migration", text)
}
