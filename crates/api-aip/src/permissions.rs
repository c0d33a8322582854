//! Which permissions the caller holds, asked in advance: for a console that shows what may be done, and for services that
//! guard something of their own by the roles kept here. In the manner of Google's `testIamPermissions`.

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use serde::Serialize;
use serde_json::Value;
use tenantry_core::authz::{OrganizationRef, WorkspaceRef};
use tenantry_core::caller::Caller;
use tenantry_core::permission::{Permission, PermissionSet};
use tenantry_core::{Core, Error, Result};
use tenantry_http::{Authenticated, Json as Body, Query, Refusal, Refused, Segments, Served};

use crate::Aip;
use crate::args::{judged_in_organization, judged_in_workspace, only};
use crate::body::Members;

/// How many permissions can be asked about at once.
const TESTED_MAX: usize = 100;

/// Those of the tested permissions that are held, in the order asked.
#[derive(Serialize)]
pub(crate) struct Held {
    permissions: Vec<&'static str>,
}

impl Held {
    fn of(asked: &[Permission], held: PermissionSet) -> Json<Self> {
        let kept = asked.iter().filter(|permission| held.contains(**permission));
        Json(Self { permissions: kept.map(|permission| permission.name()).collect() })
    }
}

/// `POST /api/v1/organizations/{organization}:testPermissions`, the only custom method of an organization so far.
pub(crate) async fn organization_custom_method(
    State(served): State<Served>,
    Authenticated { caller, .. }: Authenticated<Aip>,
    Segments([segment]): Segments<1>,
    query: Query<Aip>,
    request: Request,
) -> std::result::Result<Json<Held>, Refused<Aip>> {
    let Some((organization, "testPermissions")) = segment.rsplit_once(':') else {
        return Err(Refusal::UnknownRoute.into());
    };
    let Body { body, .. } = Body::<Aip>::from_request(request, &served).await?;
    let core = &served.core;
    let by = OrganizationRef::parse(organization);
    let asked = judged_in_organization(core, &caller, &by, None, read(&query, &body)).await?;
    Ok(Held::of(&asked, core.held_in_organization(&caller, by).await?))
}

/// `POST /api/v1/organizations/{organization}/workspaces/{workspace}:testPermissions`.
pub(crate) async fn test_workspace_permissions(
    core: &Core,
    caller: &Caller,
    target: (OrganizationRef, WorkspaceRef),
    query: &Query<Aip>,
    body: &Value,
) -> Result<Json<Held>> {
    let needed = Permission::ReadWorkspace;
    let asked = judged_in_workspace(core, caller, &target, needed, read(query, body)).await?;
    Ok(Held::of(&asked, core.held_in_workspace(caller, target).await?))
}

fn read(query: &Query<Aip>, body: &Value) -> Result<Vec<Permission>> {
    only(query, &[])?;
    let list = Members::of("", body, &["permissions"], &[])?.list("permissions")?;
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
