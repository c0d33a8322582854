//! The workspaces of an organization in which the caller has a role.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::Error;
use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::ids::OrganizationId;
use tenantry_core::workspace::WorkspaceQuery;
use tenantry_http::{Authenticated, Query, Refused, Segments, Served, Stamp};

use crate::page::{PageLinks, Window};
use crate::workspace::{Workspace, workspaces_path};
use crate::{Evo, filters, order};

/// A page of workspaces.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "evo.WorkspacePage")]
pub(crate) struct WorkspacePage {
    links: PageLinks,
    results: Vec<Workspace>,
}

/// `GET /workspace/orgs/{org_id}/workspaces`
///
/// Unknown parameters are passed over, since the client may send what a newer server knows. Administering the
/// organization shows nothing here: that is what the admin paths are for.
pub(crate) async fn list_workspaces(
    who: Authenticated<Evo>,
    State(served): State<Served>,
    Segments([organization]): Segments<1>,
    query: Query<Evo>,
) -> Result<(Stamp, Json<WorkspacePage>), Refused<Evo>> {
    let organization = OrganizationId::parse(&organization).ok_or_else(|| Error::hidden("organization"))?;
    let window = Window::of(&query)?;
    let wanted = WorkspaceQuery {
        view: View::OwnRoles,
        deleted: filters::deleted(&query)?,
        filter: filters::filter(&query)?,
        page: tenantry_core::page::PageRequest {
            order: order::order(&query)?,
            start: window.start(),
            limit: window.rows(),
        },
        count: true,
    };
    let list = served.core.list_workspaces(&who.caller, OrganizationRef::Id(organization), wanted).await?;
    let results: Vec<_> =
        list.page.items.into_iter().map(|seen| Workspace::new(seen, &list.people, &served)).collect();
    let address = served.address(&workspaces_path(organization));
    let size = (results.len(), list.total.unwrap_or_default());
    let links = PageLinks::new(&address, &query, is_known, window, size);
    let stamp = Stamp::new(&who.caller, organization, list.version);
    Ok((stamp, Json(WorkspacePage { links, results })))
}

/// What the list knows besides `limit` and `offset`: links to other pages keep these parameters.
fn is_known(parameter: &str) -> bool {
    filters::knows(parameter) || order::knows(parameter)
}
