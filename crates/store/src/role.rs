//! Roles.

use async_trait::async_trait;
use tenantry_core::authz::{OrganizationScope, PlaceScope, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::{Error, Result};
use tenantry_core::filter::{ListQuery, Test};
use tenantry_core::ids::{OrganizationId, PrincipalId, RoleId, WorkspaceId};
use tenantry_core::page::Page;
use tenantry_core::permission::{BuiltinRole, Level, Permission, PermissionSet};
use tenantry_core::resource::ContentRights;
use tenantry_core::role::{BuiltinTitles, Role, RoleField, RoleStore};
use tenantry_core::text::fold;
use uuid::Uuid;

use crate::compile::{self, Column, Fields, id_test, int_test, text_test, unfit};
use crate::driver::{Row, Sql, Value, params, sql};
use crate::session::Db;

const COLUMNS: &str = "r.org_id, r.id, r.workspace_id, r.level, r.builtin, r.title, r.description, r.permissions, \
     r.version, r.created_at, r.updated_at, r.content";
const FIND: Sql = sql!(
    "SELECT r.org_id, r.id, r.workspace_id, r.level, r.builtin, r.title, r.description, r.permissions, r.version, \
            r.created_at, r.updated_at, r.content \
     FROM roles r WHERE r.org_id = $1 AND r.id = $2"
);
const BUILTIN: Sql = sql!(
    "SELECT r.org_id, r.id, r.workspace_id, r.level, r.builtin, r.title, r.description, r.permissions, r.version, \
            r.created_at, r.updated_at, r.content \
     FROM roles r WHERE r.org_id = $1 AND r.builtin = $2"
);
/// A workspace's own role comes before the organization's of the same title.
const CUSTOM: Sql = sql!(
    "SELECT r.org_id, r.id, r.workspace_id, r.level, r.builtin, r.title, r.description, r.permissions, r.version, \
            r.created_at, r.updated_at, r.content \
     FROM roles r WHERE r.org_id = $1 AND r.builtin IS NULL AND r.level = $2 AND r.title_folded = $4 \
       AND (r.workspace_id IS NULL OR r.workspace_id = $3) \
     ORDER BY CASE WHEN r.workspace_id IS NULL THEN 1 ELSE 0 END, r.id"
);
const LOCATE: Sql = sql!("INSERT INTO locator (id, kind, org_id) VALUES ($1, 'role', $2)");
const UPDATE: Sql = sql!(
    "UPDATE roles SET title = $3, title_folded = $4, description = $5, permissions = $6, version = $7, \
       updated_at = $8, content = $9 \
     WHERE org_id = $1 AND id = $2"
);
const GRANTED: Sql = sql!(
    "SELECT g.level FROM grants g LEFT JOIN invitations i ON i.org_id = g.org_id AND i.id = g.subject_id \
     WHERE g.org_id = $1 AND g.role_id = $2 \
       AND g.subject_id <> $4 \
       AND (g.subject_kind <> 'invitation' OR (i.status = 'pending' AND i.expires_at > $3)) LIMIT 1"
);
const DELETE: Sql = sql!("DELETE FROM roles WHERE org_id = $1 AND id = $2");
const INSERT: Sql = sql!(
    "INSERT INTO roles (org_id, id, workspace_id, level, builtin, title, title_folded, description, permissions, \
       version, created_at, updated_at, content) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
);

/// Reads the columns of a role, in the order of [`COLUMNS`].
pub(crate) fn read(row: &Row<'_>) -> Result<Role> {
    let level = Level::from_number(row.int(3)?).ok_or_else(|| Error::internal("unknown level"))?;
    Ok(Role {
        organization: OrganizationId::from_uuid(row.id(0)?),
        id: RoleId::from_uuid(row.id(1)?),
        workspace: row.opt_id(2)?.map(WorkspaceId::from_uuid),
        level,
        builtin: row.opt_text(4)?.and_then(BuiltinRole::from_word),
        title: row.text(5)?.to_owned(),
        description: row.opt_string(6)?,
        permissions: PermissionSet::from_bits(row.int(7)?),
        version: row.int(8)?,
        created_at: Timestamp::from_micros(row.int(9)?),
        updated_at: Timestamp::from_micros(row.int(10)?),
        content: ContentRights::from_code(row.text(11)?),
    })
}

/// The fields of the table `r`.
struct RoleFields {
    title: String,
    title_folded: String,
    /// Which of the grants `g` of a role count.
    holding: String,
    /// Whose grants count wherever they are.
    own: Option<PrincipalId>,
}

impl RoleFields {
    /// Titles are those of the table, but of built-in roles what the dialect calls them: words of the program, no client's.
    fn called(called: BuiltinTitles, (holding, own): (String, Option<PrincipalId>)) -> Self {
        let cases = |name: fn(&str) -> String| {
            let quoted = |role: BuiltinRole| name(called(role)).replace('\'', "''");
            let case = |role: BuiltinRole| format!("WHEN '{}' THEN '{}'", role.word(), quoted(role));
            BuiltinRole::ALL.into_iter().map(case).collect::<Vec<_>>().join(" ")
        };
        Self {
            title: format!("CASE r.builtin {} ELSE r.title END", cases(str::to_owned)),
            title_folded: format!("CASE r.builtin {} ELSE r.title_folded END", cases(fold)),
            holding,
            own,
        }
    }

    fn column(&self, field: RoleField) -> Option<Column> {
        Some(match field {
            RoleField::Title => Column::along(self.title.clone()),
            RoleField::Level => Column::along("r.level"),
            RoleField::CreatedAt => Column::along("r.created_at"),
            RoleField::UpdatedAt => Column::along("r.updated_at"),
            RoleField::Builtin | RoleField::AnyOf | RoleField::Content | RoleField::HeldBy => return None,
        })
    }
}

impl Fields<RoleField> for RoleFields {
    fn condition(&self, field: RoleField, test: &Test, params: &mut Vec<Value<'_>>) -> Result<String> {
        match field {
            RoleField::Title => text_test(&self.title, &self.title_folded, test, params),
            RoleField::Level => int_test("r.level", test, params),
            RoleField::CreatedAt => int_test("r.created_at", test, params),
            RoleField::UpdatedAt => int_test("r.updated_at", test, params),
            RoleField::Builtin => match test {
                Test::Present => Ok("r.builtin IS NOT NULL".to_owned()),
                _ => Err(unfit("r.builtin")),
            },
            RoleField::AnyOf => match test {
                Test::Int(_, bits) => {
                    Ok(format!("(r.permissions & {}) <> 0", compile::bind(params, (*bits).into())))
                }
                _ => Err(unfit("r.permissions")),
            },
            RoleField::Content => match test {
                Test::Text(_, needle) => {
                    Ok(format!("r.content LIKE {}", compile::bind(params, format!("%{needle}%").into())))
                }
                _ => Err(unfit("r.content")),
            },
            RoleField::HeldBy => {
                let held_by = id_test("g.subject_id", test, params)?;
                let mut holding = self.holding.clone();
                if let Some(own) = self.own {
                    let own = compile::bind(params, own.as_uuid().into());
                    holding = format!("({holding} OR g.subject_id = {own})");
                }
                Ok(format!(
                    "EXISTS (SELECT 1 FROM grants g WHERE g.org_id = r.org_id AND g.role_id = r.id \
                     AND {held_by} AND {holding})"
                ))
            }
        }
    }
}

#[async_trait]
impl RoleStore for Db<'_> {
    async fn find_role(&self, scope: &OrganizationScope, id: RoleId) -> Result<Option<Role>> {
        self.conn.first(&FIND, params![scope.organization().as_uuid(), id.as_uuid()], read).await
    }

    async fn find_builtin_role(&self, scope: &OrganizationScope, role: BuiltinRole) -> Result<Option<Role>> {
        self.conn.first(&BUILTIN, params![scope.organization().as_uuid(), role.word()], read).await
    }

    async fn find_custom_role(&self, scope: &PlaceScope, folded_title: &str) -> Result<Option<Role>> {
        let organization = scope.organization();
        let object = scope.at().object(organization);
        let params = params![organization.as_uuid(), scope.level() as i64, &object, folded_title];
        self.conn.first(&CUSTOM, params, read).await
    }

    async fn list_roles(
        &self,
        scope: &PlaceScope,
        called: BuiltinTitles,
        query: &ListQuery<RoleField>,
    ) -> Result<Page<Role>> {
        let mut params: Vec<Value<'_>> = vec![scope.organization().as_uuid().into()];
        let (shown, holding) = match scope.workspace() {
            None => {
                let shown = "r.workspace_id IS NULL AND (r.builtin IS NULL OR r.level = 1)";
                (shown.to_owned(), "g.scope_id = $1".to_owned())
            }
            Some(workspace) => {
                let workspace = compile::bind(&mut params, workspace.as_uuid().into());
                let shown =
                    format!("r.level = 2 AND (r.workspace_id IS NULL OR r.workspace_id = {workspace})");
                (shown, format!("g.scope_id = {workspace}"))
            }
        };
        list(self, (&shown, (holding, None)), called, query, params).await
    }

    async fn list_every_role(
        &self,
        (scope, own_count): (&OrganizationScope, bool),
        called: BuiltinTitles,
        query: &ListQuery<RoleField>,
    ) -> Result<Page<Role>> {
        let mut params: Vec<Value<'_>> = vec![scope.organization().as_uuid().into()];
        let shown = shown(scope, own_count, &mut params);
        // Who does not see every workspace does not learn who else holds what in them, either.
        let holding = if scope.sees_every_workspace() { "1 = 1" } else { "g.scope_id = $1" };
        let holding = (holding.to_owned(), own_count.then(|| scope.principal()));
        list(self, (&shown, holding), called, query, params).await
    }

    async fn find_any_role(
        &self,
        (scope, own_count): (&OrganizationScope, bool),
        id: RoleId,
    ) -> Result<Option<Role>> {
        let mut params: Vec<Value<'_>> = vec![scope.organization().as_uuid().into()];
        let is_it = compile::bind(&mut params, id.as_uuid().into());
        let shown = shown(scope, own_count, &mut params);
        let statement = Sql::built(format!(
            "SELECT {COLUMNS} FROM roles r WHERE r.org_id = $1 AND r.id = {is_it} AND {shown}"
        ));
        self.conn.first(&statement, &params, read).await
    }

    async fn update_role(&self, scope: &Writable<OrganizationScope>, role: &Role) -> Result<()> {
        let params = params![
            scope.organization().as_uuid(),
            role.id.as_uuid(),
            &role.title,
            fold(&role.title),
            role.description.as_deref(),
            role.permissions.bits(),
            role.version,
            role.updated_at.as_micros(),
            role.content.to_code(),
        ];
        self.conn.run(&UPDATE, params).await.map(drop)
    }

    async fn role_is_granted(
        &self,
        scope: &OrganizationScope,
        (id, but_to): (RoleId, Option<PrincipalId>),
        now: Timestamp,
    ) -> Result<bool> {
        let but_to = but_to.unwrap_or(PrincipalId::from_uuid(Uuid::nil()));
        let params = params![scope.organization().as_uuid(), id.as_uuid(), now.as_micros(), but_to.as_uuid()];
        Ok(self.conn.first(&GRANTED, params, |row| row.int(0)).await?.is_some())
    }

    async fn delete_role(&self, scope: &Writable<OrganizationScope>, id: RoleId) -> Result<()> {
        self.conn.run(&DELETE, params![scope.organization().as_uuid(), id.as_uuid()]).await.map(drop)
    }

    async fn insert_role(&self, scope: &Writable<OrganizationScope>, role: &Role) -> Result<()> {
        self.conn.run(&LOCATE, params![role.id.as_uuid(), scope.organization().as_uuid()]).await?;
        let params = params![
            scope.organization().as_uuid(),
            role.id.as_uuid(),
            role.workspace.as_ref().map(WorkspaceId::as_uuid),
            role.level as i64,
            role.builtin.map(BuiltinRole::word),
            &role.title,
            fold(&role.title),
            role.description.as_deref(),
            role.permissions.bits(),
            role.version,
            role.created_at.as_micros(),
            role.updated_at.as_micros(),
            role.content.to_code(),
        ];
        self.conn.run(&INSERT, params).await.map(drop)
    }
}

