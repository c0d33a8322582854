//! Which workspaces a list shows, and how it is read.
//!
//! A page is an ordered scan along an index that ends with the page; the caller's own role is looked up row by row. Who
//! has roles in few workspaces gets those, sorted. Neither engine would find the first way by itself: SQLite keeps the
//! order of a CROSS JOIN; PostgreSQL would rather sort all joined rows, or go through all roles of the caller for each
//! workspace, so it gets the role as a lateral subquery, which OFFSET 0 keeps it from dissolving.

use tenantry_core::authz::{EverywhereScope, OrganizationScope};
use tenantry_core::error::Result;
use tenantry_core::filter::{Filter, Test};
use tenantry_core::page::PageRequest;
use tenantry_core::permission::{Permission, PermissionSet};
use tenantry_core::workspace::{Deleted, WorkspaceField};

use crate::compile::{self, Column, Fields, bind, id_list, id_test, int_test, text_test, unfit};
use crate::driver::{Sql, Value};
use crate::workspace::COLUMNS;

/// The word of `Workspace::status`.
const STATUS: &str = "CASE WHEN w.deleted_at IS NOT NULL THEN 'deleted' WHEN w.is_active = 0 THEN 'deactivated' \
     ELSE w.status END";

/// What a statement reads first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    /// The workspaces, in the order of the page.
    Order,
    /// The caller's own roles, if only they show workspaces; without regard to any order.
    OwnRoles,
}

struct WorkspaceFields;

impl Fields<WorkspaceField> for WorkspaceFields {
    fn condition(&self, field: WorkspaceField, test: &Test, params: &mut Vec<Value<'_>>) -> Result<String> {
        match field {
            WorkspaceField::Name => text_test("w.name", "w.name_folded", test, params),
            WorkspaceField::Status => text_test(STATUS, STATUS, test, params),
            WorkspaceField::CreatedAt => int_test("w.created_at", test, params),
            WorkspaceField::UpdatedAt => int_test("w.updated_at", test, params),
            WorkspaceField::OwnRole => int_test("COALESCE(m.role_rank, 0)", test, params),
            WorkspaceField::CreatedBy => id_test("w.created_by", test, params),
            WorkspaceField::HasUser => {
                let user = id_test("h.principal_id", test, params)?;
                Ok(format!(
                    "EXISTS (SELECT 1 FROM reach h WHERE {user} AND h.org_id = w.org_id AND h.level = 2 \
                     AND h.scope_id = w.id)"
                ))
            }
            WorkspaceField::Id => id_test("w.id", test, params),
            WorkspaceField::Key => text_test("w.key", "w.key", test, params),
            WorkspaceField::Owner => id_test("w.owner_id", test, params),
            WorkspaceField::ServerUrl => {
                let is_it = text_test("w.server_url", "w.server_url", test, params)?;
                // Said apart, so that the opposite is not unknown but true.
                Ok(format!("(w.server_url IS NOT NULL AND {is_it})"))
            }
            WorkspaceField::Enrolled => int_test("w.enrolled", test, params),
            WorkspaceField::DefaultFirst => Err(unfit("w.is_default")),
        }
    }
}

fn column(field: WorkspaceField) -> Option<Column> {
    match field {
        WorkspaceField::Name => Some(Column::along("w.name")),
        WorkspaceField::CreatedAt => Some(Column::along("w.created_at")),
        WorkspaceField::UpdatedAt => Some(Column::along("w.updated_at")),
        WorkspaceField::OwnRole => Some(Column::along("COALESCE(m.role_rank, 0)")),
        WorkspaceField::DefaultFirst => Some(Column::against("w.is_default")),
        WorkspaceField::CreatedBy
        | WorkspaceField::Status
        | WorkspaceField::Id
        | WorkspaceField::Key
        | WorkspaceField::Owner
        | WorkspaceField::ServerUrl
        | WorkspaceField::Enrolled
        | WorkspaceField::HasUser => None,
    }
}

/// The tables to read from: on SQLite, on PostgreSQL. Own roles are among them if they show the workspaces, or are
/// `asked_for` by the filter or the order.
fn tables(
    scope: &OrganizationScope,
    lead: Lead,
    asked_for: bool,
    params: &mut Vec<Value<'_>>,
) -> (String, String) {
    if scope.sees_every_workspace() && !asked_for {
        return ("workspaces w".to_owned(), "workspaces w".to_owned());
    }
    let organization = bind(params, scope.organization().as_uuid().into());
    let principal = bind(params, scope.principal().as_uuid().into());
    let own = |reach: &str| {
        format!(
            "{reach}.principal_id = {principal} AND {reach}.org_id = {organization} AND {reach}.level = 2 \
             AND {reach}.scope_id = w.id"
        )
    };
    let looked_up = || {
        let own = own("r");
        format!("LATERAL (SELECT r.permissions, r.role_rank FROM reach r WHERE {own} OFFSET 0) m")
    };
    let own = own("m");
    match (scope.sees_every_workspace(), lead) {
        (true, Lead::Order) => (
            format!("workspaces w LEFT JOIN reach m ON {own}"),
            format!("workspaces w LEFT JOIN {} ON TRUE", looked_up()),
        ),
        (true, Lead::OwnRoles) => {
            let text = format!("workspaces w LEFT JOIN reach m ON {own}");
            (text.clone(), text)
        }
        (false, Lead::Order) => (
            format!("workspaces w CROSS JOIN reach m ON {own}"),
            format!("workspaces w CROSS JOIN {}", looked_up()),
        ),
        (false, Lead::OwnRoles) => (
            format!("reach m CROSS JOIN workspaces w ON {own}"),
            format!("reach m JOIN workspaces w ON {own}"),
        ),
    }
}

