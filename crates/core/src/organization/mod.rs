//! Organizations: the tenants. Each has one owner, a unique name and key, settings and preferences.
//!
//! Deleting is soft: the name and key are free at once, everything inside is out of reach. Who may delete it may restore
//! it, until it is purged.

mod life;
mod service;
mod store;

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{OrganizationId, PrincipalId, parse_uuid};
use crate::page::{Cursor, KeyValue};
use crate::preferences::Preferences;
use crate::text;

pub use service::{NewOrganization, OrganizationChange, OrganizationList, OrganizationQuery};
pub use store::{OrganizationStore, Rival};

/// Longest name, in characters: what the strictest client still reads.
pub const NAME_MAX: usize = 50;

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Unique on the server, `^[a-z0-9-]+$`, never shaped like a UUID.
    pub key: String,
    /// Unique on the server, ignoring case.
    pub name: String,
    /// Free text, or none.
    pub description: Option<String>,
    /// Address of a logo, or a `data:` URI with the logo itself, or none.
    pub logo_url: Option<String>,
    /// Links that a console shows.
    pub links: Vec<Link>,
    /// Who answers for it; always holds the owner's role.
    pub owner: PrincipalId,
    /// What the owner is called.
    pub owner_name: String,
    /// The owner's e-mail address.
    pub owner_email: Option<String>,
    /// Whether and how default workspaces are made.
    pub default_workspaces: DefaultWorkspaces,
    /// Preferences of the organization.
    pub preferences: Preferences,
    /// Until when it is on trial; none is not.
    pub trial_ends_at: Option<Timestamp>,
    /// Raised by every change; makes the `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
}

/// A link of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it is called.
    pub name: String,
    /// Where it leads.
    pub url: String,
}

/// Which default workspaces an organization makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum DefaultWorkspaces {
    /// None.
    None,
    /// One, made with the organization for its owner.
    #[default]
    Shared,
    /// A private one for each member.
    PerMember,
}

impl DefaultWorkspaces {
    /// The word in the database and in settings.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Shared => "shared",
            Self::PerMember => "per_member",
        }
    }

    /// The setting of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::None, Self::Shared, Self::PerMember].into_iter().find(|setting| setting.word() == word)
    }
}

/// The fields by which organizations are sorted and filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrganizationField {
    /// The name.
    Name,
    /// When it was made.
    CreatedAt,
    /// When it was last changed.
    UpdatedAt,
    /// Its owner.
    Owner,
    /// The sign-in name of its owner.
    OwnerUsername,
}

impl Organization {
    /// The organization's place in an order.
    pub fn cursor(&self, order: &[crate::page::Order<OrganizationField>]) -> Cursor {
        let keys = order.iter().map(|by| match by.field {
            OrganizationField::Name => KeyValue::Text(self.name.clone()),
            OrganizationField::CreatedAt => KeyValue::Int(self.created_at.as_micros()),
            OrganizationField::UpdatedAt => KeyValue::Int(self.updated_at.as_micros()),
            // Not sortable: the store refuses such an order.
            OrganizationField::Owner | OrganizationField::OwnerUsername => KeyValue::Int(0),
        });
        Cursor { keys: keys.collect(), id: *self.id.as_uuid() }
    }
}

/// A name that an organization may have.
pub fn checked_name(text: &str) -> Result<String> {
    let name = text::name("name", text, NAME_MAX)?;
    if parse_uuid(&name).is_some() {
        return Err(Error::invalid("name", "uuid_shaped", "an organization's name may not look like a UUID"));
    }
    Ok(name)
}

/// Links that an organization may have: at most 32, each with a name and an http or https address.
pub(crate) fn checked_links(links: Vec<Link>) -> Result<Vec<Link>> {
    if links.len() > 32 {
        return Err(Error::invalid("links", "too_many", "expected at most 32 links"));
    }
    links
        .into_iter()
        .map(|link| {
            Ok(Link {
                name: text::name("links.name", &link.name, 100)?,
                url: text::web_address("links.url", &link.url)?,
            })
        })
        .collect()
}
