//! External issuers, and the identities that they assert.

use async_trait::async_trait;
use tenantry_core::authz::{OrganizationScope, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::credential::Found;
use tenantry_core::error::{Error, Result};
use tenantry_core::ids::{CredentialId, IssuerId, OrganizationId, PrincipalId};
use tenantry_core::issuer::{Algorithm, Identity, Issuer, IssuerField, IssuerStore};
use tenantry_core::page::{Page, PageRequest};
use tenantry_core::permission::BuiltinRole;

use crate::compile::{self, Column};
use crate::credential;
use crate::driver::{Row, Sql, Value, params, sql};
use crate::session::Db;

/// The columns that [`read`] expects, of the table `i`.
macro_rules! columns {
    () => {
        "i.org_id, i.id, i.url, i.title, i.client_id, i.client_secret, i.algorithms, i.audience, i.admits_newcomers, \
         i.role, i.domains, i.configured_by, i.version, i.created_at, i.updated_at"
    };
}
/// That the issuer `i` is the server's, or an organization's that is not deleted. `$1` is the server's id.
macro_rules! stands {
    () => {
        "(i.org_id = $1 OR EXISTS (SELECT 1 FROM organizations o WHERE o.id = i.org_id AND o.deleted_at IS NULL))"
    };
}
const FIND: Sql = sql!(concat!("SELECT ", columns!(), " FROM issuers i WHERE i.org_id = $1 AND i.id = $2"));
const COUNT: Sql = sql!(
    "SELECT COUNT(*), COALESCE(SUM(CASE WHEN url = $2 THEN 1 ELSE 0 END), 0) FROM issuers WHERE org_id = $1"
);
const INSERT: Sql = sql!(
    "INSERT INTO issuers (org_id, id, url, title, client_id, client_secret, algorithms, audience, admits_newcomers, role, \
       domains, configured_by, version, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
);
const UPDATE: Sql = sql!(
    "UPDATE issuers SET title = $3, client_id = $4, client_secret = $5, algorithms = $6, audience = $7, \
       admits_newcomers = $8, role = $9, domains = $10, configured_by = $11, version = $12, updated_at = $13 \
     WHERE org_id = $1 AND id = $2"
);
const DELETE: Sql = sql!("DELETE FROM issuers WHERE org_id = $1 AND id = $2");
const HOLD: Sql = sql!("UPDATE issuers SET version = version WHERE id = $1");
const RAISE_OF_ISSUER: Sql = sql!(
    "UPDATE principals SET auth_version = auth_version + 1 WHERE id IN (SELECT c.principal_id FROM credentials c \
     WHERE c.id IN (SELECT credential_id FROM identities WHERE issuer_id = $1))"
);
/// The identities and what was given for them.
const END_OF_ISSUER: Sql = sql!(concat!(
    "UPDATE credentials SET revoked_at = $2 WHERE revoked_at IS NULL AND id IN ",
    credential::given_from!("SELECT credential_id FROM identities WHERE issuer_id = $1")
));
const FORGET_OF_ISSUER: Sql = sql!("DELETE FROM identities WHERE issuer_id = $1");
pub(crate) const TRUST: Sql =
    sql!(concat!("SELECT ", columns!(), " FROM issuers i WHERE i.id = $2 AND ", stands!()));
const OF: Sql = sql!(concat!(
    "SELECT ",
    columns!(),
    " FROM issuers i WHERE i.org_id = $2 AND ",
    stands!(),
    " ORDER BY i.created_at, i.id"
));
/// An organization's issuer with a domain: by an index of those that have any.
macro_rules! of_domains {
    () => {
        "i.domains <> '' AND i.org_id <> $1 AND "
    };
}
const OF_DOMAIN: Sql = sql!(concat!(
    "SELECT ",
    columns!(),
    " FROM issuers i WHERE ' ' || i.domains || ' ' LIKE $2 AND ",
    of_domains!(),
    stands!(),
    " ORDER BY i.created_at, i.id"
));
const ANY_OF_DOMAINS: Sql =
    sql!(concat!("SELECT 1 FROM issuers i WHERE ", of_domains!(), stands!(), " LIMIT 1"));
const FOR: Sql = sql!(concat!(
    "SELECT ",
    columns!(),
    " FROM issuers i WHERE (i.org_id = $1 OR i.org_id IN (SELECT r.org_id FROM reach r WHERE r.principal_id = $2)) AND ",
    stands!(),
    " ORDER BY i.created_at, i.id"
));
pub(crate) const IDENTITY: Sql = sql!(concat!(
    "SELECT ",
    credential::found_columns!(),
    " FROM identities d CROSS JOIN credentials c CROSS JOIN principals p \
     WHERE d.issuer_id = $1 AND d.subject = $2 AND c.id = d.credential_id AND p.id = c.principal_id"
));
const REPLACE: Sql = sql!(
    "DELETE FROM identities WHERE issuer_id = $1 AND subject = $2 AND credential_id IN \
       (SELECT c.id FROM credentials c WHERE c.id = identities.credential_id AND c.revoked_at IS NOT NULL)"
);
const INSERT_IDENTITY: Sql = sql!(
    "INSERT INTO identities (credential_id, org_id, issuer_id, subject, email) VALUES ($1, $2, $3, $4, $5)"
);
const IDENTITIES: Sql = sql!(concat!(
    "SELECT ",
    credential::credential_columns!(),
    ", d.issuer_id, d.subject, d.email FROM credentials c CROSS JOIN identities d \
     WHERE c.principal_id = $1 AND c.kind = 'identity' AND c.revoked_at IS NULL AND d.credential_id = c.id \
     ORDER BY c.created_at, c.id"
));
const BEHIND: Sql = sql!(concat!(
    credential::ancestors!(),
    "SELECT u.id FROM up u CROSS JOIN identities d WHERE d.credential_id = u.id ORDER BY u.steps LIMIT 1"
));

/// How many columns [`credential::read`] takes.
const FOUND_COLUMNS: usize = 23;

/// With which algorithms the issuers of the URL `$1` may sign, by an index that has everything asked for: also by the trust
/// of an organization that is deleted, which makes nobody known.
pub(crate) fn algorithms_of<'a>(url: &'a str, audiences: &[&'a str]) -> (Sql, Vec<Value<'a>>) {
    let mut params = vec![url.into()];
    let list = compile::text_list(&mut params, audiences);
    let text =
        format!("SELECT DISTINCT i.algorithms FROM issuers i WHERE i.url = $1 AND i.audience IN ({list})");
    (Sql::built(text), params)
}

/// The identities of the subject `$3` with issuers of the URL `$2`, read from those of the subject: it is one for each
/// organization that a person is linked in, while any number of them may trust the issuer.
pub(crate) fn asserted<'a>(
    (url, subject): (&'a str, &'a str),
    audiences: &[&'a str],
) -> (Sql, Vec<Value<'a>>) {
    let mut params = vec![OrganizationId::SERVER.as_uuid().into(), url.into(), subject.into()];
    let list = compile::text_list(&mut params, audiences);
    let text = format!(
        concat!(
            "SELECT ",
            credential::found_columns!(),
            ", ",
            columns!(),
            " FROM identities d CROSS JOIN issuers i CROSS JOIN credentials c CROSS JOIN principals p \
             WHERE d.subject = $3 AND i.id = d.issuer_id AND i.url = $2 AND i.audience IN ({list}) AND ",
            stands!(),
            " AND c.id = d.credential_id AND p.id = c.principal_id \
             ORDER BY CASE WHEN c.revoked_at IS NULL THEN 0 ELSE 1 END, c.created_at, c.id"
        ),
        list = list
    );
    (Sql::built(text), params)
}

fn algorithms(words: &str) -> Result<Vec<Algorithm>> {
    let read = words.split(' ').map(Algorithm::from_word).collect::<Option<_>>();
    read.ok_or_else(|| Error::internal("unknown algorithm"))
}

fn read(row: &Row<'_>) -> Result<Issuer> {
    read_from(row, 0)
}

/// Reads the columns from `first` on.
fn read_from(row: &Row<'_>, first: usize) -> Result<Issuer> {
    let home = OrganizationId::from_uuid(row.id(first)?);
    Ok(Issuer {
        id: IssuerId::from_uuid(row.id(first + 1)?),
        organization: (home != OrganizationId::SERVER).then_some(home),
        url: row.text(first + 2)?.to_owned(),
        title: row.text(first + 3)?.to_owned(),
        client_id: row.text(first + 4)?.to_owned(),
        client_secret: row.blob(first + 5)?.to_owned(),
        algorithms: algorithms(row.text(first + 6)?)?,
        audience: row.opt_string(first + 7)?,
        admits_newcomers: row.int(first + 8)? != 0,
        role: row.opt_text(first + 9)?.and_then(BuiltinRole::from_word),
        domains: row.text(first + 10)?.split_ascii_whitespace().map(str::to_owned).collect(),
        configured_by: PrincipalId::from_uuid(row.id(first + 11)?),
        version: row.int(first + 12)?,
        created_at: Timestamp::from_micros(row.int(first + 13)?),
        updated_at: Timestamp::from_micros(row.int(first + 14)?),
    })
}

fn words(issuer: &Issuer) -> (String, String) {
    let algorithms: Vec<_> = issuer.algorithms.iter().map(|algorithm| algorithm.word()).collect();
    (algorithms.join(" "), issuer.domains.join(" "))
}

impl Db<'_> {
    /// Trusts, whose statement has the server's id first and this parameter second.
    async fn trusts(&self, statement: &Sql, parameter: Value<'_>) -> Result<Vec<Issuer>> {
        let params = [OrganizationId::SERVER.as_uuid().into(), parameter];
        self.conn.all(statement, &params, read).await
    }
}

