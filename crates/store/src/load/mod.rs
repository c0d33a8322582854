//! Filling a database with a large synthetic estate, for benchmarks and trials.
//!
//! Rows are made in code and written in chunks, many to a statement, past the use cases: what they derive is written here
//! too, and the behaviour suite compares it with its definition. One organization in a hundred is big; together the big ones
//! have a fifth of the workspaces. People belong to one organization and have roles in some of its workspaces.

mod tables;

use std::sync::{Arc, Mutex, PoisonError};

use tenantry_core::clock::{Entropy, Timestamp};
use tenantry_core::credential::{Secret, TokenKind};
use tenantry_core::error::{Error, Kind, Result};
use tenantry_core::ids::{IdSource, OrganizationId};
use tenantry_core::permission::{BuiltinRole, Level};
use tenantry_core::role::builtin_of_organization;
use tenantry_core::text::fold;
use tenantry_core::workspace;
use uuid::Uuid;

use crate::Database;
use crate::driver::{Conn, Value, params, sql};
use crate::postgres::Postgres;
use crate::sqlite::{self, ready};
use tables::Tables;

/// How large the estate is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Organizations, at least one.
    pub organizations: u64,
    /// Workspaces in all of them.
    pub workspaces: u64,
    /// People in all of them, at least one in each.
    pub users: u64,
    /// Roles of people in workspaces.
    pub memberships: u64,
    /// How many people, spread over the organizations, get a token: in each the owner first.
    pub tokens: u64,
}

/// Somebody with a token.
#[derive(Clone, Debug)]
pub struct TokenHolder {
    /// The organization.
    pub organization: Uuid,
    /// How many workspaces it has.
    pub workspaces: u64,
    /// The person.
    pub user: Uuid,
    /// Whether the organization is theirs; all others are ordinary members.
    pub is_owner: bool,
    /// The token.
    pub secret: Secret,
}

/// Where ids, secrets and the time come from, and who is told how far it is.
#[derive(Clone)]
pub struct Sources {
    /// Makes ids.
    pub ids: Arc<dyn IdSource>,
    /// Makes secrets.
    pub entropy: Arc<dyn Entropy>,
    /// The time at which everything is made.
    pub now: Timestamp,
    /// Told how many organizations are done.
    pub progress: Arc<dyn Fn(u64) + Send + Sync>,
}

/// Fills the database, which may have no organization yet. All or nothing.
pub async fn load(database: &Database, size: Size, sources: Sources) -> Result<Vec<TokenHolder>> {
    if size.organizations == 0 || size.users < size.organizations {
        return Err(Error::invalid(
            "users",
            "too_few",
            "expected at least one organization and one user in each",
        ));
    }
    match database {
        Database::Sqlite(path) => sqlite::alone(path, sources.now, |conn| ready(fill(conn, size, &sources))),
        Database::Postgres { url, .. } => {
            let engine = Postgres::open(url, 1, sources.now).await?;
            let holders = Arc::new(Mutex::new(Vec::new()));
            let filled = Arc::clone(&holders);
            engine
                .transaction(move |conn| {
                    Box::pin(async move {
                        let made = fill(conn, size, &sources).await?;
                        *filled.lock().unwrap_or_else(PoisonError::into_inner) = made;
                        Ok(())
                    })
                })
                .await?;
            Ok(std::mem::take(&mut *holders.lock().unwrap_or_else(PoisonError::into_inner)))
        }
    }
}

async fn fill(conn: Conn<'_>, size: Size, sources: &Sources) -> Result<Vec<TokenHolder>> {
    let any = sql!("SELECT id FROM organizations LIMIT 1");
    if conn.first(&any, params![], |row| row.id(0)).await?.is_some() {
        let text = "the database has organizations already; load fills an empty one";
        return Err(Error::new(Kind::Precondition, "load.not_empty", text));
    }
    let shares = Shares::of(size);
    let mut tables = Tables::new();
    let mut holders = Vec::new();
    for number in 0..size.organizations {
        let share = shares.of_organization(number);
        organization(conn, &mut tables, sources, number, share, &mut holders).await?;
        // Rows of an organization refer to each other, so they are written before the next one.
        tables.flush(conn).await?;
        (sources.progress)(number + 1);
    }
    Ok(holders)
}

/// What one organization gets.
#[derive(Clone, Copy)]
struct Share {
    workspaces: u64,
    users: u64,
    memberships: u64,
    tokens: u64,
}

struct Shares {
    size: Size,
    big: u64,
}

impl Shares {
    const fn of(size: Size) -> Self {
        Self { size, big: size.organizations / 100 }
    }

