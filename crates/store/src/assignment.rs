//! Who holds which role where. A part of the port of grants.

use tenantry_core::authz::{OrganizationScope, PlaceScope};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::{Error, Result};
use tenantry_core::filter::{ListQuery, Test};
use tenantry_core::grant::{AssignmentField, Grant, PartyQuery, Scope, SeenParties, ServerProject, Subject};
use tenantry_core::ids::{
    GrantId, InvitationId, OrganizationId, PrincipalId, RoleId, ServerProjectId, TeamId, WorkspaceId,
};
use tenantry_core::page::Page;
use tenantry_core::permission::{Level, Permission, PermissionSet};
use uuid::Uuid;

use crate::compile::{self, Column, Fields, bind, id_list, id_test, int_test};
use crate::driver::{Row, Sql, Value, params};
use crate::session::Db;

/// What [`read`] expects, and where it is to be had.
const COLUMNS: &str = "g.id, g.subject_kind, g.subject_id, g.role_id, g.level, g.scope_id, g.created_at, g.created_by, \
     s.workspace_id, s.project_id";
const FROM: &str =
    "grants g LEFT JOIN server_projects s ON g.level = 3 AND s.org_id = g.org_id AND s.id = g.scope_id";

/// Who is meant by these columns.
pub(crate) fn subject(kind: &str, id: Uuid) -> Subject {
    match kind {
        "principal" => Subject::Principal(PrincipalId::from_uuid(id)),
        "team" => Subject::Team(TeamId::from_uuid(id)),
        _ => Subject::Invitation(InvitationId::from_uuid(id)),
    }
}

fn read(row: &Row<'_>) -> Result<Grant> {
    let object = row.id(5)?;
    let scope = match Level::from_number(row.int(4)?) {
        Some(Level::Server) => Scope::Server,
        Some(Level::Organization) => Scope::Organization,
        Some(Level::Workspace) => Scope::Workspace(WorkspaceId::from_uuid(object)),
        Some(Level::Project) => {
            let unknown = || Error::internal("a grant in an unknown project");
            Scope::Project(ServerProject {
                id: ServerProjectId::from_uuid(object),
                workspace: WorkspaceId::from_uuid(row.opt_id(8)?.ok_or_else(unknown)?),
                project: row.opt_id(9)?.ok_or_else(unknown)?,
            })
        }
        None => return Err(Error::internal("unknown level")),
    };
    Ok(Grant {
        id: GrantId::from_uuid(row.id(0)?),
        subject: subject(row.text(1)?, row.id(2)?),
        role: RoleId::from_uuid(row.id(3)?),
        scope,
        created_at: Timestamp::from_micros(row.int(6)?),
        created_by: PrincipalId::from_uuid(row.id(7)?),
    })
}

/// The fields of the table `g`.
struct AssignmentFields;

impl Fields<AssignmentField> for AssignmentFields {
    fn condition(&self, field: AssignmentField, test: &Test, params: &mut Vec<Value<'_>>) -> Result<String> {
        match field {
            AssignmentField::Id => id_test("g.id", test, params),
            AssignmentField::Role => id_test("g.role_id", test, params),
            AssignmentField::Project => id_test("s.project_id", test, params),
            AssignmentField::Subject => id_test("g.subject_id", test, params),
            AssignmentField::CreatedAt => int_test("g.created_at", test, params),
        }
    }
}

/// The condition that `g` is of a kind that is asked for. An invitation counts while it can be accepted at `now`.
fn of_kinds(
    (users, service_accounts): (bool, bool),
    SeenParties { teams, invitations }: SeenParties,
    now: Timestamp,
    params: &mut Vec<Value<'_>>,
) -> String {
    let mut kinds = Vec::new();
    let principal = |is: &str| {
        format!(
            "(g.subject_kind = 'principal' AND EXISTS \
             (SELECT 1 FROM principals p WHERE p.id = g.subject_id AND p.org_id {is}))"
        )
    };
    match (users, service_accounts) {
        (true, true) => kinds.push("g.subject_kind = 'principal'".to_owned()),
        (true, false) => kinds.push(principal("IS NULL")),
        (false, true) => kinds.push(principal("IS NOT NULL")),
        (false, false) => {}
    }
    if teams {
        kinds.push("g.subject_kind = 'team'".to_owned());
    }
    if invitations {
        let now = bind(params, now.as_micros().into());
        kinds.push(format!(
            "(g.subject_kind = 'invitation' AND EXISTS (SELECT 1 FROM invitations i WHERE i.org_id = g.org_id \
             AND i.id = g.subject_id AND i.status = 'pending' AND i.expires_at > {now}))"
        ));
    }
    if kinds.is_empty() { "1 = 0".to_owned() } else { format!("({})", kinds.join(" OR ")) }
}

