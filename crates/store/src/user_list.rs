//! Which people a list shows, and how it is read.
//!
//! A page is an ordered scan along an index that ends with the page. The people of an organization have an index for each
//! order; those of a workspace, who are fewer, for the default one alone, and are sorted for the others. Who is asked for
//! by a role that few hold is found by the role instead, and sorted.

use std::collections::HashMap;

use tenantry_core::authz::PlaceScope;
use tenantry_core::error::{Error, Result};
use tenantry_core::filter::{Filter, Test};
use tenantry_core::grant::{HeldRole, UserWithRoles};
use tenantry_core::ids::RoleId;
use tenantry_core::page::{Page, PageRequest};
use tenantry_core::permission::{BuiltinRole, Level};
use tenantry_core::principal::{Principal, UserField};
use uuid::Uuid;

use crate::compile::{self, Column, Fields, bind, id_list, int_test, text_test, unfit};
use crate::driver::{Sql, Value};
use crate::principal;
use crate::session::Db;

/// So many holders of a role are few.
const FEW: usize = 1000;

/// What a statement reads first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    /// Everybody at the place, in the order of the page.
    Order,
    /// Those who hold one of the roles that are asked for, without regard to any order.
    Holders(Vec<Uuid>),
}

/// A page of the people at a place.
pub(crate) async fn list(
    db: &Db<'_>,
    scope: &PlaceScope,
    filter: &Filter<UserField>,
    page: &PageRequest<UserField>,
) -> Result<Page<UserWithRoles>> {
    let lead = match asked_role(filter) {
        Some(asked) => by_holders(db, scope, asked).await?,
        None => Lead::Order,
    };
    let (statement, params) = statement(scope, &lead, filter, page)?;
    let users = db.conn.all(&statement, &params, |row| principal::read(row, 0)).await?;
    // One more than the page was read, to know whether more follow; its roles are not needed.
    let page_users = with_roles(db, scope, users).await?;
    Ok(Page::cut(page_users, page.limit, |last| last.cursor(&page.order)))
}

/// The statement of a page.
pub(crate) fn statement(
    scope: &PlaceScope,
    lead: &Lead,
    filter: &Filter<UserField>,
    page: &PageRequest<UserField>,
) -> Result<(Sql, Vec<Value<'static>>)> {
    let mut params = Vec::new();
    let fields = UserFields::at(scope, &mut params);
    let among = match lead {
        Lead::Order => String::new(),
        Lead::Holders(ids) => {
            format!(" AND r.principal_id IN ({})", id_list(&mut params, ids.iter().copied()))
        }
    };
    let wanted = compile::condition(&fields, filter, &mut params)?;
    let level = scope.level();
    let paging = compile::paging(page, |field| column(level, field), "r.principal_id", &mut params)?;
    let statement = Sql::built(format!(
        "SELECT {} FROM reach r CROSS JOIN principals p \
         WHERE r.org_id = {} AND r.scope_id = {} AND r.level = {}{among} AND p.id = r.principal_id \
         AND p.org_id IS NULL AND {wanted} AND {}{}",
        principal::COLUMNS,
        fields.organization,
        fields.object,
        level as i64,
        paging.behind,
        paging.tail
    ));
    Ok((statement, params))
}

