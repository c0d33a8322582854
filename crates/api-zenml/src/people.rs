//! The routes of people and their rights: users, members, roles, teams, invitations.

use axum::http::Method;
use tenantry_http::Routes;

use crate::openapi::{people as told, rights};
use crate::{accounts, api_keys, assignments, invitations, members, permissions, roles, teams};

/// Adds them.
pub(crate) fn routes(routes: Routes) -> Routes {
    const USER: &str = "/users/{user}";
    const ME: &str = "/users/me";
    const OWN_KEYS: &str = "/users/me/api_keys";
    const OWN_KEY: &str = "/users/me/api_keys/{key}";
    const MEMBERS: &str = "/organizations/{organization}/members";
    const WORKSPACE_MEMBERS: &str = "/workspaces/{workspace}/members";
    const TENANT_MEMBERS: &str = "/tenants/{workspace}/members";
    const ROLE: &str = "/roles/{role}";
    const ASSIGNMENTS: &str = "/roles/{role}/assignments";
    const TEAM: &str = "/teams/{team}";
    const TEAM_MEMBERS: &str = "/teams/{team}/members";
    const INVITATIONS: &str = "/organizations/{organization}/invitations";
    const INVITATION: &str = "/organizations/{organization}/invitations/{invitation}";
    const OWN_INVITATION: &str = "/invitations/{invitation}";
    routes
        .route(Method::GET, "/users", accounts::list_users, told::list_users())
        .route(Method::POST, "/users", accounts::create_user, told::create_user())
        .route(Method::GET, ME, accounts::get_own_user, told::get_own_user())
        .route(Method::PATCH, ME, accounts::update_own_user, told::update_own_user())
        .route(Method::GET, USER, accounts::get_user, told::get_user())
        .route(Method::PATCH, USER, accounts::update_user, told::update_user())
        .route(Method::DELETE, USER, accounts::delete_user, told::delete_user())
        .route(Method::GET, OWN_KEYS, api_keys::list_own_keys, told::list_own_keys())
        .route(Method::POST, OWN_KEYS, api_keys::create_own_key, told::create_own_key())
        .route(Method::PATCH, OWN_KEY, api_keys::update_own_key, told::update_own_key())
        .route(Method::DELETE, OWN_KEY, api_keys::delete_own_key, told::delete_own_key())
        .route(Method::GET, MEMBERS, members::list_members, told::list_members())
        .route(Method::DELETE, MEMBERS, members::remove_member, told::remove_member())
        .route(
            Method::GET,
            WORKSPACE_MEMBERS,
            members::list_workspace_members,
            told::list_workspace_members(),
        )
        .route(Method::POST, WORKSPACE_MEMBERS, members::add_workspace_member, told::add_workspace_member())
        .route(
            Method::DELETE,
            WORKSPACE_MEMBERS,
            members::remove_workspace_member,
            told::remove_workspace_member(),
        )
        .route(Method::GET, TENANT_MEMBERS, members::list_workspace_members, told::list_tenant_members())
        .route(Method::POST, TENANT_MEMBERS, members::add_workspace_member, told::add_tenant_member())
        .route(Method::DELETE, TENANT_MEMBERS, members::remove_workspace_member, told::remove_tenant_member())
        .route(Method::GET, "/organizations/{organization}/roles", roles::list_roles, rights::list_roles())
        .route(Method::GET, "/permissions", permissions::list_permissions, rights::list_permissions())
        .route(Method::POST, "/roles", roles::create_role, rights::create_role())
        .route(Method::GET, ROLE, roles::get_role, rights::get_role())
        .route(Method::PATCH, ROLE, roles::update_role, rights::update_role())
        .route(Method::DELETE, ROLE, roles::delete_role, rights::delete_role())
        .route(Method::GET, ASSIGNMENTS, assignments::list_assignments, rights::list_assignments())
        .route(Method::POST, ASSIGNMENTS, assignments::create_assignment, rights::create_assignment())
        .route(Method::DELETE, ASSIGNMENTS, assignments::delete_assignment, rights::delete_assignment())
        .route(Method::GET, "/organizations/{organization}/teams", teams::list_teams, rights::list_teams())
        .route(Method::POST, "/teams", teams::create_team, rights::create_team())
        .route(Method::GET, TEAM, teams::get_team, rights::get_team())
        .route(Method::PATCH, TEAM, teams::update_team, rights::update_team())
        .route(Method::DELETE, TEAM, teams::delete_team, rights::delete_team())
        .route(Method::GET, TEAM_MEMBERS, teams::list_team_members, rights::list_team_members())
        .route(Method::POST, TEAM_MEMBERS, teams::add_team_member, rights::add_team_member())
        .route(Method::DELETE, TEAM_MEMBERS, teams::remove_team_member, rights::remove_team_member())
        .route(Method::GET, INVITATIONS, invitations::list_invitations, told::list_invitations())
        .route(Method::POST, INVITATIONS, invitations::create_invitation, told::create_invitation())
        .route(Method::DELETE, INVITATION, invitations::cancel_invitation, told::cancel_invitation())
        .route(Method::GET, "/invitations", invitations::list_own_invitations, told::list_own_invitations())
        .route(Method::GET, OWN_INVITATION, invitations::get_own_invitation, told::get_own_invitation())
        .route(Method::POST, OWN_INVITATION, invitations::answer_invitation, told::answer_invitation())
}
