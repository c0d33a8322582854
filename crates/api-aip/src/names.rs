//! Names in this dialect: of resources, and of the built-in roles.

use std::fmt;

use tenantry_core::grant::RoleName;
use tenantry_core::ids::{OrganizationId, RoleId, WorkspaceId};
use tenantry_core::permission::BuiltinRole;

/// `organizations/{organization}`.
pub(crate) fn organization(organization: OrganizationId) -> String {
    format!("organizations/{organization}")
}

/// `organizations/{organization}/workspaces/{workspace}`.
#[derive(Clone, Copy)]
pub(crate) struct WorkspaceName(pub(crate) OrganizationId, pub(crate) WorkspaceId);

impl fmt::Display for WorkspaceName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "organizations/{}/workspaces/{}", self.0, self.1)
    }
}

/// The same as a text.
pub(crate) fn workspace(organization: OrganizationId, workspace: WorkspaceId) -> String {
    WorkspaceName(organization, workspace).to_string()
}

/// What a built-in role is called: its title, and its short name.
pub(crate) const fn builtin(role: BuiltinRole) -> (&'static str, &'static str) {
    match role {
        BuiltinRole::ServerAdministrator => ("Server Administrator", "server-administrator"),
        BuiltinRole::OrganizationOwner => ("Account Owner", "account-owner"),
        BuiltinRole::OrganizationAdmin => ("Org Admin", "org-admin"),
        BuiltinRole::OrganizationMember => ("Member", "member"),
        BuiltinRole::OrganizationViewer => ("CXO", "cxo"),
        BuiltinRole::WorkspaceOwner => ("Workspace Admin", "workspace-admin"),
        BuiltinRole::WorkspaceEditor => ("Automation Author", "automation-author"),
        BuiltinRole::WorkspaceViewer => ("Workspace Viewer", "workspace-viewer"),
        BuiltinRole::OrganizationBilling => ("Billing Admin", "billing-admin"),
        BuiltinRole::WorkspaceContributor => ("Workspace Contributor", "workspace-contributor"),
        BuiltinRole::StackAdmin => ("Stack Admin", "stack-admin"),
        BuiltinRole::ProjectAdmin => ("Project Admin", "project-admin"),
        BuiltinRole::ProjectDeveloper => ("Project Developer", "project-developer"),
        BuiltinRole::ProjectContributor => ("Project Contributor", "project-contributor"),
        BuiltinRole::ProjectViewer => ("Project Viewer", "project-viewer"),
    }
}

/// What a built-in role is for.
pub(crate) const fn description(role: BuiltinRole) -> &'static str {
    match role {
        BuiltinRole::ServerAdministrator => "Runs the server.",
        BuiltinRole::OrganizationOwner => "Holds everything in the organization.",
        BuiltinRole::OrganizationAdmin => "Administers the organization; cannot delete it or hand it over.",
        BuiltinRole::OrganizationMember => "Belongs to the organization and may create workspaces.",
        BuiltinRole::OrganizationViewer => "Sees the organization and who is in it.",
        BuiltinRole::WorkspaceOwner => "Holds everything in the workspace.",
        BuiltinRole::WorkspaceEditor => "Works in the workspace.",
        BuiltinRole::WorkspaceViewer => "Looks at the workspace.",
        BuiltinRole::OrganizationBilling => "Knows the organization and its preferences.",
        BuiltinRole::WorkspaceContributor => "Makes what the workspace's server keeps outside of projects.",
        BuiltinRole::StackAdmin => "Looks after what pipelines run on, and sees no project.",
        BuiltinRole::ProjectAdmin => "Holds everything in a project of the workspace's server.",
        BuiltinRole::ProjectDeveloper => "Works in the project.",
        BuiltinRole::ProjectContributor => "Looks at the project and makes what it keeps.",
        BuiltinRole::ProjectViewer => "Looks at the project.",
    }
}

/// The role that a short name, a title (ignoring case), an id or a full resource name means.
pub(crate) fn role(text: &str) -> RoleName {
    let text = match text.rsplit_once("/roles/") {
        Some((_, last)) if text.starts_with("organizations/") => last,
        _ => text,
    };
    let called = |role: &BuiltinRole| {
        let (title, short) = builtin(*role);
        title.eq_ignore_ascii_case(text) || short.eq_ignore_ascii_case(text)
    };
    match (BuiltinRole::ALL.into_iter().find(called), RoleId::parse(text)) {
        (Some(builtin), _) => RoleName::Builtin(builtin),
        (None, Some(id)) => RoleName::Id(id),
        (None, None) => RoleName::Title(text.to_owned()),
    }
}
