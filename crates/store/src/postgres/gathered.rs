//! The reads that every request begins with: who asks, and where. They are gathered.

use std::sync::Arc;

use deadpool_postgres::{ClientWrapper, Object, Pool};
use tenantry_core::authz::{Located, OrganizationRef};
use tenantry_core::credential::Found;
use tenantry_core::error::{Error, Result};
use tenantry_core::ids::OrganizationId;
use tenantry_core::store::BoxFuture;
use tenantry_core::text::fold;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;

use super::PATIENCE;
use super::gather::Gather;
use crate::credential::{self, found_columns};
use crate::driver::{Row, pg_error, prepared, refuse_nul};
use crate::kept::{Basis, Kept};

/// `LATERAL` and `OFFSET 0` have each key looked up by itself, which the planner would not do for tables that are small
/// now.
pub(crate) const CREDENTIALS: &str = concat!(
    "SELECT found.*, (SELECT v.version FROM versions v WHERE v.org_id = asked.org), asked.number \
     FROM UNNEST($1::BYTEA[], $2::BYTEA[]) WITH ORDINALITY AS asked (hash, org, number) \
     CROSS JOIN LATERAL (SELECT ",
    found_columns!(),
    " FROM credentials c CROSS JOIN principals p WHERE c.hash = asked.hash AND p.id = c.principal_id OFFSET 0) \
     AS found"
);
/// An organization is asked for by its id, or by its name, folded and as it was written. The name counts before the key.
pub(crate) const PLACES: &str = "SELECT found.id, found.version, (SELECT s.version FROM versions s WHERE s.org_id = $4), asked.number \
     FROM UNNEST($1::BYTEA[], $2::TEXT[], $3::TEXT[]) WITH ORDINALITY AS asked (id, folded, name, number) \
     CROSS JOIN LATERAL (SELECT o.id, v.version, 0 AS place FROM organizations o CROSS JOIN versions v \
       WHERE o.id = asked.id AND o.deleted_at IS NULL AND v.org_id = o.id \
      UNION ALL SELECT o.id, v.version, 1 FROM organizations o CROSS JOIN versions v \
       WHERE o.name_folded = asked.folded AND o.deleted_at IS NULL AND v.org_id = o.id \
      UNION ALL SELECT o.id, v.version, 2 FROM organizations o CROSS JOIN versions v \
       WHERE o.key = asked.name AND o.deleted_at IS NULL AND v.org_id = o.id ORDER BY place LIMIT 1) AS found";

/// Who is behind a credential, and the version of an organization at that instant.
type FoundAt = (Arc<Found>, i64);

/// The gathered reads of a database, and what is kept of it.
pub(crate) struct Gathered {
    credentials: Gather<([u8; 32], OrganizationId), Option<Result<FoundAt>>>,
    places: Gather<OrganizationRef, Option<Result<Basis>>>,
    kept: Kept,
}

impl Gathered {
    /// Reads over connections of their own, so that they never wait for a slow list.
    pub(super) fn over(pool: &Pool) -> Self {
        Self {
            credentials: over(pool, |client, keys| Box::pin(find_credentials(client, keys))),
            places: over(pool, |client, keys| Box::pin(find_places(client, keys))),
            kept: Kept::new(),
        }
    }

    /// Who is behind a credential, with the version of an organization at that instant.
    pub(crate) async fn credential(
        &self,
        hash: &[u8; 32],
        organization: OrganizationId,
    ) -> Result<Option<FoundAt>> {
        self.credentials.ask((*hash, organization)).await?.transpose()
    }

    /// An organization, and what answers about it rest on.
    pub(crate) async fn place(&self, by: &OrganizationRef) -> Result<Option<Basis>> {
        if let OrganizationRef::Name(name) = by {
            refuse_nul(&[name.into()])?;
        }
        self.places.ask(by.clone()).await?.transpose()
    }

    pub(crate) const fn kept(&self) -> &Kept {
        &self.kept
    }
}

/// What was found for each key. A row that cannot be read is the trouble of who asked for it alone.
type Answers<V> = Vec<Option<Result<V>>>;

/// Answers the keys on a connection.
type Find<K, V> = for<'a> fn(&'a ClientWrapper, &'a [K]) -> BoxFuture<'a, Result<Answers<V>>>;

/// Gathers what `find` finds on the connections of the pool.
fn over<K: Send + Sync + 'static, V: Send + 'static>(
    pool: &Pool,
    find: Find<K, V>,
) -> Gather<K, Option<Result<V>>> {
    let pool = pool.clone();
    Gather::new(move |keys: Vec<K>| {
        let pool = pool.clone();
        Box::pin(async move {
            let client = pool.get().await.map_err(Error::unavailable)?;
            let found = timeout(PATIENCE, find(&client, &keys)).await;
            found.unwrap_or_else(|_| {
                // A connection that is silent must not keep everybody waiting.
                drop(Object::take(client));
                Err(Error::unavailable("the database is silent"))
            })
        })
    })
}

async fn find_credentials(
    client: &ClientWrapper,
    keys: &[([u8; 32], OrganizationId)],
) -> Result<Answers<FoundAt>> {
    let hashes: Vec<&[u8]> = keys.iter().map(|(hash, _)| hash.as_slice()).collect();
    let organizations: Vec<&[u8]> = keys.iter().map(|(_, id)| id.as_uuid().as_bytes().as_slice()).collect();
    answers(client, CREDENTIALS, &[&hashes, &organizations], keys.len(), 24, |row| {
        Ok((Arc::new(credential::read(row)?), row.opt_int(23)?.unwrap_or_default()))
    })
    .await
}

async fn find_places(client: &ClientWrapper, keys: &[OrganizationRef]) -> Result<Answers<Basis>> {
    let name = |key: &OrganizationRef| match key {
        OrganizationRef::Id(_) => None,
        OrganizationRef::Name(name) => Some(name.clone()),
    };
    let id = |key| match key {
        &OrganizationRef::Id(id) => Some(id.as_uuid().as_bytes().to_vec()),
        OrganizationRef::Name(_) => None,
    };
    let ids: Vec<Option<Vec<u8>>> = keys.iter().map(id).collect();
    let names: Vec<Option<String>> = keys.iter().map(name).collect();
    let folded: Vec<Option<String>> = names.iter().map(|name| name.as_deref().map(fold)).collect();
    let server = OrganizationId::SERVER.as_uuid().as_bytes().as_slice();
    answers(client, PLACES, &[&ids, &folded, &names, &server], keys.len(), 3, |row| {
        let located = Located { organization: OrganizationId::from_uuid(row.id(0)?), version: row.int(1)? };
        Ok(Basis { located, generation: row.int(2)?.unsigned_abs() })
    })
    .await
}

/// Runs the statement and puts each row at the place of its question, whose number, from 1, is in the column `number`.
async fn answers<T>(
    client: &ClientWrapper,
    sql: &str,
    params: &[&(dyn ToSql + Sync)],
    questions: usize,
    number: usize,
    read: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Answers<T>> {
    let statement = prepared(client, sql).await?;
    let rows = client.query(&statement, params).await.map_err(|e| pg_error(&e))?;
    let mut answers: Answers<T> = std::iter::repeat_with(|| None).take(questions).collect();
    for row in &rows {
        let row = Row::Postgres(row);
        let place = usize::try_from(row.int(number)? - 1).ok().and_then(|place| answers.get_mut(place));
        *place.ok_or_else(|| Error::internal("an answer to no question"))? = Some(read(&row));
    }
    Ok(answers)
}
