//! Workspaces.
//!
//! The list is an ordered scan along an index that ends with the page; the caller's own role is looked up row by row.
//! SQLite keeps the order of a CROSS JOIN, so it never sorts the joined rows.

use async_trait::async_trait;
use tenantry_core::authz::{OrganizationScope, WorkspaceScope, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::{Error, Result};
use tenantry_core::filter::{Filter, Test};
use tenantry_core::ids::{OrganizationId, PrincipalId, WorkspaceId};
use tenantry_core::page::{Page, PageRequest};
use tenantry_core::permission::{Permission, PermissionSet};
use tenantry_core::text::fold;
use tenantry_core::workspace::{
    BoundingBox, Deleted, Lifecycle, SeenWorkspace, State, Workspace, WorkspaceField, WorkspaceRival,
    WorkspaceStore,
};

use crate::compile::{self, Column, Fields, bind, id_list, id_test, int_test, text_test, unfit};
use crate::documents::{read_details, write_details};
use crate::driver::{Row, Sql, Value, params, sql};
use crate::session::Db;

/// The columns that [`read`] expects, of the table `w`.
const COLUMNS: &str = "w.org_id, w.id, w.key, w.name, w.description, w.labels, w.bounding_box, w.coordinate_system, \
     w.is_default, w.is_active, w.desired_state, w.state_reason, w.status, w.status_at, w.owner_id, w.project_count, \
     w.details, w.version, w.created_at, w.created_by, w.updated_at, w.updated_by, w.deleted_at";
/// The word of [`Workspace::status`].
const STATUS: &str = "CASE WHEN w.deleted_at IS NOT NULL THEN 'deleted' WHEN w.is_active = 0 THEN 'deactivated' \
     ELSE w.status END";
pub(crate) const FIND: Sql = sql!(
    "SELECT w.org_id, w.id, w.key, w.name, w.description, w.labels, w.bounding_box, w.coordinate_system, \
       w.is_default, w.is_active, w.desired_state, w.state_reason, w.status, w.status_at, w.owner_id, w.project_count, \
       w.details, w.version, w.created_at, w.created_by, w.updated_at, w.updated_by, w.deleted_at, m.permissions \
     FROM workspaces w LEFT JOIN reach m \
       ON m.principal_id = $3 AND m.org_id = w.org_id AND m.level = 2 AND m.scope_id = w.id \
     WHERE w.org_id = $1 AND w.id = $2"
);
pub(crate) const CALLED: Sql = sql!(
    "SELECT id, key, name_folded FROM workspaces WHERE org_id = $1 AND deleted_at IS NULL AND name_folded = $2 \
     UNION SELECT id, key, name_folded FROM workspaces WHERE org_id = $1 AND deleted_at IS NULL AND key = $3"
);
const LOCATE: Sql = sql!("INSERT INTO locator (id, kind, org_id) VALUES ($1, 'workspace', $2)");
const INSERT: Sql = sql!(
    "INSERT INTO workspaces (org_id, id, key, name, name_folded, description, labels, bounding_box, \
       coordinate_system, is_default, is_active, desired_state, state_reason, status, status_at, owner_id, \
       project_count, details, version, updated_at, updated_by, deleted_at, created_at, created_by) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
       $23, $24)"
);
const UPDATE: Sql = sql!(
    "UPDATE workspaces SET key = $3, name = $4, name_folded = $5, description = $6, labels = $7, bounding_box = $8, \
       coordinate_system = $9, is_default = $10, is_active = $11, desired_state = $12, state_reason = $13, \
       status = $14, status_at = $15, owner_id = $16, project_count = $17, details = $18, version = $19, \
       updated_at = $20, updated_by = $21, deleted_at = $22 \
     WHERE org_id = $1 AND id = $2"
);
const CONTENTS: Sql = sql!(
    "SELECT (SELECT COUNT(*) FROM grants WHERE org_id = $1 AND scope_id = $2 AND subject_id <> $3 \
               AND subject_kind <> 'invitation') \
          + (SELECT COUNT(*) FROM invitations WHERE org_id = $1 AND workspace_id = $2 AND status = 'pending' \
               AND expires_at > $4)"
);

