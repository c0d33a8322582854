//! Workspaces. Which of them a list shows, and how it is read, stands in `workspace_list`.

use async_trait::async_trait;
use tenantry_core::authz::{EverywhereScope, OrganizationScope, WorkspaceScope, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::{Error, Result};
use tenantry_core::filter::Filter;
use tenantry_core::ids::{OrganizationId, PrincipalId, WorkspaceId};
use tenantry_core::page::{Page, PageRequest};
use tenantry_core::permission::PermissionSet;
use tenantry_core::text::fold;
use tenantry_core::workspace::{
    BoundingBox, Deleted, Lifecycle, SeenWorkspace, Service, SilentServer, Standing, State, Workspace,
    WorkspaceField, WorkspaceRival, WorkspaceStore,
};

use crate::compile::behind_stem;
use crate::documents::{read_details, write_details};
use crate::driver::{Row, Sql, Value, params, sql};
use crate::session::Db;
use crate::workspace_list::{self, Lead};

/// The columns that [`read`] expects, of the table `w`.
pub(crate) const COLUMNS: &str = "w.org_id, w.id, w.key, w.name, w.description, w.labels, w.bounding_box, w.coordinate_system, \
     w.is_default, w.is_active, w.desired_state, w.state_reason, w.status, w.status_at, w.owner_id, w.project_count, \
     w.details, w.version, w.created_at, w.created_by, w.updated_at, w.updated_by, w.deleted_at, w.generation, \
     w.observed_generation";
pub(crate) const FIND: Sql = sql!(
    "SELECT w.org_id, w.id, w.key, w.name, w.description, w.labels, w.bounding_box, w.coordinate_system, \
       w.is_default, w.is_active, w.desired_state, w.state_reason, w.status, w.status_at, w.owner_id, w.project_count, \
       w.details, w.version, w.created_at, w.created_by, w.updated_at, w.updated_by, w.deleted_at, \
       w.generation, w.observed_generation, m.permissions \
     FROM workspaces w LEFT JOIN reach m \
       ON m.principal_id = $3 AND m.org_id = w.org_id AND m.level = 2 AND m.scope_id = w.id \
     WHERE w.org_id = $1 AND w.id = $2"
);
const STANDING: Sql = sql!("SELECT deleted_at, is_active FROM workspaces WHERE org_id = $1 AND id = $2");
pub(crate) const CALLED: Sql = sql!(
    "SELECT id, key, name_folded FROM workspaces WHERE org_id = $1 AND deleted_at IS NULL AND name_folded = $2 \
     UNION SELECT id, key, name_folded FROM workspaces WHERE org_id = $1 AND deleted_at IS NULL AND key = $3"
);
pub(crate) const KEYS_BEHIND: Sql = sql!(
    "SELECT key FROM workspaces WHERE org_id = $1 AND deleted_at IS NULL AND key >= $2 AND key < $3 AND LENGTH(key) <= $4"
);
const LOCATE: Sql = sql!("INSERT INTO locator (id, kind, org_id) VALUES ($1, 'workspace', $2)");
const INSERT: Sql = sql!(
    "INSERT INTO workspaces (org_id, id, key, name, name_folded, description, labels, bounding_box, \
       coordinate_system, is_default, is_active, desired_state, state_reason, status, status_at, owner_id, \
       project_count, details, version, updated_at, updated_by, deleted_at, generation, observed_generation, enrolled, \
       server_url, created_at, created_by) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
       $23, $24, $25, $26, $27, $28)"
);
const UPDATE: Sql = sql!(
    "UPDATE workspaces SET key = $3, name = $4, name_folded = $5, description = $6, labels = $7, bounding_box = $8, \
       coordinate_system = $9, is_default = $10, is_active = $11, desired_state = $12, state_reason = $13, \
       status = $14, status_at = $15, owner_id = $16, project_count = $17, details = $18, version = $19, \
       updated_at = $20, updated_by = $21, deleted_at = $22, generation = $23, observed_generation = $24, \
       enrolled = $25, server_url = $26 \
     WHERE org_id = $1 AND id = $2"
);
const COUNT_ENROLLED: Sql =
    sql!("SELECT COUNT(*) FROM workspaces WHERE org_id = $1 AND enrolled = 1 AND deleted_at IS NULL");
const CONTENTS: Sql = sql!(
    "SELECT (SELECT COUNT(*) FROM grants WHERE org_id = $1 AND scope_id = $2 AND subject_id <> $3 \
               AND subject_kind <> 'invitation') \
          + (SELECT COUNT(*) FROM invitations WHERE org_id = $1 AND workspace_id = $2 AND status = 'pending' \
               AND expires_at > $4)"
);

