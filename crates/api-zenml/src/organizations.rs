//! `/organizations` and `/organizations/{organization}`.
//!
//! A path takes the id or, for reading alone, the name or key. A malformed id is an unknown one.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::clock::Timestamp;
use tenantry_core::filter::{Comparison, Filter, Test};
use tenantry_core::ids::{OrganizationId, PrincipalId, parse_uuid};
use tenantry_core::organization::{
    Link, NAME_MAX, NewOrganization, Organization, OrganizationChange, OrganizationField, OrganizationQuery,
};
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::principal::People;
use tenantry_core::text::login;
use tenantry_core::workspace::Deleted;
use tenantry_core::{Error, Result};
use tenantry_http::{Authenticated, Json, Object, Refusal, Refused, Segments, Served};

use crate::Zenml;
use crate::openapi::{Id, Time};
use crate::params::Params;
use crate::users::{UserRead, as_text};

/// More rows than this are not answered at once. The vendor names no limit; without any, one request could ask for
/// whatever a server holds.
pub(crate) const MOST: usize = 10_000;
/// Longest description that this dialect takes, in characters.
const DESCRIPTION_MAX: usize = 256;
pub(crate) const A_UUID: &str = "expected a UUID of 36 characters";

/// An organization. What Tenantry does not have is always `null`: `()` is how that is written here.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.OrganizationRead")]
pub(crate) struct OrganizationRead<'a> {
    name: &'a str,
    description: Option<&'a str>,
    logo_url: Option<&'a str>,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Id")]
    id: OrganizationId,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Time")]
    created: Timestamp,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Time")]
    updated: Timestamp,
    /// Inside a workspace only, as the vendor has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<UserRead<'a>>,
    /// `null` unless asked for.
    has_active_subscription: Option<bool>,
    /// Seconds that are left of a trial; `null` without one, and unless asked for.
    trial_expiry: Option<i64>,
    /// Not inside a workspace, as the vendor has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<Vec<OrganizationLink>>,
}

impl<'a> OrganizationRead<'a> {
    fn alone(organization: &'a Organization) -> Self {
        let links = organization.links.iter().map(OrganizationLink::from);
        Self { links: Some(links.collect()), ..Self::base(organization) }
    }

    /// The organization as it stands inside its workspaces.
    pub(crate) fn around_workspace(organization: &'a Organization, people: &'a People) -> Self {
        Self { owner: Some(UserRead::among(people, organization.owner)), ..Self::base(organization) }
    }

    fn base(organization: &'a Organization) -> Self {
        Self {
            name: &organization.name,
            description: organization.description.as_deref(),
            logo_url: organization.logo_url.as_deref(),
            id: organization.id,
            created: organization.created_at,
            updated: organization.updated_at,
            owner: None,
            has_active_subscription: None,
            trial_expiry: None,
            links: None,
        }
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "zenml.OrganizationLink")]
struct OrganizationLink {
    name: String,
    url: String,
}

impl From<&Link> for OrganizationLink {
    fn from(link: &Link) -> Self {
        Self { name: link.name.clone(), url: link.url.clone() }
    }
}

/// `GET /organizations`: those in which the caller has any role (the server's administrator sees all), the newest
/// first, then by id. `name` must be the whole name; `owner_id` and `owner_username` narrow further; `offset` and `limit` page.
pub(crate) async fn list_organizations(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let page = PageRequest {
        order: vec![Order::descending(OrganizationField::CreatedAt)],
        start: Start::Skip { from: None, rows: params.offset()? },
        limit: params.limit(MOST)?,
    };
    let (view, deleted) = (View::Both, Deleted::Hide);
    let query = OrganizationQuery { view, deleted, filter: filter(&params)?, page };
    let found = served.core.list_organizations(&who.caller, query).await?;
    let items: Vec<_> = found.page.items.iter().map(OrganizationRead::alone).collect();
    Ok(axum::Json(items).into_response())
}

fn filter(params: &Params) -> Result<Filter<OrganizationField>, Refusal> {
    let mut filter = Filter::All;
    if let Some(name) = params.text("name")? {
        let is_it = Test::Text(Comparison::Equal, name.to_owned());
        filter = filter.and(Filter::Is(OrganizationField::Name, is_it));
    }
    if let Some(owner) = params.value("owner_id", A_UUID, parse_uuid)? {
        filter = filter.and(Filter::Is(OrganizationField::Owner, Test::Id(owner)));
    }
    if let Some(owner) = params.text("owner_username")? {
        let is_it = Test::Folded(login(owner));
        filter = filter.and(Filter::Is(OrganizationField::OwnerUsername, is_it));
    }
    Ok(filter)
}

/// `GET /organizations/{organization}`, by id, name or key. With `include_subscription_status` a subscription is said
/// to be active, but after the end of a trial.
pub(crate) async fn get_organization(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization]): Segments<1>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let asked = params.flag("include_subscription_status")?;
    let found = served.core.get_organization(&who.caller, OrganizationRef::parse(&organization)).await?;
    let left = trial_left(&served, &found);
    let has_active_subscription = asked.then_some(left != Some(0));
    let trial_expiry = left.filter(|_| asked);
    Ok(axum::Json(OrganizationRead {
        has_active_subscription,
        trial_expiry,
        ..OrganizationRead::alone(&found)
    })
    .into_response())
}

