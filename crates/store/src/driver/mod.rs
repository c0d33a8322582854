//! The driver layer: one way to run a statement, whichever engine is behind it.
//!
//! A statement is written once, with `$1`, `$2` ... as the names of its parameters. SQLite numbers `$n` by first
//! appearance, so it gets the same text with `?1`, `?2` ..., which it numbers as written.

mod postgres;
mod sqlite;

use std::borrow::Cow;

use tenantry_core::error::{Error, Result};
use uuid::Uuid;

pub(crate) use postgres::{PgConn, RETRY, pg_error, prepared};
pub(crate) use sqlite::{SqliteConn, sqlite_error};

/// A statement in the words of both engines.
#[derive(Clone, Debug)]
pub(crate) struct Sql {
    pub(crate) sqlite: Cow<'static, str>,
    pub(crate) postgres: Cow<'static, str>,
}

impl Sql {
    /// A statement put together at run time, from constants and parameter names only.
    pub(crate) fn built(text: String) -> Self {
        Self { sqlite: Cow::Owned(text.replace('$', "?")), postgres: Cow::Owned(text) }
    }

    /// A statement with a text of its own for each engine, both with `$1`, `$2` ... as the names of the same parameters.
    /// A test counts the places that need one.
    pub(crate) fn apart(sqlite: &str, postgres: String) -> Self {
        Self { sqlite: Cow::Owned(sqlite.replace('$', "?")), postgres: Cow::Owned(postgres) }
    }
}

/// `$` as SQLite wants it, at compile time.
pub(crate) const fn numbered<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let source = text.as_bytes();
    let mut index = 0;
    while index < N {
        bytes[index] = if source[index] == b'$' { b'?' } else { source[index] };
        index += 1;
    }
    bytes
}

/// A statement that both engines accept.
macro_rules! sql {
    ($text:expr) => {{
        const POSTGRES: &str = $text;
        const BYTES: [u8; POSTGRES.len()] = $crate::driver::numbered(POSTGRES);
        const SQLITE: &str = match std::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => panic!("a statement is UTF-8"),
        };
        $crate::driver::Sql {
            sqlite: std::borrow::Cow::Borrowed(SQLITE),
            postgres: std::borrow::Cow::Borrowed(POSTGRES),
        }
    }};
}
pub(crate) use sql;

/// The value of a parameter.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    Null,
    Int(i64),
    Text(Cow<'a, str>),
    Blob(Cow<'a, [u8]>),
    Id(Uuid),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl From<&Uuid> for Value<'_> {
    fn from(value: &Uuid) -> Self {
        Self::Id(*value)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Blob(Cow::Borrowed(value))
    }
}

impl<'a> From<&'a [u8; 32]> for Value<'a> {
    fn from(value: &'a [u8; 32]) -> Self {
        Self::Blob(Cow::Borrowed(value))
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Parameters in the order of their numbers.
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::driver::Value::from($value)),*] };
}
pub(crate) use params;