fn asks_for_own_role(filter: &Filter<WorkspaceField>) -> bool {
    filter.any_field(|field| field == WorkspaceField::OwnRole)
}

/// The condition that the scope shows a row, which is the permission as a predicate, and that it is asked for.
fn shown(
    scope: &OrganizationScope,
    deleted: Deleted,
    filter: &Filter<WorkspaceField>,
    params: &mut Vec<Value<'_>>,
) -> Result<String> {
    let mut text = format!("w.org_id = {}", bind(params, scope.organization().as_uuid().into()));
    if !scope.sees_every_workspace() {
        let may_see =
            PermissionSet::of(&[Permission::ReadWorkspace]).intersection(scope.by_own_roles()).bits();
        text = format!("{text} AND (m.permissions & {may_see}) <> 0");
    }
    text.push_str(shown_if(deleted));
    if let Some(only) = scope.only_workspaces() {
        let list = id_list(params, only.iter().map(|id| *id.as_uuid()));
        text = format!("{text} AND w.id IN ({list})");
    }
    if *filter != Filter::All {
        text = format!("{text} AND {}", compile::condition(&WorkspaceFields, filter, params)?);
    }
    Ok(text)
}

/// The statement of a page: the columns of a workspace, then what the caller holds by own roles.
pub(crate) fn statement(
    scope: &OrganizationScope,
    lead: Lead,
    deleted: Deleted,
    filter: &Filter<WorkspaceField>,
    page: &PageRequest<WorkspaceField>,
) -> Result<(Sql, Vec<Value<'static>>)> {
    let mut params = Vec::new();
    let asked_for =
        asks_for_own_role(filter) || page.order.iter().any(|it| it.field == WorkspaceField::OwnRole);
    let (sqlite, postgres) = tables(scope, lead, asked_for, &mut params);
    let own =
        if asked_for || !scope.sees_every_workspace() { "m.permissions" } else { "CAST(NULL AS BIGINT)" };
    let shown = shown(scope, deleted, filter, &mut params)?;
    let paging = compile::paging(page, column, "w.id", &mut params)?;
    let text = |tables: &str| {
        format!("SELECT {COLUMNS}, {own} FROM {tables} WHERE {shown} AND {}{}", paging.behind, paging.tail)
    };
    Ok((Sql::apart(&text(&sqlite), text(&postgres)), params))
}

/// The statement of a page of all organizations: the columns of a workspace, then nothing for own roles.
///
/// What a caller sees is a union of ids, by roles in workspaces and by roles in organizations, which are few beside all
/// there are; who sees everything sorts everything.
pub(crate) fn everywhere(
    scope: &EverywhereScope,
    deleted: Deleted,
    filter: &Filter<WorkspaceField>,
    page: &PageRequest<WorkspaceField>,
) -> Result<(Sql, Vec<Value<'static>>)> {
    let mut params = Vec::new();
    let may_see = PermissionSet::of(&[Permission::ReadWorkspace]).bits();
    let mut text = "o.id = w.org_id AND o.deleted_at IS NULL".to_owned();
    text.push_str(shown_if(deleted));
    if !scope.sees_every_workspace() {
        let principal = bind(&mut params, scope.principal().as_uuid().into());
        let by = |level: i64, shown: &str| {
            format!(
                "SELECT {shown} FROM reach r WHERE r.principal_id = {principal} AND r.level = {level} \
                 AND (r.permissions & {may_see}) <> 0"
            )
        };
        let own = scope.by_own_roles().then(|| format!("w.id IN ({})", by(2, "r.scope_id")));
        let administered = scope.by_administration().then(|| format!("w.org_id IN ({})", by(1, "r.org_id")));
        let ways: Vec<_> = own.into_iter().chain(administered).collect();
        text =
            format!("{text} AND ({})", if ways.is_empty() { "1 = 0".to_owned() } else { ways.join(" OR ") });
    }
    for only in scope.only_organizations() {
        text = format!("{text} AND w.org_id = {}", bind(&mut params, only.as_uuid().into()));
    }
    if let Some(only) = scope.only_workspaces() {
        let list = id_list(&mut params, only.iter().map(|id| *id.as_uuid()));
        text = format!("{text} AND w.id IN ({list})");
    }
    if asks_for_own_role(filter) || page.order.iter().any(|it| it.field == WorkspaceField::OwnRole) {
        return Err(unfit("m.role_rank"));
    }
    if *filter != Filter::All {
        text = format!("{text} AND {}", compile::condition(&WorkspaceFields, filter, &mut params)?);
    }
    let paging = compile::paging(page, column, "w.id", &mut params)?;
    let text = format!(
        "SELECT {COLUMNS}, CAST(NULL AS BIGINT) FROM workspaces w JOIN organizations o ON o.id = w.org_id \
         WHERE {text} AND {}{}",
        paging.behind, paging.tail
    );
    Ok((Sql::built(text), params))
}

const fn shown_if(deleted: Deleted) -> &'static str {
    match deleted {
        Deleted::Hide => " AND w.deleted_at IS NULL",
        Deleted::Only => " AND w.deleted_at IS NOT NULL",
        Deleted::Show => "",
    }
}

/// The statement that counts the rows of all pages.
pub(crate) fn count(
    scope: &OrganizationScope,
    deleted: Deleted,
    filter: &Filter<WorkspaceField>,
) -> Result<(Sql, Vec<Value<'static>>)> {
    let mut params = Vec::new();
    let (sqlite, postgres) = tables(scope, Lead::OwnRoles, asks_for_own_role(filter), &mut params);
    let shown = shown(scope, deleted, filter, &mut params)?;
    let text = |tables: &str| format!("SELECT COUNT(*) FROM {tables} WHERE {shown}");
    Ok((Sql::apart(&text(&sqlite), text(&postgres)), params))
}
