//! Which permissions the caller holds, asked in advance: for a console that shows what may be done, and for services that
//! guard something of their own by the roles kept here. In the manner of Google's `testIamPermissions`.

use serde_json::{Value, json};
use tenantry_core::authz::{OrganizationRef, WorkspaceRef};
use tenantry_core::permission::{Permission, PermissionSet};
use tenantry_core::{Error, Result};

use crate::args::{judged_in_organization, judged_in_workspace};
use crate::body::Members;
use crate::change::Change;
use crate::message::{Field, Kind, Message};
use crate::resource::{Answer, Resource};

/// How many permissions can be asked about at once.
const TESTED_MAX: usize = 100;
pub(crate) const TESTED: Message = Message {
    name: "Permissions",
    fields: &[Field::required(
        "permissions",
        Kind::List(&Kind::Permission, TESTED_MAX),
        "Names of permissions; in the answer those that the caller holds, in the order asked.",
    )],
};

/// `POST /api/v1/organizations/{organization}:testPermissions`.
pub(crate) async fn test_organization_permissions(change: &Change<1>, by: OrganizationRef) -> Answer {
    let asked = read(change);
    let asked = judged_in_organization(&change.core, &change.caller, &by, None, asked).await?;
    Ok(write(&asked, change.core.held_in_organization(&change.caller, by).await?))
}

/// `POST /api/v1/organizations/{organization}/workspaces/{workspace}:testPermissions`.
pub(crate) async fn test_workspace_permissions(
    change: &Change<2>,
    target: (OrganizationRef, WorkspaceRef),
) -> Answer {
    let needed = Permission::ReadWorkspace;
    let asked = read(change);
    let asked = judged_in_workspace(&change.core, &change.caller, &target, needed, asked).await?;
    Ok(write(&asked, change.core.held_in_workspace(&change.caller, target).await?))
}

/// Those of the tested permissions that are held, in the order asked.
fn write(asked: &[Permission], held: PermissionSet) -> Resource {
    let kept = asked.iter().filter(|permission| held.contains(**permission));
    let names: Vec<_> = kept.map(|permission| permission.name()).collect();
    Resource::new(json!({"permissions": names}))
}

fn read<const N: usize>(change: &Change<N>) -> Result<Vec<Permission>> {
    change.only_known()?;
    let list = Members::of(&TESTED, &change.body)?.list("permissions")?;
    if list.is_empty() {
        return Err(Error::invalid("permissions", "missing", "expected at least one permission"));
    }
    if list.len() > TESTED_MAX {
        let expected = format!("expected at most {TESTED_MAX} permissions");
        return Err(Error::invalid("permissions", "too_many", expected));
    }
    let permission = |(place, value): (usize, &Value)| {
        value.as_str().and_then(Permission::from_name).ok_or_else(|| {
            let expected = "expected the name of a permission, such as read:Workspace";
            Error::invalid(format!("permissions[{place}]"), "unknown", expected)
        })
    };
    list.iter().enumerate().map(permission).collect()
}
