//! Invitations to a workspace.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use tenantry_aip::filter::Filter as Expression;
use tenantry_aip::order::OrderKey;
use tenantry_core::invitation::InvitationField;
use tenantry_core::permission::Permission;
use tenantry_http::{Authenticated, Query, Refused, Segments, Served};

use crate::Aip;
use crate::args::{judged_in_workspace, target};
use crate::page::{Ordering, PageTokens, Paging};

const ORDERING: Ordering<InvitationField> = Ordering {
    paths: &[],
    fields: &[InvitationField::CreatedAt],
    default: OrderKey { field: "create_time", descending: false },
};

/// `GET .../workspaces/{workspace}/invites`: the pending ones, in the order of their making.
pub(crate) async fn list_workspace_invites(
    State(served): State<Served>,
    Extension(tokens): Extension<PageTokens>,
    Authenticated { caller, .. }: Authenticated<Aip>,
    Segments([organization, workspace]): Segments<2>,
    query: Query<Aip>,
) -> Result<Response, Refused<Aip>> {
    let core = &served.core;
    let target = target(&organization, &workspace);
    let method = ("ListWorkspaceUserInvites", &[organization.as_str(), &workspace][..]);
    let paging = Paging::read(core, &tokens, &query, method, &ORDERING, (&Expression::default(), false));
    let paging =
        judged_in_workspace(core, &caller, &target, Permission::ReadWorkspaceInvitations, paging).await?;
    let page = core.list_workspace_invitations(&caller, target, paging.request.clone()).await?;
    Ok(paging.answer(
        core,
        &tokens,
        "invitations",
        &page,
        |invitation| json!({"email": invitation.email, "invitation_id": invitation.id.to_string()}),
    ))
}
