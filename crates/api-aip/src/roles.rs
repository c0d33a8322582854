//! Roles that can be given in a workspace.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use tenantry_aip::filter::Filter as Expression;
use tenantry_aip::order::OrderKey;
use tenantry_core::ids::WorkspaceId;
use tenantry_core::permission::Permission;
use tenantry_core::role::{Role, RoleField};
use tenantry_http::{Authenticated, Query, Refused, Segments, Served};

use crate::args::{judged_in_workspace, target};
use crate::page::{Ordering, PageTokens, Paging};
use crate::{Aip, names};

const ORDERING: Ordering<RoleField> = Ordering {
    paths: &[],
    fields: &[RoleField::CreatedAt],
    default: OrderKey { field: "create_time", descending: false },
};

/// `GET .../workspaces/{workspace}/roles`: built-in ones and custom ones, in the order of their making.
pub(crate) async fn list_workspace_roles(
    State(served): State<Served>,
    Extension(tokens): Extension<PageTokens>,
    Authenticated { caller, .. }: Authenticated<Aip>,
    Segments([organization, workspace]): Segments<2>,
    query: Query<Aip>,
) -> Result<Response, Refused<Aip>> {
    let core = &served.core;
    let target = target(&organization, &workspace);
    let method = ("ListWorkspaceRoles", &[organization.as_str(), &workspace][..]);
    let paging = Paging::read(core, &tokens, &query, method, &ORDERING, (&Expression::default(), false));
    let paging = judged_in_workspace(core, &caller, &target, Permission::ReadWorkspaceRoles, paging).await?;
    let detail = core.get_workspace(&caller, target.clone(), tenantry_core::authz::View::Both).await?;
    let id = detail.seen.workspace.id;
    let page = core.list_workspace_roles(&caller, target, paging.request.clone()).await?;
    Ok(paging.answer(core, &tokens, "roles", &page, |role| write(role, id)))
}

fn write(role: &Role, workspace: WorkspaceId) -> Value {
    let parent = names::WorkspaceName(role.organization, workspace);
    let permissions: Vec<&str> = role.permissions.iter().map(Permission::name).collect();
    match role.builtin {
        Some(builtin) => {
            let (title, short) = names::builtin(builtin);
            json!({
                "name": format!("{parent}/roles/{short}"),
                "title": title,
                "description": names::description(builtin),
                "permissions": permissions,
            })
        }
        None => json!({
            "name": format!("{parent}/roles/{}", role.id),
            "title": role.title,
            "description": role.description.as_deref().unwrap_or_default(),
            "permissions": permissions,
        }),
    }
}
