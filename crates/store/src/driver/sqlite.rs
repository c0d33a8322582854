//! Statements on SQLite.

use std::sync::{Mutex, PoisonError};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql};
use tenantry_core::error::{Error, Result};

use super::{Row, Value, already_exists};

/// A connection. The lock is never contended: each connection belongs to one thread. It makes the sessions `Sync`, which
/// their futures need on the other engine.
pub(crate) struct SqliteConn(Mutex<Connection>);

impl SqliteConn {
    pub(crate) fn new(connection: Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(256);
        Self(Mutex::new(connection))
    }

    /// The connection itself, for transactions and pragmas.
    pub(crate) fn with<T>(&self, f: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        f(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).map_err(|e| sqlite_error(&e))
    }

    pub(super) fn query<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement = connection.prepare_cached(sql).map_err(|e| sqlite_error(&e))?;
        bind(&mut statement, params)?;
        statement.raw_execute().map(|touched| touched as u64).map_err(|e| sqlite_error(&e))
    }

    pub(super) fn script(&self, text: &str) -> Result<()> {
        self.with(|connection| connection.execute_batch(text))
    }
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
        Some(code) if code.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE => already_exists(text),
        Some(code) if code.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
            already_exists(text)
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