    fn of_organization(&self, number: u64) -> Share {
        let Size { organizations, workspaces, users, memberships, tokens } = self.size;
        // The big ones share a fifth, the others the rest; what does not divide goes to the first of each.
        let part = |all: u64| {
            let (count, place, all) = if number < self.big {
                (self.big, number, all / 5)
            } else {
                let for_big = if self.big > 0 { all / 5 } else { 0 };
                (organizations - self.big, number - self.big, all - for_big)
            };
            all / count + u64::from(place < all % count)
        };
        let even = |all: u64| all / organizations + u64::from(number < all % organizations);
        Share {
            workspaces: part(workspaces),
            users: part(users).max(1),
            memberships: part(memberships),
            tokens: even(tokens),
        }
    }
}

async fn organization(
    conn: Conn<'_>,
    tables: &mut Tables,
    sources: &Sources,
    number: u64,
    share: Share,
    holders: &mut Vec<TokenHolder>,
) -> Result<()> {
    let now = sources.now.as_micros();
    let org = sources.ids.next();
    let users: Vec<Uuid> = (0..share.users).map(|_| sources.ids.next()).collect();
    let owner = users.first().copied().unwrap_or(org);
    tables.locator.push(conn, vec![Value::Id(org), "organization".into(), Value::Id(org)]).await?;
    tables.versions.push(conn, vec![Value::Id(org), 1.into()]).await?;
    for (place, user) in users.iter().enumerate() {
        let username = format!("user-{number}-{place}");
        let (name, email) = called(number, place);
        let home = *OrganizationId::SERVER.as_uuid();
        tables.locator.push(conn, vec![Value::Id(*user), "principal".into(), Value::Id(home)]).await?;
        let folded = fold(&name);
        let row = vec![
            Value::Id(*user),
            username.clone().into(),
            username.into(),
            email.clone().into(),
            email.into(),
            name.clone().into(),
            name.into(),
            folded.into(),
            1.into(),
            1.into(),
            now.into(),
            now.into(),
        ];
        tables.principals.push(conn, row).await?;
    }
    for user in users.iter().cycle().take(usize::try_from(share.tokens).unwrap_or(0)) {
        let secret = Secret::random(TokenKind::PersonalAccess, &*sources.entropy);
        let row = vec![
            Value::Id(sources.ids.next()),
            secret.kind().word().into(),
            Value::Id(*user),
            "load".into(),
            secret.first_characters().to_owned().into(),
            Value::Blob(secret.hash().to_vec().into()),
            now.into(),
        ];
        tables.credentials.push(conn, row).await?;
        let is_owner = *user == owner;
        let (organization, workspaces, user) = (org, share.workspaces, *user);
        holders.push(TokenHolder { organization, workspaces, user, is_owner, secret });
    }
    let name = format!("Organization {number}");
    let row = vec![
        Value::Id(org),
        format!("organization-{number}").into(),
        name.clone().into(),
        fold(&name).into(),
        "[]".into(),
        Value::Id(owner),
        "none".into(),
        "{}".into(),
        1.into(),
        now.into(),
        now.into(),
    ];
    tables.organizations.push(conn, row).await?;
    // What follows refers to what was made so far.
    tables.flush(conn).await?;
    let roles = roles(conn, tables, sources, org).await?;
    let workspaces = workspaces(conn, tables, sources, org, owner, share.workspaces).await?;
    let mut members = Memberships { conn, tables, sources, org, owner, roles };
    for (place, user) in users.iter().enumerate() {
        let role = if place == 0 { BuiltinRole::OrganizationOwner } else { BuiltinRole::OrganizationMember };
        members.give(*user, role, Level::Organization, org, Some(called(number, place))).await?;
    }
    members.spread(&users, &workspaces, share.memberships).await
}

/// The name and address of somebody in an organization.
fn called(number: u64, place: usize) -> (String, String) {
    (format!("User {number} {place}"), format!("user-{number}-{place}@load.example"))
}

async fn roles(
    conn: Conn<'_>,
    tables: &mut Tables,
    sources: &Sources,
    org: Uuid,
) -> Result<Vec<(BuiltinRole, Uuid)>> {
    let mut made = Vec::new();
    for role in builtin_of_organization() {
        let id = sources.ids.next();
        let row = vec![
            Value::Id(org),
            Value::Id(id),
            (role.level() as i64).into(),
            role.word().into(),
            role.word().into(),
            role.word().into(),
            role.permissions().bits().into(),
            1.into(),
            sources.now.as_micros().into(),
            sources.now.as_micros().into(),
            role.content().to_code().into(),
        ];
        tables.roles.push(conn, row).await?;
        made.push((role, id));
    }
    tables.roles.flush(conn).await?;
    Ok(made)
}

