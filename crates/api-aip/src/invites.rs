//! Invitations to a workspace.

use serde_json::{Value, json};
use tenantry_aip::filter::Filter as Expression;
use tenantry_aip::order::OrderKey;
use tenantry_core::invitation::{Invitation, InvitationField};
use tenantry_core::permission::Permission;

use crate::args::{judged_in_workspace, target};
use crate::page::{Ordering, Paging};
use crate::read::Read;
use crate::resource::Answer;

const ROWS: &str = "invitations";
const FIELDS: &[&str] = &["email", "invitation_id"];
const ORDERING: Ordering<InvitationField> = Ordering {
    paths: &[],
    fields: &[InvitationField::CreatedAt],
    default: OrderKey { field: "create_time", descending: false },
};

/// `GET .../workspaces/{workspace}/invites`: the pending ones, in the order of their making.
pub(crate) async fn list_workspace_invites(read: Read<2>) -> Answer {
    let target = target(&read.path[0], &read.path[1]);
    let wanted = || {
        let shown = read.fields_of_list(ROWS, FIELDS)?;
        let none = Expression::default();
        Ok((shown, Paging::read(&read, "ListWorkspaceUserInvites", &ORDERING, (&none, false))?))
    };
    let needed = Permission::ReadWorkspaceInvitations;
    let (shown, paging) = judged_in_workspace(&read.core, &read.caller, &target, needed, wanted()).await?;
    let page = read.core.list_workspace_invitations(&read.caller, target, paging.request.clone()).await?;
    Ok(read.answer(paging.answer(&read, ROWS, page, |invitation| write_pending(&invitation)), &shown))
}

/// A pending invitation as lists show it.
fn write_pending(invitation: &Invitation) -> Value {
    json!({"email": invitation.email, "invitation_id": invitation.id.to_string()})
}