#[async_trait]
impl IssuerStore for Db<'_> {
    async fn list_issuers(
        &self,
        scope: &OrganizationScope,
        page: &PageRequest<IssuerField>,
    ) -> Result<Page<Issuer>> {
        let mut params: Vec<Value<'_>> = vec![scope.organization().as_uuid().into()];
        let created = |IssuerField::CreatedAt| Some(Column::along("i.created_at"));
        let paging = compile::paging(page, created, "i.id", &mut params)?;
        let statement = Sql::built(format!(
            concat!("SELECT ", columns!(), " FROM issuers i WHERE i.org_id = $1 AND {}{}"),
            paging.behind, paging.tail
        ));
        let rows = self.conn.all(&statement, &params, read).await?;
        Ok(Page::cut(rows, page.limit, Issuer::cursor))
    }

    async fn find_issuer(&self, scope: &OrganizationScope, id: IssuerId) -> Result<Option<Issuer>> {
        self.conn.first(&FIND, params![scope.organization().as_uuid(), id.as_uuid()], read).await
    }

    async fn count_issuers(&self, scope: &OrganizationScope, url: &str) -> Result<(u64, bool)> {
        let counted = self
            .conn
            .first(&COUNT, params![scope.organization().as_uuid(), url], |row| Ok((row.int(0)?, row.int(1)?)))
            .await?;
        let (count, same) = counted.unwrap_or_default();
        Ok((count.unsigned_abs(), same > 0))
    }

    async fn insert_issuer(&self, scope: &Writable<OrganizationScope>, issuer: &Issuer) -> Result<()> {
        let (algorithms, domains) = words(issuer);
        let params = params![
            scope.organization().as_uuid(),
            issuer.id.as_uuid(),
            &issuer.url,
            &issuer.title,
            &issuer.client_id,
            &*issuer.client_secret,
            algorithms,
            issuer.audience.as_deref(),
            issuer.admits_newcomers,
            issuer.role.map(BuiltinRole::word),
            domains,
            issuer.configured_by.as_uuid(),
            issuer.version,
            issuer.created_at.as_micros(),
            issuer.updated_at.as_micros(),
        ];
        self.conn.run(&INSERT, params).await.map(drop)
    }

    async fn update_issuer(&self, scope: &Writable<OrganizationScope>, issuer: &Issuer) -> Result<()> {
        let (algorithms, domains) = words(issuer);
        let params = params![
            scope.organization().as_uuid(),
            issuer.id.as_uuid(),
            &issuer.title,
            &issuer.client_id,
            &*issuer.client_secret,
            algorithms,
            issuer.audience.as_deref(),
            issuer.admits_newcomers,
            issuer.role.map(BuiltinRole::word),
            domains,
            issuer.configured_by.as_uuid(),
            issuer.version,
            issuer.updated_at.as_micros(),
        ];
        self.conn.run(&UPDATE, params).await.map(drop)
    }

    async fn delete_issuer(
        &self,
        scope: &Writable<OrganizationScope>,
        id: IssuerId,
        now: Timestamp,
    ) -> Result<()> {
        self.note_identities();
        self.conn.run(&DELETE, params![scope.organization().as_uuid(), id.as_uuid()]).await?;
        self.conn.run(&RAISE_OF_ISSUER, params![id.as_uuid()]).await?;
        while self.conn.run(&END_OF_ISSUER, params![id.as_uuid(), now.as_micros()]).await? > 0 {}
        self.conn.run(&FORGET_OF_ISSUER, params![id.as_uuid()]).await.map(drop)
    }

    async fn find_trust(&self, id: IssuerId) -> Result<Option<Issuer>> {
        let params = params![OrganizationId::SERVER.as_uuid(), id.as_uuid()];
        self.conn.first(&TRUST, params, read).await
    }

    async fn algorithms_of(&self, url: &str, audiences: &[&str]) -> Result<Vec<Algorithm>> {
        let (statement, params) = algorithms_of(url, audiences);
        let read = self.conn.all(&statement, &params, |row| algorithms(row.text(0)?)).await?;
        Ok(Algorithm::ALL.into_iter().filter(|one| read.iter().flatten().any(|known| known == one)).collect())
    }

    async fn find_asserted(
        &self,
        url: &str,
        audiences: &[&str],
        subject: &str,
    ) -> Result<Vec<(Issuer, Found)>> {
        let (statement, params) = asserted((url, subject), audiences);
        self.conn
            .all(&statement, &params, |row| Ok((read_from(row, FOUND_COLUMNS)?, credential::read(row)?)))
            .await
    }

    async fn trusts_of(&self, organization: OrganizationId) -> Result<Vec<Issuer>> {
        self.trusts(&OF, organization.as_uuid().into()).await
    }

    async fn trusts_of_domain(&self, domain: &str) -> Result<Vec<Issuer>> {
        // Domains have no characters that mean something here.
        self.trusts(&OF_DOMAIN, format!("% {domain} %").into()).await
    }

    async fn has_trusts_of_domains(&self) -> Result<bool> {
        let params = params![OrganizationId::SERVER.as_uuid()];
        Ok(self.conn.first(&ANY_OF_DOMAINS, params, |_| Ok(())).await?.is_some())
    }

    async fn trusts_for(&self, person: PrincipalId) -> Result<Vec<Issuer>> {
        self.trusts(&FOR, person.as_uuid().into()).await
    }

    async fn hold_trust(&self, id: IssuerId) -> Result<bool> {
        Ok(self.conn.run(&HOLD, params![id.as_uuid()]).await? > 0)
    }

    async fn find_identity(&self, issuer: IssuerId, subject: &str) -> Result<Option<Found>> {
        self.conn.first(&IDENTITY, params![issuer.as_uuid(), subject], credential::read).await
    }

    async fn insert_identity(&self, identity: &Identity) -> Result<()> {
        let home = identity.credential.organization.unwrap_or(OrganizationId::SERVER);
        self.conn.run(&REPLACE, params![identity.issuer.as_uuid(), &identity.subject]).await?;
        let params = params![
            identity.credential.id.as_uuid(),
            home.as_uuid(),
            identity.issuer.as_uuid(),
            &identity.subject,
            identity.email.as_deref(),
        ];
        self.conn.run(&INSERT_IDENTITY, params).await.map(drop)
    }

    async fn identities_of(&self, person: PrincipalId) -> Result<Vec<Identity>> {
        self.conn
            .all(&IDENTITIES, params![person.as_uuid()], |row| {
                Ok(Identity {
                    credential: credential::read_credential(row, 0, person)?,
                    issuer: IssuerId::from_uuid(row.id(13)?),
                    subject: row.text(14)?.to_owned(),
                    email: row.opt_string(15)?,
                })
            })
            .await
    }

    async fn identity_behind(&self, id: CredentialId) -> Result<Option<CredentialId>> {
        self.conn.first(&BEHIND, params![id.as_uuid()], |row| Ok(CredentialId::from_uuid(row.id(0)?))).await
    }
}
