//! The parameters of a query, and the order in which a request is judged.

use tenantry_core::authz::{Needed, OrganizationRef, Place, View, WorkspaceRef};
use tenantry_core::caller::Caller;
use tenantry_core::permission::Permission;
use tenantry_core::{Core, Error, Kind, Result};
use tenantry_http::{Query, Taken};

use crate::Aip;
use crate::resource::{Answer, Resource};

/// A boolean parameter: `true` or `false`, absent is false.
pub(crate) fn flag(query: &Query<Aip>, name: &'static str) -> Result<bool> {
    match query.one(name)? {
        None | Some("" | "false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Error::invalid(name, "boolean", "expected true or false")),
    }
}

/// Refuses parameters that an operation of our own does not take. The vendor's ignore them.
pub(crate) fn only_known(query: &Query<Aip>, taken: &Taken, last_segment: &str) -> Result<()> {
    let Some(known) = taken.known_at(last_segment) else { return Ok(()) };
    match query.names().find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => {
            let expected = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Err(Error::invalid(name.to_owned(), "unknown", format!("unknown parameter, expected {expected}")))
        }
    }
}

/// The arguments; or, if they are wrong, first whether the caller may know the organization at all.
pub(crate) async fn judged_in_organization<T>(
    core: &Core,
    caller: &Caller,
    organization: &OrganizationRef,
    permission: Option<Permission>,
    arguments: Result<T>,
) -> Result<T> {
    if arguments.is_err() {
        core.check_organization(caller, organization.clone(), permission, View::Both).await?;
    }
    arguments
}

/// The arguments; or, if they are wrong, first whether the caller may do this to the workspace at all.
pub(crate) async fn judged_in_workspace<T>(
    core: &Core,
    caller: &Caller,
    target: &(OrganizationRef, WorkspaceRef),
    permission: Permission,
    arguments: Result<T>,
) -> Result<T> {
    if let Err(wrong) = &arguments {
        match core.check_workspace(caller, target.clone(), permission, View::Both).await {
            // What does not exist is said after what is wrong with the request.
            Err(absent) if absent.kind == Kind::NotFound && wrong.kind == Kind::Invalid => {}
            other => other?,
        }
    }
    arguments
}

/// The arguments; or, if they are wrong, first whether the caller may do this at the place at all.
pub(crate) async fn judged_at<T>(
    core: &Core,
    caller: &Caller,
    place: &Place,
    needed: Needed,
    arguments: Result<T>,
) -> Result<T> {
    match place {
        Place::Organization(organization) => {
            judged_in_organization(core, caller, organization, Some(needed.organization), arguments).await
        }
        Place::Workspace(organization, workspace) => {
            let target = (organization.clone(), workspace.clone());
            judged_in_workspace(core, caller, &target, needed.workspace, arguments).await
        }
    }
}

/// The organization that a path names, as a place.
pub(crate) fn at_organization(path: &[String]) -> Place {
    Place::Organization(OrganizationRef::parse(&path[0]))
}

/// The workspace that a path names, as a place.
pub(crate) fn at_workspace(path: &[String]) -> Place {
    Place::from(target(&path[0], &path[1]))
}

/// The answer; with `allow_missing` (AIP-135) an empty one for a target that is not there (any more).
pub(crate) fn or_missing(allow_missing: bool, answer: Answer) -> Answer {
    match answer {
        Err(refused)
            if allow_missing && refused.error().is_some_and(|error| error.kind == Kind::NotFound) =>
        {
            Ok(Resource::empty())
        }
        other => other,
    }
}

/// The outcome; but that a target is hidden says nothing to who sees it as deleted: there it is missing.
pub(crate) async fn unless_deleted<T>(
    core: &Core,
    caller: &Caller,
    organization: OrganizationRef,
    outcome: Result<T>,
) -> Result<T> {
    match outcome {
        Err(hidden) if hidden.kind == Kind::Hidden => {
            let deleted = core.find_organization(caller, organization).await;
            Err(if deleted.is_ok() { Error::not_found("organization") } else { hidden })
        }
        other => other,
    }
}

/// The workspace that a path names.
pub(crate) fn target(organization: &str, workspace: &str) -> (OrganizationRef, WorkspaceRef) {
    (OrganizationRef::parse(organization), WorkspaceRef::parse(workspace))
}
