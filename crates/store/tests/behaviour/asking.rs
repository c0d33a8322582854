//! The questions that many behaviours ask, with what they leave open filled in.

use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::error::{Kind, Result};
use tenantry_core::filter::Filter;
use tenantry_core::ids::OrganizationId;
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::workspace::{Deleted, NewWorkspace, WorkspaceField, WorkspaceQuery};
use tenantry_testkit::{Member, TestCore};

/// The first page, of as many rows as any test makes.
pub(crate) fn first_page<F>(order: Vec<Order<F>>) -> PageRequest<F> {
    PageRequest { order, start: Start::Beginning, limit: 1000 }
}

/// All live workspaces by name, in every way to see them.
pub(crate) fn every_workspace() -> WorkspaceQuery {
    WorkspaceQuery {
        view: View::Both,
        deleted: Deleted::Hide,
        filter: Filter::All,
        page: first_page(vec![Order::ascending(WorkspaceField::Name)]),
        count: false,
    }
}

/// A new workspace of this name.
pub(crate) fn called(name: &str) -> NewWorkspace {
    NewWorkspace { name: name.to_owned(), ..NewWorkspace::default() }
}

/// The names of the workspaces that the query shows, in its order.
pub(crate) async fn names(
    core: &TestCore,
    who: &Member,
    organization: OrganizationId,
    query: WorkspaceQuery,
) -> Vec<String> {
    let list = core.list_workspaces(&who.caller, OrganizationRef::Id(organization), query).await.unwrap();
    list.page.items.into_iter().map(|seen| seen.workspace.name).collect()
}

/// What a refusal says: kind, reason, text for the client.
pub(crate) fn refusal<T: std::fmt::Debug>(outcome: Result<T>) -> (Kind, &'static str, String) {
    let error = outcome.unwrap_err();
    (error.kind, error.reason, error.public().to_owned())
}

/// The kind of a refusal.
pub(crate) fn kind<T: std::fmt::Debug>(outcome: Result<T>) -> Kind {
    outcome.unwrap_err().kind
}

/// The exact cause of a refusal.
pub(crate) fn reason<T: std::fmt::Debug>(outcome: Result<T>) -> &'static str {
    outcome.unwrap_err().reason
}
