//! Full resource names in bodies: they name their parents, which must be those of the path.

use serde_json::Value;
use tenantry_core::authz::{OrganizationRef, Place, View, WorkspaceRef};
use tenantry_core::caller::Caller;
use tenantry_core::organization::Organization;
use tenantry_core::text::fold;
use tenantry_core::workspace::Workspace;
use tenantry_core::{Core, Error, Result};

/// Refuses a body whose `user.name`, or the name of one of whose `roles`, is a resource of another organization or
/// workspace than the path's. An id or short name alone has no parent and is read as one of the path's.
pub(crate) async fn check_parents(core: &Core, caller: &Caller, place: &Place, body: &Value) -> Result<()> {
    let user = body.pointer("/user/name").map(|name| ("user.name", name));
    let roles = body.get("roles").and_then(Value::as_array).into_iter().flatten();
    let roles = roles.filter_map(|role| Some(("roles.name", role.get("name")?)));
    let named = user.into_iter().chain(roles);
    let full: Vec<(&str, &str)> = named
        .filter_map(|(field, name)| Some((field, name.as_str()?)))
        .filter(|(_, name)| name.contains('/'))
        .collect();
    if full.is_empty() {
        return Ok(());
    }
    let (organization, workspace) = match place {
        Place::Organization(organization) => {
            (core.get_organization(caller, organization.clone()).await?, None)
        }
        Place::Workspace(organization, workspace) => {
            let target = (organization.clone(), workspace.clone());
            let detail = core.get_workspace(caller, target, View::Both).await?;
            (detail.organization, Some(detail.seen.workspace))
        }
    };
    match full.into_iter().find(|(field, name)| !is_within(&organization, workspace.as_ref(), field, name)) {
        None => Ok(()),
        Some((field, _)) => Err(Error::invalid(
            field.to_owned(),
            "parent",
            format!("expected a name in organizations/{}, as the path has it", organization.id),
        )),
    }
}

fn is_within(known: &Organization, workspace: Option<&Workspace>, field: &str, name: &str) -> bool {
    let segments: Vec<&str> = name.split('/').collect();
    match (field, segments.as_slice()) {
        ("user.name", ["organizations", organization, "users", _])
        | ("roles.name", ["organizations", organization, "roles", _]) => is_organization(known, organization),
        ("roles.name", ["organizations", organization, "workspaces", named, "roles", _]) => {
            is_organization(known, organization)
                && workspace.is_some_and(|workspace| is_workspace(workspace, named))
        }
        _ => false,
    }
}

fn is_organization(known: &Organization, text: &str) -> bool {
    match OrganizationRef::parse(text) {
        OrganizationRef::Id(id) => id == known.id,
        OrganizationRef::Name(name) => name == known.key || fold(&name) == fold(&known.name),
    }
}

fn is_workspace(known: &Workspace, text: &str) -> bool {
    match WorkspaceRef::parse(text) {
        WorkspaceRef::Id(id) => id == known.id,
        WorkspaceRef::Name(name) => name == known.key || fold(&name) == fold(&known.name),
    }
}
