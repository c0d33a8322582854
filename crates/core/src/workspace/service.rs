//! Use cases that read workspaces.

use futures_util::future::{try_join, try_join3};

use super::{Deleted, SeenWorkspace, Standing, WorkspaceField, deactivated};
use crate::Core;
use crate::authz::{self, OrganizationRef, OrganizationScope, View, WorkspaceRef};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::ids::PrincipalId;
use crate::organization::Organization;
use crate::page::{Page, PageRequest};
use crate::permission::Permission;
use crate::principal::People;
use crate::store::Session;

/// Which workspaces to list, and what else the answer needs.
#[derive(Clone, Debug)]
pub struct WorkspaceQuery {
    /// Which of the two ways to see a workspace count.
    pub view: View,
    /// Whether deleted ones are shown.
    pub deleted: Deleted,
    /// The condition.
    pub filter: Filter<WorkspaceField>,
    /// The page.
    pub page: PageRequest<WorkspaceField>,
    /// Whether the answer says how many there are in all.
    pub count: bool,
}

/// A page of workspaces with everything that a dialect may show beside them.
#[derive(Clone, Debug)]
pub struct WorkspaceList {
    /// Their organization.
    pub organization: Organization,
    /// The page.
    pub page: Page<SeenWorkspace>,
    /// How many there are in all, if it was asked for.
    pub total: Option<u64>,
    /// Owners, makers and changers, as far as the caller may know them.
    pub people: People,
    /// The organization's version, read before the rest: while it stays, and the caller's `auth_version`, so does this.
    pub version: i64,
}

/// One workspace with everything that a dialect may show beside it.
#[derive(Clone, Debug)]
pub struct WorkspaceDetail {
    /// Its organization.
    pub organization: Organization,
    /// The workspace.
    pub seen: SeenWorkspace,
    /// Owner, maker and changer, as far as the caller may know them.
    pub people: People,
}

impl Core {
    /// A page of the workspaces of an organization that the caller may see.
    pub async fn list_workspaces(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        query: WorkspaceQuery,
    ) -> Result<WorkspaceList> {
        let asked = (caller.clone(), organization, query, self.anchors());
        self.store()
            .scan(asked, |session, (caller, organization, query, anchors)| {
                Box::pin(async move {
                    let scope = authz::enter_to_list(session, caller, organization, query.view).await?;
                    let list = anchors.list(caller, &scope, query);
                    // Together: a database at a distance answers them in one round trip.
                    let total = async {
                        if query.count { list.total(session, &scope).await.map(Some) } else { Ok(None) }
                    };
                    let page = list.page(session, &scope, &query.page);
                    let (total, page, organization) =
                        try_join3(total, page, the_organization(session, &scope)).await?;
                    let people = people_of(session, &scope, &organization, &page.items).await?;
                    Ok(WorkspaceList { organization, page, total, people, version: scope.version() })
                })
            })
            .await
    }

    /// One workspace, deleted or not.
    pub async fn get_workspace(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
        view: View,
    ) -> Result<WorkspaceDetail> {
        self.store()
            .point((caller.clone(), target, view), |session, (caller, (organization, workspace), view)| {
                Box::pin(async move {
                    let target = (organization, workspace);
                    let needed = Permission::ReadWorkspace;
                    let scope = authz::require_workspace(session, caller, needed, target, *view).await?;
                    detail(session, &scope).await
                })
            })
            .await
    }

    /// The preferences of a workspace.
    pub async fn get_workspace_preferences(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
    ) -> Result<super::Workspace> {
        self.store()
            .point((caller.clone(), target), |session, (caller, (organization, workspace))| {
                Box::pin(async move {
                    let target = (organization, workspace);
                    let needed = Permission::ReadWorkspacePreferences;
                    let scope = authz::require_workspace(session, caller, needed, target, View::Both).await?;
                    require_live(session, &scope).await
                })
            })
            .await
    }
}

/// The workspace of the scope, unless it is deleted.
pub(crate) async fn require_live(
    session: &dyn Session,
    scope: &authz::WorkspaceScope,
) -> Result<super::Workspace> {
    let found = session.find_workspace(scope).await?;
    found.filter(|workspace| workspace.deleted_at.is_none()).ok_or_else(|| Error::not_found("workspace"))
}

/// Refuses what needs the workspace of the scope to be neither deleted nor deactivated.
pub(crate) async fn require_open(session: &dyn Session, scope: &authz::WorkspaceScope) -> Result<()> {
    match session.workspace_standing(scope).await? {
        Some(Standing::Open) => Ok(()),
        Some(Standing::Deactivated) => Err(deactivated()),
        Some(Standing::Deleted) | None => Err(Error::not_found("workspace")),
    }
}

/// The workspace of the scope with what may be shown beside it.
pub(super) async fn detail(session: &dyn Session, scope: &authz::WorkspaceScope) -> Result<WorkspaceDetail> {
    let (seen, organization) =
        try_join(session.find_seen_workspace(scope), the_organization(session, scope)).await?;
    let seen = seen.ok_or_else(|| Error::not_found("workspace"))?;
    let people = people_of(session, scope, &organization, std::slice::from_ref(&seen)).await?;
    Ok(WorkspaceDetail { organization, seen, people })
}

pub(super) async fn the_organization(
    session: &dyn Session,
    scope: &OrganizationScope,
) -> Result<Organization> {
    session.find_organization(scope).await?.ok_or_else(|| Error::hidden("organization"))
}

pub(super) async fn people_of(
    session: &dyn Session,
    scope: &OrganizationScope,
    organization: &Organization,
    seen: &[SeenWorkspace],
) -> Result<People> {
    let mut ids: Vec<PrincipalId> = seen
        .iter()
        .flat_map(|seen| [seen.workspace.owner, seen.workspace.created_by, seen.workspace.updated_by])
        .chain([organization.owner])
        .collect();
    ids.sort_unstable();
    ids.dedup();
    session.people(scope, &ids).await
}