/// A row of an answer, read by column number.
pub(crate) enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    pub(crate) fn int(&self, column: usize) -> Result<i64> {
        self.opt_int(column)?.ok_or_else(|| unexpected_null(column))
    }

    pub(crate) fn opt_int(&self, column: usize) -> Result<Option<i64>> {
        match self {
            Self::Sqlite(row) => row.get(column).map_err(|e| sqlite_error(&e)),
            Self::Postgres(row) => postgres::int(row, column),
        }
    }

    pub(crate) fn text(&self, column: usize) -> Result<&str> {
        self.opt_text(column)?.ok_or_else(|| unexpected_null(column))
    }

    pub(crate) fn opt_text(&self, column: usize) -> Result<Option<&str>> {
        match self {
            Self::Sqlite(row) => {
                let value = row.get_ref(column).map_err(|e| sqlite_error(&e))?;
                value.as_str_or_null().map_err(Error::internal)
            }
            Self::Postgres(row) => row.try_get(column).map_err(|e| pg_error(&e)),
        }
    }

    pub(crate) fn opt_string(&self, column: usize) -> Result<Option<String>> {
        Ok(self.opt_text(column)?.map(str::to_owned))
    }

    pub(crate) fn id(&self, column: usize) -> Result<Uuid> {
        self.opt_id(column)?.ok_or_else(|| unexpected_null(column))
    }

    pub(crate) fn opt_id(&self, column: usize) -> Result<Option<Uuid>> {
        let bytes = self.opt_blob(column)?;
        bytes.map(|bytes| Uuid::from_slice(bytes).map_err(Error::internal)).transpose()
    }

    pub(crate) fn blob(&self, column: usize) -> Result<&[u8]> {
        self.opt_blob(column)?.ok_or_else(|| unexpected_null(column))
    }

    pub(crate) fn opt_blob(&self, column: usize) -> Result<Option<&[u8]>> {
        match self {
            Self::Sqlite(row) => {
                let value = row.get_ref(column).map_err(|e| sqlite_error(&e))?;
                value.as_blob_or_null().map_err(Error::internal)
            }
            Self::Postgres(row) => row.try_get(column).map_err(|e| pg_error(&e)),
        }
    }
}

fn unexpected_null(column: usize) -> Error {
    Error::internal(format!("column {column} is null"))
}

/// A connection of either engine.
#[derive(Clone, Copy)]
pub(crate) enum Conn<'a> {
    Sqlite(&'a SqliteConn),
    Postgres(&'a PgConn),
}

impl Conn<'_> {
    /// Whether the next statement sees everything that is committed by then: nothing was read before it, or each
    /// statement sees a state of its own.
    pub(crate) fn is_fresh(&self) -> bool {
        match self {
            Self::Sqlite(conn) => conn.is_fresh(),
            Self::Postgres(_) => true,
        }
    }

    /// Every row of the answer.
    pub(crate) async fn all<T>(
        &self,
        sql: &Sql,
        params: &[Value<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        refuse_nul(params)?;
        match self {
            Self::Sqlite(conn) => conn.query(&sql.sqlite, params, map),
            Self::Postgres(conn) => postgres::query(conn, &sql.postgres, params, map).await,
        }
    }

    /// The first row of the answer.
    pub(crate) async fn first<T>(
        &self,
        sql: &Sql,
        params: &[Value<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.all(sql, params, map).await?.into_iter().next())
    }

    /// Runs a statement that answers no rows: how many it touched.
    pub(crate) async fn run(&self, sql: &Sql, params: &[Value<'_>]) -> Result<u64> {
        refuse_nul(params)?;
        match self {
            Self::Sqlite(conn) => conn.execute(&sql.sqlite, params),
            Self::Postgres(conn) => postgres::execute(conn, &sql.postgres, params).await,
        }
    }

    /// Runs a script of statements without parameters.
    pub(crate) async fn script(&self, text: &str) -> Result<()> {
        match self {
            Self::Sqlite(conn) => conn.script(text),
            Self::Postgres(conn) => conn.client().await?.batch_execute(text).await.map_err(|e| pg_error(&e)),
        }
    }
}

/// PostgreSQL has no NUL in texts; SQLite would stop reading there. Neither gets to see one.
pub(crate) fn refuse_nul(params: &[Value<'_>]) -> Result<()> {
    let has_nul = |value: &Value<'_>| matches!(value, Value::Text(text) if text.contains('\0'));
    if params.iter().any(has_nul) {
        return Err(Error::invalid("request", "nul", "NUL characters are not allowed in text"));
    }
    Ok(())
}

/// A unique index refused the row: something of that name is there, which is nobody's fault. Where it was the primary key,
/// the caller adds the database's words, for the log.
fn already_exists() -> Error {
    Error::new(tenantry_core::Kind::AlreadyExists, "resource.exists", "there is one of this name already")
}