/// How many seconds are left of the organization's trial, if it has one: none of one that is over.
pub(crate) fn trial_left(served: &Served, organization: &Organization) -> Option<i64> {
    let (ends, now) = (organization.trial_ends_at?, served.core.clock().now());
    Some(((ends.as_micros() - now.as_micros() + 999_999) / 1_000_000).max(0))
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.OrganizationCreate")]
pub(crate) struct OrganizationCreate {
    #[schemars(with = "Option<Id>")]
    id: Option<String>,
    #[schemars(required, with = "String", length(min = 1, max = NAME_MAX))]
    name: Option<String>,
    #[schemars(length(min = 1, max = DESCRIPTION_MAX))]
    description: Option<String>,
    logo_url: Option<String>,
    links: Option<Vec<Object<OrganizationLink>>>,
    #[schemars(with = "Option<Id>")]
    owner_id: Option<String>,
    #[schemars(length(max = 0))]
    trusted_domains: Option<Vec<String>>,
}

/// `POST /organizations`: 200 with the organization. 403 for service accounts and for naming another owner without
/// running the server, 402 when the caller owns as many as the server allows, 409 when the name or id is taken.
pub(crate) async fn create_organization(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Json { body: Object(body), .. }: Json<Zenml, Object<OrganizationCreate>>,
) -> Result<Response, Refused<Zenml>> {
    no_trusted_domains(body.trusted_domains.as_deref())?;
    let new = NewOrganization {
        id: uuid("id", body.id.as_deref(), OrganizationId::parse)?,
        name: body.name.ok_or_else(|| Error::invalid("name", "missing", "Field required"))?,
        description: described(body.description)?,
        logo_url: body.logo_url,
        links: core_links(body.links),
        owner: uuid("owner_id", body.owner_id.as_deref(), PrincipalId::parse)?,
        ..NewOrganization::default()
    };
    let made = served.core.create_organization(&who.caller, new).await?;
    Ok(axum::Json(OrganizationRead::alone(&made)).into_response())
}

/// A member that is absent is left alone; `null` clears what may be without a value and leaves the rest alone.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.OrganizationUpdate")]
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
pub(crate) struct OrganizationUpdate {
    #[schemars(length(min = 1, max = NAME_MAX))]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>", length(min = 1, max = DESCRIPTION_MAX))]
    description: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<String>")]
    logo_url: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<Vec<OrganizationLink>>")]
    links: Option<Option<Vec<Object<OrganizationLink>>>>,
    #[schemars(with = "Option<Id>")]
    owner_id: Option<String>,
    #[schemars(length(max = 0))]
    trusted_domains: Option<Vec<String>>,
}

/// `PATCH /organizations/{organization}`, by id: 200 with the organization as it is now.
pub(crate) async fn update_organization(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization]): Segments<1>,
    Json { body: Object(body), .. }: Json<Zenml, Object<OrganizationUpdate>>,
) -> Result<Response, Refused<Zenml>> {
    let organization = by_id(&organization)?;
    no_trusted_domains(body.trusted_domains.as_deref())?;
    let change = OrganizationChange {
        name: body.name,
        description: body.description.map(described).transpose()?,
        logo_url: body.logo_url,
        links: body.links.map(core_links),
        owner: uuid("owner_id", body.owner_id.as_deref(), PrincipalId::parse)?,
        expected_version: None,
        ..OrganizationChange::default()
    };
    let changed = served.core.update_organization(&who.caller, organization, change).await?;
    Ok(axum::Json(OrganizationRead::alone(&changed)).into_response())
}

/// `DELETE /organizations/{organization}`, by id: 200 with `null`.
pub(crate) async fn delete_organization(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization]): Segments<1>,
) -> Result<Response, Refused<Zenml>> {
    served.core.delete_organization(&who.caller, by_id(&organization)?, None, true).await?;
    Ok(axum::Json(()).into_response())
}

/// The organization of a path that takes the id alone.
pub(crate) fn by_id(text: &str) -> Result<OrganizationRef> {
    OrganizationId::parse(text).map(OrganizationRef::Id).ok_or_else(|| Error::hidden("organization"))
}

pub(crate) fn uuid<T>(
    field: &'static str,
    text: Option<&str>,
    read: fn(&str) -> Option<T>,
) -> Result<Option<T>> {
    text.map(|text| read(text).ok_or_else(|| Error::invalid(field, "form", A_UUID))).transpose()
}

/// None is `null` here; an empty text is refused, as the vendor does.
pub(crate) fn described(description: Option<String>) -> Result<Option<String>> {
    let length = description.as_ref().map_or(1, |text| text.chars().count());
    match length {
        0 => Err(Error::invalid("description", "too_short", "expected at least 1 character or null")),
        1..=DESCRIPTION_MAX => Ok(description),
        _ => {
            let expected = format!("expected at most {DESCRIPTION_MAX} characters, got {length}");
            Err(Error::invalid("description", "too_long", expected))
        }
    }
}

fn core_links(links: Option<Vec<Object<OrganizationLink>>>) -> Vec<Link> {
    let links = links.unwrap_or_default().into_iter();
    links.map(|Object(link)| Link { name: link.name, url: link.url }).collect()
}

/// Nobody joins here by the domain of an e-mail address, and to take domains and forget them would be a lie.
fn no_trusted_domains(domains: Option<&[String]>) -> Result<()> {
    if domains.is_none_or(<[String]>::is_empty) {
        return Ok(());
    }
    let expected = "this server trusts no domains: leave it out or give an empty list";
    Err(Error::invalid("trusted_domains", "unsupported", expected))
}

/// Tells `null` from an absent member.
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
