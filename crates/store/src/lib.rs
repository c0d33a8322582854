//! The only crate that knows SQL. It fulfils the ports of the core on SQLite and PostgreSQL: one session type over one
//! thin driver layer, one file for each resource, statements written once wherever both engines accept them.

mod account;
mod addresses;
mod assignment;
mod audit;
mod authz;
mod browser;
mod compile;
mod credential;
mod device;
mod doctor;
mod documents;
mod driver;
mod grant;
mod idempotency;
mod invitation;
mod issuer;
mod kept;
mod key;
mod link;
mod load;
mod mail;
mod membership;
mod migrate;
mod oauth;
mod organization;
#[cfg(test)]
mod plans;
mod postgres;
mod principal;
mod project;
mod purge;
mod reach;
mod resource;
mod role;
mod roles;
mod seal;
mod service_account;
mod session;
mod signing;
mod sqlite;
mod team;
mod throttle;
mod usage;
mod user_list;
mod workspace;
mod workspace_list;

pub use load::{Size, Sources, TokenHolder, load};

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use tenantry_core::clock::Timestamp;
use tenantry_core::error::Result;
use tenantry_core::store::Store;

/// Where the data are kept. Its debug form leaves out the URL, which has a password in it.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// A file that this process owns.
    Sqlite(PathBuf),
    /// A server that several replicas share.
    Postgres {
        /// `postgres://user:password@host:port/database?sslmode=...`
        url: String,
        /// At most so many connections from this process.
        connections: usize,
    },
}

impl fmt::Debug for Database {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => out.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres { connections, .. } => {
                out.debug_struct("Postgres").field("connections", connections).finish_non_exhaustive()
            }
        }
    }
}

/// Removes an embedded database and everything in it, if no process has it open.
pub fn discard(path: &std::path::Path) -> Result<()> {
    sqlite::discard(path)
}

/// Opens the database, brings its schema up to date, and gives the way to it. The engine ends when the last clone of the
/// store is dropped.
pub async fn open(database: &Database, now: Timestamp) -> Result<Store> {
    Ok(match database {
        Database::Sqlite(path) => Store::new(Arc::new(sqlite::Sqlite::open(path, now)?)),
        Database::Postgres { url, connections } => {
            Store::new(Arc::new(postgres::Postgres::open(url, *connections, now).await?))
        }
    })
}