/// The condition that `g` is at the place or inside the workspace that it is; or, for an organization, in a workspace whose people the scope shows.
fn within(scope: &PlaceScope, organization: OrganizationId, params: &mut Vec<Value<'_>>) -> String {
    if let Some(workspace) = scope.workspace() {
        let workspace = bind(params, workspace.as_uuid().into());
        return format!(
            "g.scope_id IN (SELECT {workspace} UNION ALL SELECT id FROM server_projects \
             WHERE org_id = $1 AND workspace_id = {workspace})"
        );
    }
    let needed = PermissionSet::of(&[Permission::ReadWorkspaceUsers]);
    let may_see = if scope.in_every_workspace().includes(needed) {
        String::new()
    } else {
        let principal = bind(params, scope.principal().as_uuid().into());
        format!(
            " AND EXISTS (SELECT 1 FROM reach m WHERE m.principal_id = {principal} AND m.org_id = $1 \
             AND m.level = 2 AND m.scope_id = COALESCE(s.workspace_id, g.scope_id) AND (m.permissions & {}) <> 0)",
            needed.intersection(scope.by_own_roles()).bits()
        )
    };
    let on = bind(params, organization.as_uuid().into());
    format!(
        "(g.scope_id = {on} OR (g.level > 1 AND EXISTS (SELECT 1 FROM workspaces w WHERE w.org_id = $1 \
         AND w.id = COALESCE(s.workspace_id, g.scope_id) AND w.deleted_at IS NULL){may_see}))"
    )
}

/// A page of the assignments that the scope shows.
pub(crate) async fn list(
    db: &Db<'_>,
    scope: &PlaceScope,
    (seen, now): (SeenParties, Timestamp),
    query: &ListQuery<AssignmentField>,
) -> Result<Page<Grant>> {
    let mut params: Vec<Value<'_>> = vec![scope.organization().as_uuid().into()];
    let kinds = of_kinds((true, true), seen, now, &mut params);
    let within = within(scope, scope.organization(), &mut params);
    let wanted = compile::condition(&AssignmentFields, &query.filter, &mut params)?;
    let page = &query.page;
    let sorted = |field| match field {
        AssignmentField::CreatedAt => Some(Column::along("g.created_at")),
        AssignmentField::Id | AssignmentField::Role | AssignmentField::Project | AssignmentField::Subject => {
            None
        }
    };
    let paging = compile::paging(page, sorted, "g.id", &mut params)?;
    let statement = Sql::built(format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE g.org_id = $1 AND {within} AND {kinds} AND {wanted} AND {}{}",
        paging.behind, paging.tail
    ));
    let rows = db.conn.all(&statement, &params, read).await?;
    Ok(Page::cut(rows, page.limit, |last| last.cursor(&page.order)))
}

/// Who holds a role directly at the place, the newest first.
pub(crate) async fn parties(
    db: &Db<'_>,
    scope: &PlaceScope,
    query: &PartyQuery,
    now: Timestamp,
) -> Result<Vec<Subject>> {
    let object = scope.at().object(scope.organization());
    let mut params: Vec<Value<'_>> = vec![scope.organization().as_uuid().into(), Value::Id(object)];
    let seen = SeenParties { teams: query.teams, invitations: query.invitations };
    let kinds = of_kinds((query.users, query.service_accounts), seen, now, &mut params);
    let holding = query.role.map_or_else(String::new, |role| {
        let role = bind(&mut params, Value::Id(*role.as_uuid()));
        format!(
            " AND EXISTS (SELECT 1 FROM grants h WHERE h.org_id = $1 AND h.scope_id = $2 \
             AND h.subject_id = g.subject_id AND h.role_id = {role})"
        )
    });
    let limit = bind(&mut params, i64::try_from(query.limit).unwrap_or(i64::MAX).into());
    let skip = bind(&mut params, i64::try_from(query.skip).unwrap_or(i64::MAX).into());
    let statement = Sql::built(format!(
        "SELECT g.subject_kind, g.subject_id, MIN(g.created_at) AS since FROM grants g \
         WHERE g.org_id = $1 AND g.scope_id = $2 AND {kinds}{holding} \
         GROUP BY g.subject_kind, g.subject_id ORDER BY since DESC, g.subject_id LIMIT {limit} OFFSET {skip}"
    ));
    db.conn.all(&statement, &params, |row| Ok(subject(row.text(0)?, row.id(1)?))).await
}

/// What these subjects hold directly at the place, in the order of granting.
pub(crate) async fn grants_at(db: &Db<'_>, scope: &PlaceScope, subjects: &[Subject]) -> Result<Vec<Grant>> {
    let object = scope.at().object(scope.organization());
    let mut params: Vec<Value<'_>> = vec![scope.organization().as_uuid().into(), Value::Id(object)];
    let list = id_list(&mut params, subjects.iter().map(|subject| *subject.uuid()));
    let statement = Sql::built(format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE g.org_id = $1 AND g.scope_id = $2 AND g.subject_id IN ({list}) \
         ORDER BY g.created_at, g.id"
    ));
    db.conn.all(&statement, &params, read).await
}

/// What the subject holds directly in projects of the workspace's server, in the order of granting.
pub(crate) async fn inside(
    db: &Db<'_>,
    scope: &OrganizationScope,
    subject: &Subject,
    workspace: WorkspaceId,
) -> Result<Vec<Grant>> {
    let statement = Sql::built(format!(
        "SELECT {COLUMNS} FROM server_projects s CROSS JOIN grants g WHERE s.org_id = $1 AND s.workspace_id = $2 \
         AND g.org_id = s.org_id AND g.scope_id = s.id AND g.subject_id = $3 ORDER BY g.created_at, g.id"
    ));
    let params = params![scope.organization().as_uuid(), workspace.as_uuid(), subject.uuid()];
    db.conn.all(&statement, params, read).await
}