fn read(row: &Row<'_>) -> Result<Workspace> {
    let state = |column| State::from_word(row.text(column)?).ok_or_else(|| Error::internal("unknown state"));
    Ok(Workspace {
        organization: OrganizationId::from_uuid(row.id(0)?),
        id: WorkspaceId::from_uuid(row.id(1)?),
        key: row.text(2)?.to_owned(),
        name: row.text(3)?.to_owned(),
        description: row.opt_string(4)?,
        labels: row
            .opt_text(5)?
            .map_or(Ok(Vec::new()), |text| serde_json::from_str(text).map_err(Error::internal))?,
        bounding_box: row.opt_text(6)?.map(read_box).transpose()?,
        coordinate_system: row.opt_string(7)?,
        is_default: row.int(8)? != 0,
        is_active: row.int(9)? != 0,
        lifecycle: Lifecycle {
            desired: state(10)?,
            reason: row.text(11)?.to_owned(),
            status: state(12)?,
            changed_at: Timestamp::from_micros(row.int(13)?),
        },
        owner: PrincipalId::from_uuid(row.id(14)?),
        project_count: row.int(15)?,
        details: read_details(row.opt_text(16)?)?,
        version: row.int(17)?,
        created_at: Timestamp::from_micros(row.int(18)?),
        created_by: PrincipalId::from_uuid(row.id(19)?),
        updated_at: Timestamp::from_micros(row.int(20)?),
        updated_by: PrincipalId::from_uuid(row.id(21)?),
        deleted_at: row.opt_int(22)?.map(Timestamp::from_micros),
    })
}

fn read_seen(row: &Row<'_>) -> Result<SeenWorkspace> {
    Ok(SeenWorkspace { workspace: read(row)?, own: row.opt_int(23)?.map(PermissionSet::from_bits) })
}

fn read_box(text: &str) -> Result<BoundingBox> {
    let ring: Vec<[f64; 2]> = serde_json::from_str(text).map_err(Error::internal)?;
    BoundingBox::new(&ring)
}

/// The values of `$1` to `$22`, in which INSERT and UPDATE agree but for their numbers.
fn values(workspace: &Workspace) -> Result<Vec<Value<'_>>> {
    let json = |text: serde_json::Result<String>| text.map_err(Error::internal);
    let labels = match workspace.labels.as_slice() {
        [] => None,
        labels => Some(json(serde_json::to_string(labels))?),
    };
    let bounding_box =
        workspace.bounding_box.as_ref().map(|area| json(serde_json::to_string(area.ring()))).transpose()?;
    Ok(vec![
        workspace.organization.as_uuid().into(),
        workspace.id.as_uuid().into(),
        (&workspace.key).into(),
        (&workspace.name).into(),
        fold(&workspace.name).into(),
        workspace.description.as_deref().into(),
        labels.into(),
        bounding_box.into(),
        workspace.coordinate_system.as_deref().into(),
        workspace.is_default.into(),
        workspace.is_active.into(),
        workspace.lifecycle.desired.word().into(),
        (&workspace.lifecycle.reason).into(),
        workspace.lifecycle.status.word().into(),
        workspace.lifecycle.changed_at.as_micros().into(),
        workspace.owner.as_uuid().into(),
        workspace.project_count.into(),
        write_details(&workspace.details)?.into(),
        workspace.version.into(),
        workspace.updated_at.as_micros().into(),
        workspace.updated_by.as_uuid().into(),
        workspace.deleted_at.map(Timestamp::as_micros).into(),
    ])
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
            WorkspaceField::DefaultFirst => Err(unfit("w.is_default")),
        }
    }
}

const fn column(field: WorkspaceField) -> Option<Column> {
    match field {
        WorkspaceField::Name => Some(Column::along("w.name")),
        WorkspaceField::CreatedAt => Some(Column::along("w.created_at")),
        WorkspaceField::UpdatedAt => Some(Column::along("w.updated_at")),
        WorkspaceField::OwnRole => Some(Column::along("COALESCE(m.role_rank, 0)")),
        WorkspaceField::DefaultFirst => Some(Column::against("w.is_default")),
        WorkspaceField::CreatedBy | WorkspaceField::Status | WorkspaceField::HasUser => None,
    }
}

/// `FROM ... WHERE ...`: the rows that the scope shows, which is the permission as a predicate.
fn shown(
    scope: &OrganizationScope,
    deleted: Deleted,
    filter: &Filter<WorkspaceField>,
    params: &mut Vec<Value<'_>>,
) -> Result<String> {
    let organization = bind(params, scope.organization().as_uuid().into());
    let principal = bind(params, scope.principal().as_uuid().into());
    let own = format!(
        "m.principal_id = {principal} AND m.org_id = {organization} AND m.level = 2 AND m.scope_id = w.id"
    );
    let mut text = if scope.sees_every_workspace() {
        format!("FROM workspaces w LEFT JOIN reach m ON {own} WHERE w.org_id = {organization}")
    } else {
        let may_see =
            PermissionSet::of(&[Permission::ReadWorkspace]).intersection(scope.by_own_roles()).bits();
        format!(
            "FROM workspaces w CROSS JOIN reach m WHERE w.org_id = {organization} AND {own} \
             AND (m.permissions & {may_see}) <> 0"
        )
    };
    text.push_str(match deleted {
        Deleted::Hide => " AND w.deleted_at IS NULL",
        Deleted::Only => " AND w.deleted_at IS NOT NULL",
        Deleted::Show => "",
    });
    if let Some(only) = scope.only_workspaces() {
        let list = id_list(params, only.iter().map(|id| *id.as_uuid()));
        text = format!("{text} AND w.id IN ({list})");
    }
    if *filter != Filter::All {
        text = format!("{text} AND {}", compile::condition(&WorkspaceFields, filter, params)?);
    }
    Ok(text)
}

