//! Giving people roles in a workspace, and taking them.

use serde_json::{Map, Value, json};
use tenantry_aip::Mask;
use tenantry_core::grant::{Person, RoleName, UserWithRoles};
use tenantry_core::ids::PrincipalId;
use tenantry_core::permission::Permission;
use tenantry_core::{Core, Error, Result};

use crate::args::{judged_in_workspace, target};
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::error::refused;
use crate::resource::Answer;
use crate::{names, users};

/// `POST .../workspaces/{workspace}/users`: a person by `user.name`, or by `user.email` (and `user.display_name`) as far as
/// the server's setting `add_people` goes. Where that makes an invitation, the answer has no `user.name`.
pub(crate) async fn add_workspace_user(change: Change<2>) -> Answer {
    let target = target(&change.path[0], &change.path[1]);
    let read = || -> Result<(Person, Vec<RoleName>, Terms)> {
        let terms = change.terms(&[], None)?;
        let members = Members::of("", &change.body, &["user", "roles"], &[])?;
        Ok((read_person(members.get("user"))?, read_roles(members.list("roles")?)?, terms))
    };
    let needed = Permission::ManageWorkspaceUsers;
    let (person, roles, terms) =
        judged_in_workspace(&change.core, &change.caller, &target, needed, read()).await?;
    let invited = match &person {
        Person::Email { email, .. } => json!({"user": {"email": email}, "roles": []}),
        Person::Id(_) => Value::Null,
    };
    let write =
        move |added: &Option<UserWithRoles>| added.as_ref().map_or_else(|| invited.clone(), users::write);
    let work = async move |core: Core, caller| core.add_workspace_user(&caller, target, person, roles).await;
    change.make(terms, write, work).await
}

/// `PATCH .../workspaces/{workspace}/users/{user}`: the roles given replace those held in the workspace.
pub(crate) async fn update_workspace_user(change: Change<3>) -> Answer {
    let target = target(&change.path[0], &change.path[1]);
    let read = || -> Result<(Vec<RoleName>, Terms)> {
        let terms = change.terms(&["update_mask"], None)?;
        Mask::parse("update_mask", change.query.one("update_mask")?, &["roles"])
            .map_err(|error| refused(&error))?;
        let members = Members::of("", &change.body, &["roles"], &["user"])?;
        Ok((read_roles(members.list("roles")?)?, terms))
    };
    let needed = Permission::ManageWorkspaceUsers;
    let (roles, terms) = judged_in_workspace(&change.core, &change.caller, &target, needed, read()).await?;
    let user = read_user(&change.path[2]);
    let work = async move |core: Core, caller| core.update_workspace_user(&caller, target, user, roles).await;
    change.make(terms, users::write, work).await
}

/// `DELETE .../workspaces/{workspace}/users/{user}`: ends every role held directly in the workspace.
pub(crate) async fn remove_workspace_user(change: Change<3>) -> Answer {
    let target = target(&change.path[0], &change.path[1]);
    let needed = Permission::ManageWorkspaceUsers;
    let terms = change.terms(&[], None);
    let terms = judged_in_workspace(&change.core, &change.caller, &target, needed, terms).await?;
    let user = read_user(&change.path[2]);
    let work = async move |core: Core, caller| core.remove_workspace_user(&caller, target, user).await;
    change.make(terms, |(): &()| Value::Object(Map::new()), work).await
}

/// A malformed id is an unknown one: the nil id, which nobody has, stands for it.
fn read_user(text: &str) -> PrincipalId {
    PrincipalId::parse(text).unwrap_or(PrincipalId::from_uuid(uuid::Uuid::nil()))
}

/// A user by `organizations/{organization}/users/{user}` or by the bare id.
pub(crate) fn read_user_name(name: &str) -> PrincipalId {
    read_user(name.rsplit_once("users/").map_or(name, |(_, id)| id))
}

fn read_person(value: Option<&Value>) -> Result<Person> {
    let missing = || Error::invalid("user", "missing", "expected user.name or user.email");
    let user = Members::of("user", value.ok_or_else(missing)?, &["name", "email", "display_name"], &[])?;
    match (user.text("name")?, user.text("email")?) {
        (Some(name), _) => Ok(Person::Id(read_user_name(name))),
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