/// Those who hold one of the roles that are asked for, if they are few.
async fn by_holders(db: &Db<'_>, scope: &PlaceScope, asked: &Filter<UserField>) -> Result<Lead> {
    let mut params: Vec<Value<'_>> = vec![scope.organization().as_uuid().into()];
    let asked = compile::condition(&RoleNames, asked, &mut params)?;
    let roles = Sql::built(format!("SELECT ro.id FROM roles ro WHERE ro.org_id = $1 AND {asked}"));
    let roles = db.conn.all(&roles, &params, |row| row.id(0)).await?;
    let (statement, params) = holders(scope, &roles);
    let mut ids = db.conn.all(&statement, &params, |row| row.id(0)).await?;
    if ids.len() > FEW {
        return Ok(Lead::Order);
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(Lead::Holders(ids))
}

/// Whoever holds one of the roles at the place, direct or by team, up to one more than [`FEW`]; and teams and invitations
/// that do, which reach nothing.
pub(crate) fn holders(scope: &PlaceScope, roles: &[Uuid]) -> (Sql, Vec<Value<'static>>) {
    let mut params = Vec::new();
    let UserFields { organization, object } = UserFields::at(scope, &mut params);
    let roles = id_list(&mut params, roles.iter().copied());
    let given = format!(
        "g.org_id = {organization} AND g.role_id IN ({roles}) AND g.scope_id IN ({organization}, {object})"
    );
    let statement = Sql::built(format!(
        "SELECT g.subject_id FROM grants g WHERE {given} \
         UNION ALL SELECT t.principal_id FROM grants g CROSS JOIN team_members t \
         WHERE {given} AND t.org_id = g.org_id AND t.team_id = g.subject_id LIMIT {}",
        FEW + 1
    ));
    (statement, params)
}

/// The part of a filter that nobody passes who does not hold one of some roles.
fn asked_role(filter: &Filter<UserField>) -> Option<&Filter<UserField>> {
    let names_a_role =
        |part: &Filter<UserField>| matches!(part, Filter::Is(UserField::Role | UserField::CustomRole, _));
    match filter {
        Filter::And(parts) => parts.iter().find_map(asked_role),
        Filter::Or(parts) => parts.iter().all(names_a_role).then_some(filter),
        Filter::Is(..) => names_a_role(filter).then_some(filter),
        Filter::All | Filter::Not(_) => None,
    }
}

/// The names of the role `ro`.
struct RoleNames;

impl Fields<UserField> for RoleNames {
    fn condition(&self, field: UserField, test: &Test, params: &mut Vec<Value<'_>>) -> Result<String> {
        let is = match field {
            UserField::Role => "IS NOT NULL",
            UserField::CustomRole => "IS NULL",
            _ => return Err(unfit("a name of a role")),
        };
        let named = text_test("ro.title_folded", "ro.title_folded", test, params)?;
        Ok(format!("(ro.builtin {is} AND {named})"))
    }
}

/// Users as seen from one place: their roles in a workspace and in its organization are judged together.
struct UserFields {
    organization: String,
    /// The workspace, or the organization again where it is the place.
    object: String,
}

impl UserFields {
    fn at(scope: &PlaceScope, params: &mut Vec<Value<'_>>) -> Self {
        let organization = bind(params, scope.organization().as_uuid().into());
        let object = bind(params, Value::Id(scope.at().object(scope.organization())));
        Self { organization, object }
    }

    /// Some role that the user holds here, direct or by team, fulfils the condition on `ro`.
    fn holds(&self, condition: &str) -> String {
        let Self { organization, object } = self;
        // The same for everybody, so it is found once; then each person takes a look or two at an index.
        let roles = format!("SELECT ro.id FROM roles ro WHERE ro.org_id = {organization} AND {condition}");
        format!(
            "(EXISTS (SELECT 1 FROM grants g WHERE g.org_id = {organization} AND g.subject_id = p.id \
               AND g.scope_id IN ({organization}, {object}) AND g.role_id IN ({roles})) \
             OR EXISTS (SELECT 1 FROM team_members t CROSS JOIN grants g \
               WHERE t.org_id = {organization} AND t.principal_id = p.id AND g.org_id = t.org_id \
               AND g.subject_id = t.team_id AND g.scope_id IN ({organization}, {object}) \
               AND g.role_id IN ({roles})))"
        )
    }
}

impl Fields<UserField> for UserFields {
    fn condition(&self, field: UserField, test: &Test, params: &mut Vec<Value<'_>>) -> Result<String> {
        match field {
            UserField::DisplayName => text_test("p.shown_name", "p.shown_name_folded", test, params),
            UserField::Email => {
                text_test("COALESCE(p.email, '')", "COALESCE(p.email_folded, '')", test, params)
            }
            UserField::CreatedAt => int_test("p.created_at", test, params),
            UserField::UpdatedAt => int_test("p.updated_at", test, params),
            UserField::Role | UserField::CustomRole => {
                Ok(self.holds(&RoleNames.condition(field, test, params)?))
            }
            UserField::RoleLevel => {
                let level = int_test("ro.level", test, params)?;
                Ok(self.holds(&level))
            }
            UserField::Search => {
                let name = text_test("p.shown_name", "p.shown_name_folded", test, params)?;
                let email = text_test("COALESCE(p.email, '')", "COALESCE(p.email_folded, '')", test, params)?;
                Ok(format!("({name} OR {email})"))
            }
        }
    }
}

/// What is beside a role on an organization of who holds it, has an index there.
fn column(level: Level, field: UserField) -> Option<Column> {
    let name = match (field, level) {
        (UserField::CreatedAt, _) => "r.account_created_at",
        (UserField::DisplayName, Level::Organization) => "r.shown_name",
        (UserField::Email, Level::Organization) => "r.email",
        (UserField::UpdatedAt, Level::Organization) => "r.account_updated_at",
        (UserField::DisplayName, _) => "p.shown_name",
        (UserField::Email, _) => "COALESCE(p.email, '')",
        (UserField::UpdatedAt, _) => "p.updated_at",
        (UserField::Role | UserField::CustomRole | UserField::RoleLevel | UserField::Search, _) => {
            return None;
        }
    };
    Some(Column::along(name))
}

/// Puts the roles held here beside each of the users.
pub(crate) async fn with_roles(
    db: &Db<'_>,
    scope: &PlaceScope,
    users: Vec<Principal>,
) -> Result<Vec<UserWithRoles>> {
    let object = scope.at().object(scope.organization());
    let mut params: Vec<Value<'_>> = vec![scope.organization().as_uuid().into(), Value::Id(object)];
    let list = id_list(&mut params, users.iter().map(|user| *user.id.as_uuid()));
    let statement = Sql::built(format!(
        "SELECT g.subject_id, ro.level, ro.builtin, ro.title, g.created_at, g.id, ro.id \
         FROM grants g CROSS JOIN roles ro \
         WHERE g.org_id = $1 AND g.subject_id IN ({list}) AND g.scope_id IN ($1, $2) \
           AND ro.org_id = g.org_id AND ro.id = g.role_id \
         UNION ALL SELECT t.principal_id, ro.level, ro.builtin, ro.title, g.created_at, g.id, ro.id \
         FROM team_members t CROSS JOIN grants g CROSS JOIN roles ro \
         WHERE t.org_id = $1 AND t.principal_id IN ({list}) AND g.org_id = t.org_id AND g.subject_id = t.team_id \
           AND g.scope_id IN ($1, $2) AND ro.org_id = g.org_id AND ro.id = g.role_id \
         ORDER BY 2, 5, 6"
    ));
    let mut roles: HashMap<Uuid, Vec<HeldRole>> = HashMap::new();
    let held = db
        .conn
        .all(&statement, &params, |row| {
            let level = Level::from_number(row.int(1)?).ok_or_else(|| Error::internal("unknown level"))?;
            let builtin = row.opt_text(2)?.and_then(BuiltinRole::from_word);
            let id = RoleId::from_uuid(row.id(6)?);
            Ok((row.id(0)?, HeldRole { id, level, builtin, title: row.text(3)?.to_owned() }))
        })
        .await?;
    for (user, role) in held {
        let list = roles.entry(user).or_default();
        if !list.contains(&role) {
            list.push(role); // held twice, by team and by oneself, it is one role
        }
    }
    Ok(users
        .into_iter()
        .map(|user| UserWithRoles {
            organization: scope.organization(),
            roles: roles.remove(user.id.as_uuid()).unwrap_or_default(),
            user,
        })
        .collect())
}