/// The statement of a list page, for the tests that look at its plan as well.
pub(crate) fn list_statement(
    scope: &OrganizationScope,
    deleted: Deleted,
    filter: &Filter<WorkspaceField>,
    page: &PageRequest<WorkspaceField>,
) -> Result<(Sql, Vec<Value<'static>>)> {
    let mut params = Vec::new();
    let shown = shown(scope, deleted, filter, &mut params)?;
    let paging = compile::paging(page, column, "w.id", &mut params)?;
    let text = format!("SELECT {COLUMNS}, m.permissions {shown} AND {}{}", paging.behind, paging.tail);
    Ok((Sql::built(text), params))
}

#[async_trait]
impl WorkspaceStore for Db<'_> {
    async fn find_seen_workspace(&self, scope: &WorkspaceScope) -> Result<Option<SeenWorkspace>> {
        let params =
            params![scope.organization().as_uuid(), scope.workspace().as_uuid(), scope.principal().as_uuid()];
        self.conn.first(&FIND, params, read_seen).await
    }

    async fn find_workspace(&self, scope: &WorkspaceScope) -> Result<Option<Workspace>> {
        Ok(self.find_seen_workspace(scope).await?.map(|seen| seen.workspace))
    }

    async fn list_workspaces(
        &self,
        scope: &OrganizationScope,
        deleted: Deleted,
        filter: &Filter<WorkspaceField>,
        page: &PageRequest<WorkspaceField>,
    ) -> Result<Page<SeenWorkspace>> {
        let (statement, params) = list_statement(scope, deleted, filter, page)?;
        let rows = self.conn.all(&statement, &params, read_seen).await?;
        Ok(Page::cut(rows, page.limit, |last| last.cursor(&page.order)))
    }

    async fn count_workspaces(
        &self,
        scope: &OrganizationScope,
        deleted: Deleted,
        filter: &Filter<WorkspaceField>,
    ) -> Result<u64> {
        let mut params = Vec::new();
        let shown = shown(scope, deleted, filter, &mut params)?;
        let statement = Sql::built(format!("SELECT COUNT(*) {shown}"));
        let count = self.conn.first(&statement, &params, |row| row.int(0)).await?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }

    async fn workspaces_called(
        &self,
        scope: &Writable<OrganizationScope>,
        folded_name: &str,
        key: &str,
    ) -> Result<Vec<WorkspaceRival>> {
        self.conn
            .all(&CALLED, params![scope.organization().as_uuid(), folded_name, key], |row| {
                Ok(WorkspaceRival {
                    id: WorkspaceId::from_uuid(row.id(0)?),
                    key: row.text(1)?.to_owned(),
                    folded_name: row.text(2)?.to_owned(),
                })
            })
            .await
    }

    async fn insert_workspace(
        &self,
        scope: &Writable<OrganizationScope>,
        workspace: &Workspace,
    ) -> Result<()> {
        let locate = params![workspace.id.as_uuid(), scope.organization().as_uuid()];
        self.conn.run(&LOCATE, locate).await?;
        let mut values = values(workspace)?;
        values.push(workspace.created_at.as_micros().into());
        values.push(workspace.created_by.as_uuid().into());
        self.conn.run(&INSERT, &values).await.map(drop)
    }

    async fn update_workspace(&self, _: &Writable<WorkspaceScope>, workspace: &Workspace) -> Result<()> {
        self.conn.run(&UPDATE, &values(workspace)?).await.map(drop)
    }

    async fn count_contents(&self, scope: &WorkspaceScope, now: Timestamp) -> Result<u64> {
        let params = params![
            scope.organization().as_uuid(),
            scope.workspace().as_uuid(),
            scope.principal().as_uuid(),
            now.as_micros(),
        ];
        let count = self.conn.first(&CONTENTS, params, |row| row.int(0)).await?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }
}
