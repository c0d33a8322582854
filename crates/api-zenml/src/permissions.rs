//! `/permissions`: what roles may hold.
//!
//! A permission of the core, `read:OrganizationUser`, is `{"resource": "organization_user", "action": "read"}` here.

use axum::Json;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tenantry_core::permission::{Level, Permission, PermissionSet};
use tenantry_core::{Error, Result};
use tenantry_http::{Authenticated, Object, Refused};

use crate::Zenml;
use crate::params::Params;
use crate::roles::{A_LEVEL, read_level};

/// One thing that may be done.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "zenml.Permission")]
pub(crate) struct PermissionRead {
    pub(crate) resource: String,
    pub(crate) action: String,
}

impl PermissionRead {
    pub(crate) fn of(permission: Permission) -> Self {
        let (action, resource) = permission.name().split_once(':').unwrap_or_default();
        Self { resource: in_snake_case(resource), action: action.to_owned() }
    }

    fn read(&self) -> Option<Permission> {
        let is_it = |permission: &Permission| {
            let Self { resource, action } = Self::of(*permission);
            resource == self.resource && action == self.action
        };
        Permission::ALL.iter().copied().find(is_it)
    }
}

/// `GET /permissions`: what a role may hold; with `level`, a role of that level.
pub(crate) async fn list_permissions(
    _: Authenticated<Zenml>,
    params: Params,
) -> Result<Json<Vec<PermissionRead>>, Refused<Zenml>> {
    let level = params.value("level", A_LEVEL, read_level)?.unwrap_or(Level::Organization);
    Ok(Json(PermissionSet::everything_at(level).iter().map(PermissionRead::of).collect()))
}

/// The permissions of a body's member, if it has that.
pub(crate) fn read_permissions(
    field: &'static str,
    permissions: Option<&[Object<PermissionRead>]>,
) -> Result<Option<PermissionSet>> {
    let Some(permissions) = permissions else { return Ok(None) };
    let read = |(index, Object(wanted)): (usize, &Object<PermissionRead>)| {
        wanted.read().ok_or_else(|| {
            let expected = "expected a resource and an action that GET /permissions lists together";
            Error::invalid(format!("{field}[{index}]"), "unknown", expected)
        })
    };
    permissions.iter().enumerate().map(read).collect::<Result<PermissionSet>>().map(Some)
}

/// `OrganizationUser` as `organization_user`.
fn in_snake_case(words: &str) -> String {
    let mut snake = String::with_capacity(words.len() + 4);
    for letter in words.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
