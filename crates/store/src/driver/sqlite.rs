//! Statements on SQLite.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql};
use tenantry_core::error::{Error, Result};

use super::{Row, Value, already_exists};

/// A connection. The lock is never contended: each connection belongs to one thread. It makes the sessions `Sync`, which
/// their futures need on the other engine.
pub(crate) struct SqliteConn {
    connection: Mutex<Connection>,
    /// Begins a transaction with the first statement, so that all that one job reads is of one moment.
    reads_only: bool,
}

impl SqliteConn {
    /// For the writer, which begins and ends its transactions itself.
    pub(crate) fn writing(connection: Connection) -> Result<Self> {
        Self::new(connection, false)
    }

    /// For a reader, which ends the transaction of each job by [`Self::end_reading`].
    pub(crate) fn reading(connection: Connection) -> Result<Self> {
        Self::new(connection, true)
    }

    fn new(connection: Connection, reads_only: bool) -> Result<Self> {
        connection.set_prepared_statement_cache_capacity(256);
        // Otherwise a database with statistics plans anew for each value that is bound: most of a request's time.
        let stable_plans = DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
        connection.set_db_config(stable_plans, true).map_err(|e| sqlite_error(&e))?;
        Ok(Self { connection: Mutex::new(connection), reads_only })
    }

    /// The connection itself, for transactions and pragmas.
    pub(crate) fn with<T>(&self, f: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        f(&self.lock()).map_err(|e| sqlite_error(&e))
    }

    /// Whether nothing was read yet: the next statement sees everything that is committed by then.
    pub(crate) fn is_fresh(&self) -> bool {
        self.lock().is_autocommit()
    }

    /// Ends the transaction that the statements of a job have begun, if there were any. The next job must not see what
    /// this one saw.
    pub(crate) fn end_reading(&self) -> Result<()> {
        let connection = self.lock();
        if connection.is_autocommit() {
            return Ok(());
        }
        at_once(&connection, "COMMIT").or_else(|_| at_once(&connection, "ROLLBACK"))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn query<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let connection = self.lock();
        if self.reads_only && connection.is_autocommit() {
            at_once(&connection, "BEGIN")?;
        }
        let mut statement = connection.prepare_cached(sql).map_err(|e| sqlite_error(&e))?;
        bind(&mut statement, params)?;
        let mut rows = statement.raw_query();
        let mut all = Vec::new();
        while let Some(row) = rows.next().map_err(|e| sqlite_error(&e))? {
            all.push(map(&Row::Sqlite(row))?);
        }
        Ok(all)
    }

    pub(super) fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<u64> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(sql).map_err(|e| sqlite_error(&e))?;
        bind(&mut statement, params)?;
        statement.raw_execute().map(|touched| touched as u64).map_err(|e| sqlite_error(&e))
    }

    pub(super) fn script(&self, text: &str) -> Result<()> {
        self.with(|connection| connection.execute_batch(text))
    }
}

fn at_once(connection: &Connection, text: &str) -> Result<()> {
    let statement = connection.prepare_cached(text);
    statement.and_then(|mut statement| statement.raw_execute()).map(drop).map_err(|e| sqlite_error(&e))
}

fn bind(statement: &mut rusqlite::CachedStatement<'_>, params: &[Value<'_>]) -> Result<()> {
    for (index, value) in params.iter().enumerate() {
        statement.raw_bind_parameter(index + 1, value).map_err(|e| sqlite_error(&e))?;
    }
    Ok(())
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Blob(value) => ValueRef::Blob(value),
            Self::Id(value) => ValueRef::Blob(value.as_bytes()),
        }))
    }
}

/// What an error of SQLite means.
pub(crate) fn sqlite_error(error: &rusqlite::Error) -> Error {
    let text = error.to_string();
    match error.sqlite_error() {
        Some(code) if code.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE => already_exists(),
        Some(code) if code.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
            already_exists().with_source(text)
        }
        Some(code) => match code.code {
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked => Error::unavailable(text),
            _ => Error::internal(text),
        },
        None => Error::internal(text),
    }
}