const ACTIVE_MEMBER: Sql = sql!(
    "SELECT 1 FROM principals p CROSS JOIN reach r WHERE p.id = $1 AND p.suspended_at IS NULL AND p.org_id IS NULL \
     AND r.principal_id = p.id AND r.org_id = $2 LIMIT 1"
);
/// A server is heard when its account, which has the id of its workspace, comes in, and when it says that it is up.
const SILENT: Sql = sql!(
    "SELECT w.org_id, w.id, w.status, w.server_url, \
       CAST(CASE WHEN EXISTS (SELECT 1 FROM credentials c WHERE c.principal_id = w.id AND c.last_used_at > $1) \
         THEN 1 ELSE 0 END AS BIGINT) \
     FROM workspaces w CROSS JOIN organizations o \
     WHERE w.enrolled = 1 AND w.deleted_at IS NULL AND w.is_active = 1 AND o.id = w.org_id AND o.deleted_at IS NULL \
       AND ((w.status IN ('available', 'pending') AND w.status_at <= $1 AND COALESCE(w.heard_at, 0) <= $1 \
             AND COALESCE(w.asked_at, 0) <= $2 AND NOT EXISTS \
              (SELECT 1 FROM credentials c WHERE c.principal_id = w.id AND c.last_used_at > $1)) \
         OR (w.status = 'failed' AND w.state_reason = 'server_silent' AND (COALESCE(w.asked_at, 0) <= $2 OR EXISTS \
              (SELECT 1 FROM credentials c WHERE c.principal_id = w.id AND c.last_used_at > $1)))) \
     ORDER BY COALESCE(w.asked_at, 0), w.org_id, w.id LIMIT $3"
);
const FALL_SILENT: Sql = sql!(
    "UPDATE workspaces SET status = $4, state_reason = $5, status_at = $6, updated_at = $6, version = version + 1 \
     WHERE org_id = $2 AND id = $3 AND enrolled = 1 AND deleted_at IS NULL AND is_active = 1 \
       AND status IN ('available', 'pending') AND status_at <= $1 AND COALESCE(heard_at, 0) <= $1 AND NOT EXISTS \
         (SELECT 1 FROM credentials c WHERE c.principal_id = $3 AND c.last_used_at > $1)"
);
const RETURN: Sql = sql!(
    "UPDATE workspaces SET status = $3, state_reason = $4, status_at = $5, updated_at = $5, version = version + 1 \
     WHERE org_id = $1 AND id = $2 AND enrolled = 1 AND deleted_at IS NULL AND is_active = 1 \
       AND (status = 'pending' OR (status = 'failed' AND state_reason = 'server_silent'))"
);
const ASKED: Sql = sql!(
    "UPDATE workspaces SET asked_at = $3, heard_at = CASE WHEN $4 = 1 THEN $3 ELSE heard_at END \
     WHERE org_id = $1 AND id = $2"
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
            generation: row.int(23)?,
            observed_generation: row.int(24)?,
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
    Ok(SeenWorkspace { workspace: read(row)?, own: row.opt_int(25)?.map(PermissionSet::from_bits) })
}

fn read_box(text: &str) -> Result<BoundingBox> {
    let ring: Vec<[f64; 2]> = serde_json::from_str(text).map_err(Error::internal)?;
    BoundingBox::new(&ring)
}

