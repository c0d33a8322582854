//! `/api/v1/user`: the caller, and the caller's organizations.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::caller::Caller;
use tenantry_core::filter::Filter;
use tenantry_core::organization::{Organization, OrganizationField, OrganizationQuery};
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::permission::{Permission, PermissionSet};
use tenantry_core::workspace::Deleted;
use tenantry_core::{Core, Result};
use tenantry_http::{Authenticated, Refused, Served};

use crate::Dreadnode;

/// How many organizations are listed: the list has no pages.
const MOST: usize = 1_000;
/// What the vendor counts by default, and Tenantry does not.
const MAX_MEMBERS: u32 = 500;
const RUNTIME_SECONDS: u32 = 0;
const RUNTIME_SOURCE: &str = "l1_platform_max";

/// The caller. What Tenantry does not keep is empty.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "dreadnode.User")]
pub(crate) struct UserRead {
    id: String,
    email_address: String,
    username: String,
    first_name: (),
    last_name: (),
    full_name: Option<String>,
    onboarding_complete: bool,
    email_opt_in: bool,
    is_platform_admin: bool,
    features: [&'static str; 0],
    groups: [&'static str; 0],
    teams: [&'static str; 0],
    limits: (),
}

/// What the caller may do in an organization.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "dreadnode.OrganizationPermissions")]
struct OrganizationPermissions {
    create_workspace: bool,
    manage_members: bool,
}

/// An organization of the caller's. What the sandboxes of the vendor may do is none of Tenantry's; the client refuses an
/// organization that does not tell it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "dreadnode.Organization")]
#[expect(clippy::struct_excessive_bools, reason = "the vendor's object")]
pub(crate) struct OrganizationRead {
    id: String,
    name: String,
    key: String,
    description: Option<String>,
    avatar_preset: (),
    avatar_source: (),
    avatar_image_available: bool,
    avatar_image_revision: (),
    is_active: bool,
    allow_external_invites: bool,
    max_sandbox_runtime_seconds: (),
    effective_max_sandbox_runtime_seconds: u32,
    max_sandbox_runtime_source_level: &'static str,
    default_sandbox_runtime_seconds: (),
    effective_default_sandbox_runtime_seconds: u32,
    default_sandbox_runtime_source_level: &'static str,
    platform_max_sandbox_runtime_seconds: u32,
    platform_default_sandbox_runtime_seconds: u32,
    max_members: u32,
    can_manage_members: bool,
    permissions: OrganizationPermissions,
    created_at: String,
    updated_at: String,
}

impl OrganizationRead {
    fn of(organization: Organization, held: PermissionSet) -> Self {
        let manages = held.contains(Permission::ManageOrganizationUsers);
        let creates = held.contains(Permission::CreateWorkspace);
        Self {
            id: organization.id.to_string(),
            name: organization.name,
            key: organization.key,
            description: organization.description,
            avatar_preset: (),
            avatar_source: (),
            avatar_image_available: false,
            avatar_image_revision: (),
            is_active: true,
            allow_external_invites: true,
            max_sandbox_runtime_seconds: (),
            effective_max_sandbox_runtime_seconds: RUNTIME_SECONDS,
            max_sandbox_runtime_source_level: RUNTIME_SOURCE,
            default_sandbox_runtime_seconds: (),
            effective_default_sandbox_runtime_seconds: RUNTIME_SECONDS,
            default_sandbox_runtime_source_level: RUNTIME_SOURCE,
            platform_max_sandbox_runtime_seconds: RUNTIME_SECONDS,
            platform_default_sandbox_runtime_seconds: RUNTIME_SECONDS,
            max_members: MAX_MEMBERS,
            can_manage_members: manages,
            permissions: OrganizationPermissions { create_workspace: creates, manage_members: manages },
            created_at: organization.created_at.to_string(),
            updated_at: organization.updated_at.to_string(),
        }
    }
}

/// `GET /api/v1/user`: by which the client also finds out whether its key counts.
pub(crate) async fn get_user(
    State(served): State<Served>,
    who: Authenticated<Dreadnode>,
) -> Result<Json<UserRead>, Refused<Dreadnode>> {
    let account = served.core.get_own_account(&who.caller).await?;
    let is_platform_admin = served.core.check_server(&who.caller, Permission::ManageServer).await.is_ok();
    Ok(Json(UserRead {
        id: account.id.to_string(),
        email_address: account.email.unwrap_or_default(),
        username: account.username,
        first_name: (),
        last_name: (),
        full_name: account.display_name,
        onboarding_complete: true,
        email_opt_in: false,
        is_platform_admin,
        features: [],
        groups: [],
        teams: [],
        limits: (),
    }))
}

/// `GET /api/v1/user/organizations`: a bare list, the oldest first. The client takes the first one for its default.
pub(crate) async fn list_user_organizations(
    State(served): State<Served>,
    who: Authenticated<Dreadnode>,
) -> Result<Json<Vec<OrganizationRead>>, Refused<Dreadnode>> {
    let core = &served.core;
    let mut shown = Vec::new();
    for organization in organizations(core, &who.caller).await? {
        let by = OrganizationRef::Id(organization.id);
        // It may have gone meanwhile.
        if let Ok(held) = core.held_in_organization(&who.caller, by).await {
            shown.push(OrganizationRead::of(organization, held));
        }
    }
    Ok(Json(shown))
}

/// The organizations in which the caller has a role, the oldest first.
pub(crate) async fn organizations(core: &Core, caller: &Caller) -> Result<Vec<Organization>> {
    let query = OrganizationQuery {
        view: View::OwnRoles,
        deleted: Deleted::Hide,
        filter: Filter::All,
        page: PageRequest {
            order: vec![Order::ascending(OrganizationField::CreatedAt)],
            start: Start::Beginning,
            limit: MOST,
        },
    };
    Ok(core.list_organizations(caller, query).await?.page.items)
}