/// Which roles `r` of the organization `$1` are shown, wherever they are granted: those of a workspace to who may read its
/// roles, and where `own_count` to who holds them. Who is left some workspaces alone reads no roles of the organization.
fn shown(scope: &OrganizationScope, own_count: bool, params: &mut Vec<Value<'_>>) -> String {
    if scope.in_every_workspace().contains(Permission::ReadWorkspaceRoles) {
        return "1 = 1".to_owned();
    }
    let own = compile::bind(params, scope.principal().as_uuid().into());
    let readable = PermissionSet::of(&[Permission::ReadWorkspaceRoles]).intersection(scope.by_own_roles());
    let mut seen = format!(
        "EXISTS (SELECT 1 FROM reach m WHERE m.principal_id = {own} AND m.org_id = $1 AND m.level = 2 \
         AND m.scope_id = r.workspace_id AND (m.permissions & {}) <> 0)",
        readable.bits()
    );
    if own_count {
        seen = format!(
            "({seen} OR EXISTS (SELECT 1 FROM grants g WHERE g.org_id = $1 AND g.role_id = r.id \
             AND g.subject_id = {own}))"
        );
    }
    format!(
        "(r.workspace_id IS NULL OR (EXISTS (SELECT 1 FROM workspaces w WHERE w.org_id = $1 \
         AND w.id = r.workspace_id AND w.deleted_at IS NULL) AND {seen}))"
    )
}

/// A page of the roles `r` of the organization `$1` that fulfil the condition; `holding` says which of their grants count.
async fn list(
    db: &Db<'_>,
    (shown, holding): (&str, (String, Option<PrincipalId>)),
    called: BuiltinTitles,
    query: &ListQuery<RoleField>,
    mut params: Vec<Value<'_>>,
) -> Result<Page<Role>> {
    let fields = RoleFields::called(called, holding);
    let wanted = compile::condition(&fields, &query.filter, &mut params)?;
    let page = &query.page;
    let paging = compile::paging(page, |field| fields.column(field), "r.id", &mut params)?;
    let statement = Sql::built(format!(
        "SELECT {COLUMNS} FROM roles r WHERE r.org_id = $1 AND {shown} AND {wanted} AND {}{}",
        paging.behind, paging.tail
    ));
    let rows = db.conn.all(&statement, &params, read).await?;
    Ok(Page::cut(rows, page.limit, |last| last.cursor(&page.order, called)))
}