async fn workspaces(
    conn: Conn<'_>,
    tables: &mut Tables,
    sources: &Sources,
    org: Uuid,
    owner: Uuid,
    count: u64,
) -> Result<Vec<Uuid>> {
    let mut made = Vec::new();
    for number in 0..count {
        let id = sources.ids.next();
        // A second apart, so that orders by time have something to order.
        let at =
            sources.now.plus_seconds(i64::try_from(number).unwrap_or(0) - i64::try_from(count).unwrap_or(0));
        // Names in another order than the times.
        let name = format!("Workspace {:04} {number}", number.wrapping_mul(7919) % 10_000);
        let project = sources.ids.next();
        tables.locator.push(conn, vec![Value::Id(id), "workspace".into(), Value::Id(org)]).await?;
        tables.locator.push(conn, vec![Value::Id(project), "project".into(), Value::Id(org)]).await?;
        let row = vec![
            Value::Id(org),
            Value::Id(id),
            format!("workspace-{number}").into(),
            name.clone().into(),
            fold(&name).into(),
            0.into(),
            1.into(),
            "available".into(),
            "user_action".into(),
            "available".into(),
            at.as_micros().into(),
            Value::Id(owner),
            1.into(),
            1.into(),
            at.as_micros().into(),
            Value::Id(owner),
            at.as_micros().into(),
            Value::Id(owner),
        ];
        tables.workspaces.push(conn, row).await?;
        let row = vec![
            Value::Id(org),
            Value::Id(id),
            Value::Id(project),
            "default".into(),
            "Default".into(),
            1.into(),
            at.as_micros().into(),
            Value::Id(owner),
        ];
        tables.projects.push(conn, row).await?;
        made.push(id);
    }
    // Projects and grants refer to workspaces.
    tables.workspaces.flush(conn).await?;
    Ok(made)
}

struct Memberships<'a, 'b> {
    conn: Conn<'a>,
    tables: &'b mut Tables,
    sources: &'b Sources,
    org: Uuid,
    owner: Uuid,
    roles: Vec<(BuiltinRole, Uuid)>,
}

impl Memberships<'_, '_> {
    /// Owners first, then everybody in turn gets workspaces one after the other, starting each at a place of its own.
    async fn spread(&mut self, users: &[Uuid], workspaces: &[Uuid], memberships: u64) -> Result<()> {
        let mut left = memberships;
        for workspace in workspaces {
            if left == 0 {
                return Ok(());
            }
            self.give(self.owner, BuiltinRole::WorkspaceOwner, Level::Workspace, *workspace, None).await?;
            left -= 1;
        }
        let others = users.get(1..).unwrap_or_default();
        for round in 0..workspaces.len() {
            for (place, user) in others.iter().enumerate() {
                if left == 0 {
                    return Ok(());
                }
                let role = match (place + round) % 3 {
                    0 => BuiltinRole::WorkspaceEditor,
                    _ => BuiltinRole::WorkspaceViewer,
                };
                let Some(workspace) = workspaces.get((place * 31 + round) % workspaces.len()) else {
                    continue;
                };
                self.give(*user, role, Level::Workspace, *workspace, None).await?;
                left -= 1;
            }
        }
        Ok(())
    }

    /// Gives a role; one on the organization to somebody of this name and address.
    async fn give(
        &mut self,
        user: Uuid,
        role: BuiltinRole,
        level: Level,
        scope: Uuid,
        person: Option<(String, String)>,
    ) -> Result<()> {
        let id = self.roles.iter().find(|(known, _)| *known == role).map(|(_, id)| *id);
        let id = id.ok_or_else(|| Error::internal("a built-in role is missing"))?;
        let row = vec![
            Value::Id(self.org),
            Value::Id(self.sources.ids.next()),
            "principal".into(),
            Value::Id(user),
            Value::Id(id),
            (level as i64).into(),
            Value::Id(scope),
            self.sources.now.as_micros().into(),
            Value::Id(self.owner),
        ];
        self.tables.grants.push(self.conn, row).await?;
        let rank = workspace::rank(Some(role.permissions()));
        let row = vec![
            Value::Id(user),
            Value::Id(self.org),
            (level as i64).into(),
            Value::Id(scope),
            role.permissions().bits().into(),
            rank.into(),
            self.sources.now.as_micros().into(),
            person.as_ref().map(|(name, _)| name.clone()).into(),
            person.as_ref().map(|(_, email)| email.clone()).into(),
            person.map(|_| self.sources.now.as_micros()).into(),
        ];
        self.tables.reach.push(self.conn, row).await
    }
}
