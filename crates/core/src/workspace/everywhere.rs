//! Workspaces where a request names no organization.

use std::collections::BTreeMap;

use super::service::{people_of, the_organization};
use super::{Deleted, WorkspaceDetail, WorkspaceField};
use crate::Core;
use crate::authz::{self, OrganizationRef, View, WorkspaceRef};
use crate::caller::Caller;
use crate::error::{Error, Kind, Result};
use crate::filter::{Comparison, Filter, Test};
use crate::ids::{OrganizationId, WorkspaceId};
use crate::page::{Order, PageRequest, Start};
use crate::permission::Permission;

/// Which workspaces of all organizations to list.
#[derive(Clone, Debug)]
pub struct EverywhereQuery {
    /// Which of the two ways to see a workspace count.
    pub view: View,
    /// Only in this organization.
    pub organization: Option<OrganizationId>,
    /// Whether deleted ones are shown.
    pub deleted: Deleted,
    /// The condition.
    pub filter: Filter<WorkspaceField>,
    /// The page.
    pub page: PageRequest<WorkspaceField>,
}

impl Core {
    /// A page of the workspaces of all live organizations that the caller may see.
    pub async fn list_workspaces_everywhere(
        &self,
        caller: &Caller,
        query: EverywhereQuery,
    ) -> Result<Vec<WorkspaceDetail>> {
        self.store()
            .scan((caller.clone(), query), |session, (caller, query)| {
                Box::pin(async move {
                    let EverywhereQuery { view, organization, deleted, filter, page } = query;
                    let scope = authz::everywhere(session, caller, *view, *organization).await?;
                    let found =
                        session.list_workspaces_everywhere(&scope, *deleted, filter, page).await?.items;
                    let mut organizations = BTreeMap::new();
                    for id in found.iter().map(|seen| seen.workspace.organization) {
                        if organizations.contains_key(&id) {
                            continue;
                        }
                        let by = OrganizationRef::Id(id);
                        // Who has a role in a workspace has one inside its organization.
                        let scope = authz::enter(session, caller, &by, View::Both).await?;
                        let organization = the_organization(session, &scope).await?;
                        let its = |seen: &&super::SeenWorkspace| seen.workspace.organization == id;
                        let shown: Vec<_> = found.iter().filter(its).cloned().collect();
                        let people = people_of(session, &scope, &organization, &shown).await?;
                        organizations.insert(id, (organization, people));
                    }
                    let detail = |seen: super::SeenWorkspace| {
                        let (organization, people) = organizations.get(&seen.workspace.organization)?.clone();
                        Some(WorkspaceDetail { organization, seen, people })
                    };
                    Ok(found.into_iter().filter_map(detail).collect())
                })
            })
            .await
    }

    /// The organization of the one workspace that the caller may see and that has this id, or is called this.
    ///
    /// # Errors
    /// Hidden if there is none; `Kind::AlreadyExists` if several organizations have one of this name.
    pub async fn find_workspace_everywhere(
        &self,
        caller: &Caller,
        text: &str,
    ) -> Result<(OrganizationId, WorkspaceId)> {
        if let Some(id) = WorkspaceId::parse(text) {
            return self.find_workspace_by_id(caller, id).await;
        }
        let named = Filter::Is(WorkspaceField::Name, Test::Folded(text.to_owned()));
        let is_it = Test::Text(Comparison::Equal, text.to_owned());
        let keyed = Filter::Is(WorkspaceField::Key, is_it);
        let (filter, deleted) = (Filter::Or(vec![named, keyed]), Deleted::Hide);
        let page = PageRequest {
            order: vec![Order::descending(WorkspaceField::CreatedAt)],
            start: Start::Beginning,
            limit: 2,
        };
        let query = EverywhereQuery { view: View::Both, organization: None, deleted, filter, page };
        let found = self.list_workspaces_everywhere(caller, query).await?;
        match found.as_slice() {
            [] => Err(Error::hidden("workspace")),
            [only] => Ok((only.organization.id, only.seen.workspace.id)),
            _ => {
                let message = "several organizations have a workspace of this name: name it by its id";
                Err(Error::new(Kind::AlreadyExists, "workspace.ambiguous", message))
            }
        }
    }

    /// The same by its id, deleted or not.
    async fn find_workspace_by_id(
        &self,
        caller: &Caller,
        id: WorkspaceId,
    ) -> Result<(OrganizationId, WorkspaceId)> {
        self.store()
            .point((caller.clone(), id), |session, (caller, id)| {
                Box::pin(async move {
                    let hidden = || Error::hidden("workspace");
                    let organization = session.organization_of(&authz::Thing::Workspace(*id)).await?;
                    let organization = organization.ok_or_else(hidden)?;
                    let target = (&OrganizationRef::Id(organization), &WorkspaceRef::Id(*id));
                    let needed = Permission::ReadWorkspace;
                    let scope = authz::require_workspace(session, caller, needed, target, View::Both).await;
                    scope.map_err(|_| hidden()).map(|scope| (scope.organization(), scope.workspace()))
                })
            })
            .await
    }
}
