//! Roles that can be given in a workspace.

use serde_json::{Value, json};
use tenantry_aip::filter::Filter as Expression;
use tenantry_aip::order::OrderKey;
use tenantry_core::authz::View;
use tenantry_core::ids::WorkspaceId;
use tenantry_core::permission::Permission;
use tenantry_core::role::{Role, RoleField};

use crate::args::{judged_in_workspace, target};
use crate::names;
use crate::page::{Ordering, Paging};
use crate::read::Read;
use crate::resource::Answer;

const ROWS: &str = "roles";
const FIELDS: &[&str] = &["name", "title", "description", "permissions"];
const ORDERING: Ordering<RoleField> = Ordering {
    paths: &[],
    fields: &[RoleField::CreatedAt],
    default: OrderKey { field: "create_time", descending: false },
};

/// `GET .../workspaces/{workspace}/roles`: built-in ones and custom ones, in the order of their making.
pub(crate) async fn list_workspace_roles(read: Read<2>) -> Answer {
    let target = target(&read.path[0], &read.path[1]);
    let wanted = || {
        let shown = read.fields_of_list(ROWS, FIELDS)?;
        let none = Expression::default();
        Ok((shown, Paging::read(&read, "ListWorkspaceRoles", &ORDERING, (&none, false))?))
    };
    let needed = Permission::ReadWorkspaceRoles;
    let (shown, paging) = judged_in_workspace(&read.core, &read.caller, &target, needed, wanted()).await?;
    let detail = read.core.get_workspace(&read.caller, target.clone(), View::Both).await?;
    let id = detail.seen.workspace.id;
    let page = read.core.list_workspace_roles(&read.caller, target, paging.request.clone()).await?;
    Ok(read.answer(paging.answer(&read, ROWS, page, |role| write(&role, id)), &shown))
}

fn write(role: &Role, workspace: WorkspaceId) -> Value {
    let parent = names::workspace(role.organization, workspace);
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