/// The values of `$1` to `$26`, in which INSERT and UPDATE agree but for their numbers.
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
        workspace.lifecycle.generation.into(),
        workspace.lifecycle.observed_generation.into(),
        workspace.details.is_enrolled.into(),
        workspace.details.zenml.as_ref().and_then(Service::address).into(),
    ])
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

    async fn workspace_standing(&self, scope: &WorkspaceScope) -> Result<Option<Standing>> {
        let read = async {
            let params = params![scope.organization().as_uuid(), scope.workspace().as_uuid()];
            let standing = |row: &Row<'_>| {
                Ok(match (row.opt_int(0)?, row.int(1)?) {
                    (Some(_), _) => Standing::Deleted,
                    (None, 0) => Standing::Deactivated,
                    (None, _) => Standing::Open,
                })
            };
            self.conn.first(&STANDING, params, standing).await
        };
        self.kept(scope.organization(), |kept| &kept.standings, scope.workspace(), read).await
    }

    async fn list_workspaces(
        &self,
        scope: &OrganizationScope,
        deleted: Deleted,
        filter: &Filter<WorkspaceField>,
        page: &PageRequest<WorkspaceField>,
    ) -> Result<Page<SeenWorkspace>> {
        let lead = self.lead(scope).await?;
        let (statement, params) = workspace_list::statement(scope, lead, deleted, filter, page)?;
        let rows = self.conn.all(&statement, &params, read_seen).await?;
        Ok(Page::cut(rows, page.limit, |last| last.cursor(&page.order)))
    }

    async fn count_workspaces(
        &self,
        scope: &OrganizationScope,
        deleted: Deleted,
        filter: &Filter<WorkspaceField>,
    ) -> Result<u64> {
        let (statement, params) = workspace_list::count(scope, deleted, filter)?;
        let count = self.conn.first(&statement, &params, |row| row.int(0)).await?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }

    async fn list_workspaces_everywhere(
        &self,
        scope: &EverywhereScope,
        deleted: Deleted,
        filter: &Filter<WorkspaceField>,
        page: &PageRequest<WorkspaceField>,
    ) -> Result<Page<SeenWorkspace>> {
        let (statement, params) = workspace_list::everywhere(scope, deleted, filter, page)?;
        let rows = self.conn.all(&statement, &params, read_seen).await?;
        Ok(Page::cut(rows, page.limit, |last| last.cursor(&page.order)))
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

    async fn workspace_keys_behind(
        &self,
        scope: &Writable<OrganizationScope>,
        stem: &str,
    ) -> Result<Vec<String>> {
        let (end, longest) = behind_stem(stem);
        let params = params![scope.organization().as_uuid(), stem, end, longest];
        self.conn.all(&KEYS_BEHIND, params, |row| row.text(0).map(str::to_owned)).await
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

    async fn count_enrolled(&self, scope: &Writable<OrganizationScope>) -> Result<u64> {
        let params = params![scope.organization().as_uuid()];
        let count = self.conn.first(&COUNT_ENROLLED, params, |row| row.int(0)).await?;
        Ok(count.unwrap_or_default().unsigned_abs())
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

    async fn is_active_member(&self, scope: &OrganizationScope, principal: PrincipalId) -> Result<bool> {
        let params = params![principal.as_uuid(), scope.organization().as_uuid()];
        Ok(self.conn.first(&ACTIVE_MEMBER, params, |_| Ok(())).await?.is_some())
    }

    async fn silent_servers(
        &self,
        before: Timestamp,
        asked_before: Timestamp,
        limit: u32,
    ) -> Result<Vec<SilentServer>> {
        let params = params![before.as_micros(), asked_before.as_micros(), i64::from(limit)];
        self.conn
            .all(&SILENT, params, |row| {
                let state = State::from_word(row.text(2)?);
                Ok(SilentServer {
                    organization: OrganizationId::from_uuid(row.id(0)?),
                    workspace: WorkspaceId::from_uuid(row.id(1)?),
                    status: state.ok_or_else(|| Error::internal("unknown state"))?,
                    url: row.opt_string(3)?,
                    has_come: row.int(4)? != 0,
                })
            })
            .await
    }

    async fn note_asked(&self, server: &SilentServer, is_up: bool, now: Timestamp) -> Result<()> {
        let (organization, workspace) = (server.organization.as_uuid(), server.workspace.as_uuid());
        let params = params![organization, workspace, now.as_micros(), i64::from(is_up)];
        self.conn.run(&ASKED, params).await.map(drop)
    }

    async fn fall_silent(
        &self,
        server: &SilentServer,
        before: Timestamp,
        (status, reason): (State, &'static str),
        now: Timestamp,
    ) -> Result<bool> {
        let params = params![
            before.as_micros(),
            server.organization.as_uuid(),
            server.workspace.as_uuid(),
            status.word(),
            reason,
            now.as_micros(),
        ];
        Ok(self.conn.run(&FALL_SILENT, params).await? > 0)
    }

    async fn return_server(
        &self,
        server: &SilentServer,
        (status, reason): (State, &'static str),
        now: Timestamp,
    ) -> Result<bool> {
        let params = params![
            server.organization.as_uuid(),
            server.workspace.as_uuid(),
            status.word(),
            reason,
            now.as_micros(),
        ];
        Ok(self.conn.run(&RETURN, params).await? > 0)
    }
}

/// Up to so many workspaces of one's own are read all and sorted.
const FEW: i64 = 128;
const SOME_OF_ONES_OWN: Sql = sql!(
    "SELECT COUNT(*) FROM (SELECT 1 FROM reach WHERE principal_id = $1 AND org_id = $2 AND level = 2 LIMIT $3) AS own"
);

impl Db<'_> {
    /// The way to a page that reads fewer rows: who sees few workspaces of many would make the ordered scan pass over
    /// nearly all of them.
    async fn lead(&self, scope: &OrganizationScope) -> Result<Lead> {
        if scope.sees_every_workspace() {
            return Ok(Lead::Order);
        }
        let (organization, principal) = (scope.organization(), scope.principal());
        let read = async {
            let params = params![principal.as_uuid(), organization.as_uuid(), FEW + 1];
            let count = self.conn.first(&SOME_OF_ONES_OWN, params, |row| row.int(0)).await?;
            Ok(if count.unwrap_or_default() > FEW { Lead::Order } else { Lead::OwnRoles })
        };
        self.kept(organization, |kept| &kept.leads, (organization, principal), read).await
    }
}
