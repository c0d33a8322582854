//! Statements on PostgreSQL.

use deadpool_postgres::{ClientWrapper, Object, Pool};
use postgres_types::private::BytesMut;
use postgres_types::{IsNull, ToSql, Type, to_sql_checked};
use tenantry_core::error::{Error, Kind, Result};
use tokio::sync::OnceCell;
use tokio_postgres::Statement;
use tokio_postgres::error::SqlState;

use super::{Row, Value, already_exists};

/// A connection of the pool, taken from it with the first statement and given back at the end.
pub(crate) struct PgConn {
    pool: Pool,
    client: OnceCell<Object>,
}

impl PgConn {
    pub(crate) fn of(pool: &Pool) -> Self {
        Self { pool: pool.clone(), client: OnceCell::new() }
    }

    /// The connection itself.
    pub(crate) async fn client(&self) -> Result<&Object> {
        self.client.get_or_try_init(|| async { self.pool.get().await.map_err(Error::unavailable) }).await
    }

    /// Closes the connection instead of giving it back.
    pub(crate) fn discard(self) {
        drop(self.client.into_inner().map(Object::take));
    }
}

/// The reason of an error after which the whole transaction is to be run again.
pub(crate) const RETRY: &str = "store.serialization";

pub(super) async fn query<T>(
    conn: &PgConn,
    sql: &str,
    params: &[Value<'_>],
    mut map: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let client = conn.client().await?;
    let statement = prepared(client, sql).await?;
    let rows = client.query(&statement, &borrowed(params)).await.map_err(|e| pg_error(&e))?;
    rows.iter().map(|row| map(&Row::Postgres(row))).collect()
}

pub(super) async fn execute(conn: &PgConn, sql: &str, params: &[Value<'_>]) -> Result<u64> {
    let client = conn.client().await?;
    let statement = prepared(client, sql).await?;
    client.execute(&statement, &borrowed(params)).await.map_err(|e| pg_error(&e))
}

/// How many statements a connection keeps prepared. Filters give rise to any number of them.
const PREPARED: usize = 256;

pub(crate) async fn prepared(client: &ClientWrapper, sql: &str) -> Result<Statement> {
    if client.statement_cache.size() >= PREPARED {
        client.statement_cache.clear();
    }
    client.prepare_cached(sql).await.map_err(|e| pg_error(&e))
}

fn borrowed<'a>(params: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// A BIGINT, or the INTEGER that a constant in a statement is.
pub(super) fn int(row: &tokio_postgres::Row, column: usize) -> Result<Option<i64>> {
    if *row.columns()[column].type_() == Type::INT4 {
        let value: Option<i32> = row.try_get(column).map_err(|e| pg_error(&e))?;
        return Ok(value.map(i64::from));
    }
    row.try_get(column).map_err(|e| pg_error(&e))
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) if *ty == Type::INT4 => i32::try_from(*value)?.to_sql(ty, out),
            Self::Int(value) => value.to_sql(ty, out),
            Self::Text(value) => value.as_ref().to_sql(ty, out),
            Self::Blob(value) => value.as_ref().to_sql(ty, out),
            Self::Id(value) => value.as_bytes().as_slice().to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::INT4 | Type::TEXT | Type::VARCHAR | Type::BYTEA)
    }

    to_sql_checked!();
}

/// What an error of PostgreSQL means.
pub(crate) fn pg_error(error: &tokio_postgres::Error) -> Error {
    let text = match error.as_db_error() {
        Some(refused) => format!("{}: {}", refused.code().code(), refused.message()),
        None => format!("{error}: {:?}", std::error::Error::source(error).map(ToString::to_string)),
    };
    match error.code() {
        Some(code) if *code == SqlState::UNIQUE_VIOLATION => {
            let index = error.as_db_error().and_then(|refused| refused.constraint()).unwrap_or_default();
            // So are primary keys called, unless somebody says otherwise.
            if index.ends_with("_pkey") { already_exists().with_source(text) } else { already_exists() }
        }
        Some(code)
            if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED =>
        {
            Error::new(Kind::Unavailable, RETRY, "the server is busy, try again").with_source(text)
        }
        // 08 connection, 53 resources, 57 operator intervention, 58 system error; 55P03 lock not available, 25006 read-only.
        Some(code)
            if ["08", "53", "57", "58"].contains(&&code.code()[..2])
                || [SqlState::LOCK_NOT_AVAILABLE, SqlState::READ_ONLY_SQL_TRANSACTION].contains(code) =>
        {
            Error::unavailable(text)
        }
        Some(_) => Error::internal(text),
        None if error.is_closed() => Error::unavailable(text),
        None => match std::error::Error::source(error) {
            Some(cause) if cause.is::<std::io::Error>() => Error::unavailable(text),
            _ => Error::internal(text),
        },
    }
}
