//! Giving people roles in a workspace, and taking them.

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};
use tenantry_aip::Mask;
use tenantry_core::grant::{Person, RoleName};
use tenantry_core::ids::PrincipalId;
use tenantry_core::permission::Permission;
use tenantry_core::{Error, Result};
use tenantry_http::{Authenticated, Json as Body, Query, Refused, Segments, Served};

use crate::args::{judged_in_workspace, only, refuse_request_id, target};
use crate::body::Members;
use crate::error::refused;
use crate::parents::check_parents;
use crate::{Aip, names, users};

type Answer = std::result::Result<Json<Value>, Refused<Aip>>;

/// `POST .../workspaces/{workspace}/users`: a person by `user.name`, or by `user.email` (and `user.display_name`) as far as
/// the server's setting `add_people` goes. Where that makes an invitation, the answer has no `user.name`.
pub(crate) async fn add_workspace_user(
    State(served): State<Served>,
    Authenticated { caller, .. }: Authenticated<Aip>,
    Segments([organization, workspace]): Segments<2>,
    query: Query<Aip>,
    Body { body, .. }: Body<Aip>,
) -> Answer {
    let core = &served.core;
    let target = target(&organization, &workspace);
    let read = || -> Result<(Person, Vec<RoleName>)> {
        only(&query, &["request_id"])?;
        refuse_request_id(&query)?;
        let members = Members::of("", &body, &["user", "roles"], &[])?;
        Ok((read_person(members.get("user"))?, read_roles(members.list("roles")?)?))
    };
    let needed = Permission::ManageWorkspaceUsers;
    let (person, roles) = judged_in_workspace(core, &caller, &target, needed, read()).await?;
    check_parents(core, &caller, &target, &body).await?;
    let invited = match &person {
        Person::Email { email, .. } => json!({"user": {"email": email}, "roles": []}),
        Person::Id(_) => Value::Null,
    };
    let added = core.add_workspace_user(&caller, target.clone(), person, roles).await?;
    let Some(added) = added else { return Ok(Json(invited)) };
    let found = core.get_organization(&caller, target.0).await?;
    Ok(Json(users::write(&added, found.id)))
}

/// `PATCH .../workspaces/{workspace}/users/{user}`: the roles given replace those held in the workspace.
pub(crate) async fn update_workspace_user(
    State(served): State<Served>,
    Authenticated { caller, .. }: Authenticated<Aip>,
    Segments([organization, workspace, user]): Segments<3>,
    query: Query<Aip>,
    Body { body, .. }: Body<Aip>,
) -> Answer {
    let core = &served.core;
    let target = target(&organization, &workspace);
    let read = || -> Result<Vec<RoleName>> {
        only(&query, &["update_mask"])?;
        Mask::parse("update_mask", query.one("update_mask")?, &["roles"]).map_err(|error| refused(&error))?;
        let members = Members::of("", &body, &["roles"], &["user"])?;
        read_roles(members.list("roles")?)
    };
    let needed = Permission::ManageWorkspaceUsers;
    let roles = judged_in_workspace(core, &caller, &target, needed, read()).await?;
    check_parents(core, &caller, &target, &body).await?;
    let changed = core.update_workspace_user(&caller, target.clone(), read_user(&user), roles).await?;
    let found = core.get_organization(&caller, target.0).await?;
    Ok(Json(users::write(&changed, found.id)))
}

/// `DELETE .../workspaces/{workspace}/users/{user}`: ends every role held directly in the workspace.
pub(crate) async fn remove_workspace_user(
    State(served): State<Served>,
    Authenticated { caller, .. }: Authenticated<Aip>,
    Segments([organization, workspace, user]): Segments<3>,
    query: Query<Aip>,
) -> Answer {
    let core = &served.core;
    let target = target(&organization, &workspace);
    let needed = Permission::ManageWorkspaceUsers;
    judged_in_workspace(core, &caller, &target, needed, only(&query, &[])).await?;
    core.remove_workspace_user(&caller, target, read_user(&user)).await?;
    Ok(Json(Value::Object(Map::new())))
}

/// A malformed id is an unknown one: the nil id, which nobody has, stands for it.
fn read_user(text: &str) -> PrincipalId {
    PrincipalId::parse(text).unwrap_or(PrincipalId::from_uuid(uuid::Uuid::nil()))
}

fn read_person(value: Option<&Value>) -> Result<Person> {
    let missing = || Error::invalid("user", "missing", "expected user.name or user.email");
    let user = Members::of("user", value.ok_or_else(missing)?, &["name", "email", "display_name"], &[])?;
    match (user.text("name")?, user.text("email")?) {
        (Some(name), _) => {
            let id = name.rsplit_once("/users/").map_or(name, |(_, id)| id);
            Ok(Person::Id(read_user(id)))
        }
        (None, Some(email)) => Ok(Person::Email {
            email: email.to_owned(),
            display_name: user.text("display_name")?.map(str::to_owned),
        }),
        (None, None) => Err(missing()),
    }
}

fn read_roles(list: &[Value]) -> Result<Vec<RoleName>> {
    if list.is_empty() {
        return Err(Error::invalid("roles", "missing", "expected at least one role"));
    }
    if list.len() > 50 {
        return Err(Error::invalid("roles", "too_many", "expected at most 50 roles"));
    }
    list.iter()
        .map(|value| {
            let role = Members::of("roles", value, &["name", "role_scope"], &[])?;
            match role.text("role_scope")? {
                None | Some("ROLE_SCOPE_WORKSPACE" | "ROLE_SCOPE_UNSPECIFIED" | "workspace") => {}
                Some(_) => {
                    let expected =
                        "expected ROLE_SCOPE_WORKSPACE: only roles of the workspace are given here";
                    return Err(Error::invalid("roles.role_scope", "scope", expected));
                }
            }
            let name = role.text("name")?;
            Ok(names::role(name.ok_or_else(|| Error::invalid("roles.name", "missing", "expected a role"))?))
        })
        .collect()
}
