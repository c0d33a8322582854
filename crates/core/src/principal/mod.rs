//! Principals: users, who are people, and service accounts, which are machines of one organization.
//!
//! A suspended principal has no permission anywhere, at once.

pub(crate) mod account;
pub(crate) mod own;
mod profile;
mod service;
mod store;

use std::collections::HashMap;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::ids::{OrganizationId, PrincipalId};

pub use account::{Account, AccountChange, AccountField, AccountQuery};
pub use own::OwnChange;
pub use profile::{METADATA_MAX, PROFILE_TEXT_MAX, Profile, ProfileChange};
pub(crate) use service::insert_user;
pub use service::{MadeServiceAccount, NewServiceAccount, NewUser};
pub use store::PrincipalStore;

/// Longest name that a person is called by, in characters.
pub const DISPLAY_NAME_MAX: usize = 100;

/// People by id.
pub type People = HashMap<PrincipalId, Arc<Principal>>;

/// A user or a service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Its id.
    pub id: PrincipalId,
    /// The organization of a service account; none for a user.
    pub organization: Option<OrganizationId>,
    /// Unique on the server, ignoring case, among users; among the service accounts of its organization otherwise.
    pub username: String,
    /// E-mail address, unique ignoring case; service accounts have none.
    pub email: Option<String>,
    /// What people call it.
    pub display_name: Option<String>,
    /// Since when it is suspended.
    pub suspended_at: Option<Timestamp>,
    /// Raised whenever what its credentials are good for shrinks.
    pub auth_version: i64,
    /// Raised by every change; makes the `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Principal {
    /// Whether it is a machine.
    pub const fn is_service_account(&self) -> bool {
        self.organization.is_some()
    }

    /// Whether it is a person who may act.
    pub const fn is_active_user(&self) -> bool {
        self.organization.is_none() && self.suspended_at.is_none()
    }

    /// By what its person is known, none of which is a good password.
    pub(crate) fn names(&self) -> Vec<&str> {
        let names = [Some(&self.username), self.email.as_ref(), self.display_name.as_ref()];
        names.into_iter().flatten().map(String::as_str).collect()
    }

    /// The name to show: the display name, else the sign-in name.
    pub fn shown_name(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.username)
    }
}

/// The fields by which users are sorted and filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserField {
    /// The name shown.
    DisplayName,
    /// The e-mail address.
    Email,
    /// When the account was made.
    CreatedAt,
    /// When the account was last changed.
    UpdatedAt,
    /// The word of any built-in role held here.
    Role,
    /// The title of any custom role held here.
    CustomRole,
    /// The level of any role held here: `Level as i64`.
    RoleLevel,
    /// Part of the display name or the e-mail address.
    Search,
}
