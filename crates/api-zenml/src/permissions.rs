//! `/permissions`: what roles may hold.
//!
//! A permission of the core, `read:OrganizationUser`, is `{"resource": "organization_user", "action": "read"}` here; a right
//! to what servers keep is `{"resource": "pipeline", "action": "read"}`. Where both have the same words, as for `project`,
//! they are one thing here: who names it means both.

use axum::Json;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tenantry_core::permission::{Level, Permission, PermissionSet};
use tenantry_core::resource::{Action, ContentRights, ResourceKind, Rights};
use tenantry_core::{Error, Result};
use tenantry_http::{Authenticated, Object, Refused};

use crate::Zenml;
use crate::params::Params;
use crate::roles::{A_LEVEL, read_level};

/// One thing that may be done.
#[derive(PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

    fn of_content((kind, action): (ResourceKind, Action)) -> Self {
        Self { resource: kind.word().to_owned(), action: action.word().to_owned() }
    }

    /// Everything of these rights, each once.
    pub(crate) fn all_of(rights: &Rights) -> Vec<Self> {
        let mut all: Vec<Self> = rights.permissions.iter().map(Self::of).collect();
        for pair in rights.content.iter().map(Self::of_content) {
            if !all.contains(&pair) {
                all.push(pair);
            }
        }
        all
    }

    /// What it stands for in a role of this level: a permission, a right to content, or both. A permission that no role of
    /// the level may hold is told, too, unless the words have another meaning there.
    fn read(&self, level: Level) -> Option<Rights> {
        let permission = Permission::ALL.iter().find(|permission| Self::of(**permission) == *self);
        let content = ContentRights::everything_at(level);
        let pair = content.iter().find(|pair| Self::of_content(*pair) == *self);
        let permission = permission.filter(|it| pair.is_none() || it.level() >= level).copied();
        (permission.is_some() || pair.is_some()).then(|| Rights {
            permissions: permission.into_iter().collect(),
            content: pair.into_iter().collect(),
        })
    }
}

/// `GET /permissions`: what a role may hold; with `level`, a role of that level.
pub(crate) async fn list_permissions(
    _: Authenticated<Zenml>,
    params: Params,
) -> Result<Json<Vec<PermissionRead>>, Refused<Zenml>> {
    let level = params.value("level", A_LEVEL, read_level)?.unwrap_or(Level::Organization);
    let all = Rights {
        permissions: PermissionSet::everything_at(level),
        content: ContentRights::everything_at(level),
    };
    Ok(Json(PermissionRead::all_of(&all)))
}

/// What a body's member has for a role of this level, if the body has it.
pub(crate) fn read_permissions(
    field: &'static str,
    level: Level,
    permissions: Option<&[Object<PermissionRead>]>,
) -> Result<Option<Rights>> {
    let Some(permissions) = permissions else { return Ok(None) };
    let mut all = Rights::default();
    for (index, Object(wanted)) in permissions.iter().enumerate() {
        let read = wanted.read(level).ok_or_else(|| {
            let expected = "expected a resource and an action that GET /permissions lists together";
            Error::invalid(format!("{field}[{index}]"), "unknown", expected)
        })?;
        all = all.union(&read);
    }
    Ok(Some(all))
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
