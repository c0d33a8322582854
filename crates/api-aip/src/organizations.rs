//! Organizations.

use serde_json::{Map, Value};
use tenantry_aip::order::OrderKey;
use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::clock::Timestamp;
use tenantry_core::ids::OrganizationId;
use tenantry_core::organization::{
    NAME_MAX, NewOrganization, Organization, OrganizationChange, OrganizationField, OrganizationQuery,
};
use tenantry_core::permission::Permission;
use tenantry_core::text::{DESCRIPTION_MAX, PICTURE_MAX};
use tenantry_core::workspace::Deleted;
use tenantry_core::{Core, Error, Result};
use tenantry_http::Refusal;

use crate::args::{flag, judged_in_organization, or_missing, unless_deleted};
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::message::{Field, Kind, Message};
use crate::page::{Ordering, Paging};
use crate::permissions::test_organization_permissions;
use crate::read::Read;
use crate::resource::Answer;
use crate::{etag, filters, names, people};

pub(crate) const ORDERING: Ordering<OrganizationField> = Ordering {
    paths: &["title", "create_time", "update_time"],
    fields: &[OrganizationField::Name, OrganizationField::CreatedAt, OrganizationField::UpdatedAt],
    default: OrderKey { field: "create_time", descending: true },
};
/// The list of the caller's own has no `order_by`.
pub(crate) const OWN_ORDERING: Ordering<OrganizationField> = Ordering { paths: &[], ..ORDERING };
pub(crate) const ORGANIZATION: Message = Message {
    name: "Organization",
    fields: &[
        Field::output("name", Kind::Name, "`organizations/{organization}`."),
        Field::required(
            "title",
            Kind::Text(NAME_MAX),
            "What it is called; unique on the server, ignoring case.",
        ),
        Field::optional("description", Kind::Text(DESCRIPTION_MAX), "Free text."),
        Field::optional(
            "logo_data_uri",
            Kind::Text(PICTURE_MAX),
            "A logo: a data URI of a PNG, JPEG, GIF or WebP in base64.",
        ),
        Field::optional(
            "trial_end_time",
            Kind::Time,
            "Until when it is on trial, as who runs the server has set it; without it, it is not.",
        ),
        Field::output("create_time", Kind::Time, "When it was made."),
        Field::output("update_time", Kind::Time, "When it was last changed."),
        Field::output("owner_display_name", Kind::Word, "What the account owner is called."),
        Field::output("owner_email", Kind::Email, "The address of the account owner.").sometimes(),
        Field::output("delete_time", Kind::Time, "When it was deleted.").sometimes(),
        Field::output("purge_time", Kind::Time, "When it is gone for good.").sometimes(),
        Field::etag(),
    ],
};
pub(crate) const TRANSFER: Message = Message {
    name: "Transfer",
    fields: &[
        Field::required("user", Kind::Name, "Who is to be the owner: an active user of the organization."),
        Field::etag(),
    ],
};

/// `GET /api/v1/organizations`: those in which the caller has a role; every one for who runs the server.
pub(crate) async fn list_organizations(read: Read<0>) -> Answer {
    list(&read, ("ListOrganizations", "organizations"), &ORDERING, View::Both).await
}

/// `GET /api/v1/me/organizations`: those in which the caller has a role, whoever it is, without `order_by`.
pub(crate) async fn list_own_organizations(read: Read<0>) -> Answer {
    list(&read, ("CurrentUserOrganizations", "user_organizations"), &OWN_ORDERING, View::OwnRoles).await
}

async fn list(
    read: &Read<0>,
    (method, rows): (&str, &'static str),
    ordering: &Ordering<OrganizationField>,
    view: View,
) -> Answer {
    let (expression, filter) = filters::titles(&read.query, OrganizationField::Name)?;
    let show_deleted = flag(&read.query, "show_deleted")?;
    let paging = Paging::read(read, method, ordering, (&expression, show_deleted))?;
    let shown = read.fields_of_list(rows, &ORGANIZATION)?;
    let deleted = if show_deleted { Deleted::Show } else { Deleted::Hide };
    let query = OrganizationQuery { view, deleted, filter, page: paging.request.clone() };
    let list = read.core.list_organizations(&read.caller, query).await?;
    let write = writer(&read.core);
    Ok(shown.list(&paging.answer(read, rows, &list.page, write))?)
}

/// `GET /api/v1/organizations/{organization}`: a deleted one shows, by its id, to who may restore it.
pub(crate) async fn get_organization(read: Read<1>) -> Answer {
    let by = OrganizationRef::parse(&read.path[0]);
    let shown = read.fields(&ORGANIZATION);
    let shown = judged_in_organization(&read.core, &read.caller, &by, None, shown).await?;
    let found = read.core.find_organization(&read.caller, by).await?;
    Ok(shown.answer(writer(&read.core)(&found)))
}

/// `POST /api/v1/organizations`: the caller becomes the owner.
pub(crate) async fn create_organization(change: Change<0>) -> Answer {
    let members = Members::of(&ORGANIZATION, &change.body)?;
    let terms = change.terms_to_make()?;
    let title = members.text("title")?;
    let id = change.query.one("organization_id")?.map(|text| {
        let id = OrganizationId::parse(text);
        id.ok_or_else(|| Error::invalid("organization_id", "uuid", "expected a UUID of 36 characters"))
    });
    let given =
        |name: &str| Ok::<_, Error>(members.text(name)?.filter(|text| !text.is_empty()).map(str::to_owned));
    let new = NewOrganization {
        id: id.transpose()?,
        name: title.ok_or_else(|| Error::invalid("title", "missing", "expected a title"))?.to_owned(),
        description: given("description")?,
        logo_url: given("logo_data_uri")?.map(data_uri).transpose()?,
        trial_ends_at: given("trial_end_time")?.map(|text| time(&text)).transpose()?,
        ..NewOrganization::default()
    };
    let work = async move |core: Core, caller| core.create_organization(&caller, new).await.map_err(in_words);
    change.make(terms, writer(&change.core), work).await
}

/// `PATCH /api/v1/organizations/{organization}` with `update_mask` (AIP-134).
pub(crate) async fn update_organization(change: Change<1>) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let read = || -> Result<(OrganizationChange, Terms)> {
        let members = Members::of(&ORGANIZATION, &change.body)?;
        let terms = change.terms(members.text("etag")?)?;
        let mask = change.mask(&ORGANIZATION)?;
        let named = |name: &str| mask.as_ref().map_or_else(|| members.has(name), |mask| mask.covers(name));
        let text = |name: &str| -> Result<Option<Option<String>>> {
            let given = || members.text(name).map(|text| text.filter(|text| !text.is_empty()));
            if named(name) { Ok(Some(given()?.map(str::to_owned))) } else { Ok(None) }
        };
        let name = match (named("title"), members.text("title")?) {
            (true, None) => return Err(Error::invalid("title", "missing", "expected a title")),
            (true, Some(title)) => Some(title.to_owned()),
            (false, _) => None,
        };
        let logo = text("logo_data_uri")?.map(|logo| logo.map(data_uri).transpose()).transpose()?;
        let trial = text("trial_end_time")?.map(|end| end.map(|end| time(&end)).transpose()).transpose()?;
        let fields = OrganizationChange {
            name,
            description: text("description")?,
            logo_url: logo,
            trial_ends_at: trial,
            expected_version: terms.expected_version.clone(),
            ..OrganizationChange::default()
        };
        Ok((fields, terms))
    };
    let needed = Some(Permission::UpdateOrganization);
    let (fields, terms) = judged_in_organization(&change.core, &change.caller, &by, needed, read()).await?;
    let work =
        async move |core: Core, caller| core.update_organization(&caller, by, fields).await.map_err(in_words);
    change.make(terms, writer(&change.core), work).await
}

/// `DELETE /api/v1/organizations/{organization}`: soft (AIP-164); the answer is the resource.
pub(crate) async fn delete_organization(change: Change<1>) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let read = || -> Result<_> {
        let terms = change.terms(None)?;
        Ok((terms, flag(&change.query, "force")?, flag(&change.query, "allow_missing")?))
    };
    let needed = Some(Permission::DeleteOrganization);
    let judged = judged_in_organization(&change.core, &change.caller, &by, needed, read()).await;
    let (terms, force, allow_missing) = judged?;
    let expected = terms.expected_version.clone();
    let work = async move |core: Core, caller| {
        let deleted = core.delete_organization(&caller, by.clone(), expected, force).await;
        unless_deleted(&core, &caller, by, deleted).await
    };
    or_missing(allow_missing, change.make(terms, writer(&change.core), work).await)
}

/// `POST` on an organization is a custom method (AIP-136): `:undelete`, `:transferOwnership`, `:testPermissions`.
pub(crate) async fn custom_method(change: Change<1>) -> Answer {
    let (organization, method) = change.path[0].rsplit_once(':').ok_or(Refusal::UnknownRoute)?;
    let by = OrganizationRef::parse(organization);
    match method {
        "undelete" => undelete_organization(&change, by).await,
        "transferOwnership" => transfer_ownership(&change, by).await,
        "testPermissions" => test_organization_permissions(&change, by).await,
        _ => Err(Refusal::UnknownRoute.into()),
    }
}

async fn undelete_organization(change: &Change<1>, by: OrganizationRef) -> Answer {
    let terms = change.terms(None);
    if terms.is_err() {
        change.core.find_organization(&change.caller, by.clone()).await?;
    }
    let terms = terms?;
    let expected = terms.expected_version.clone();
    let work = async move |core: Core, caller| core.undelete_organization(&caller, by, expected).await;
    change.make(terms, writer(&change.core), work).await
}

async fn transfer_ownership(change: &Change<1>, by: OrganizationRef) -> Answer {
    let read = || -> Result<_> {
        let members = Members::of(&TRANSFER, &change.body)?;
        let terms = change.terms(members.text("etag")?)?;
        let user = members.text("user")?;
        let user = user.ok_or_else(|| Error::invalid("user", "missing", "expected the name of a user"))?;
        Ok((people::read_user_name(user), terms))
    };
    let needed = Some(Permission::TransferOrganization);
    let (user, terms) = judged_in_organization(&change.core, &change.caller, &by, needed, read()).await?;
    let expected = terms.expected_version.clone();
    let work = async move |core: Core, caller| {
        core.transfer_organization(&caller, by, user, expected).await.map_err(in_words)
    };
    change.make(terms, writer(&change.core), work).await
}

/// The core also knows addresses of logos; this dialect takes the picture itself.
fn data_uri(text: String) -> Result<String> {
    if text.starts_with("data:") {
        return Ok(text);
    }
    Err(Error::invalid("logo_data_uri", "data_uri", "expected a data URI (RFC 2397)"))
}

fn time(text: &str) -> Result<Timestamp> {
    let expected = "expected a time such as 2026-01-02T03:04:05Z";
    Timestamp::parse(text).ok_or_else(|| Error::invalid("trial_end_time", "timestamp", expected))
}

/// The core's names of fields in this dialect's words.
fn in_words(error: Error) -> Error {
    error.naming_fields(|field| match field {
        "name" => Some("title"),
        "logo_url" => Some("logo_data_uri"),
        "owner_id" => Some("user"),
        _ => None,
    })
}

fn writer(core: &Core) -> impl Fn(&Organization) -> Value + Send + Sync + 'static {
    let retention = core.settings().retention_seconds;
    move |organization| {
        let deleted = organization.deleted_at;
        let members = [
            ("name", Some(names::organization(organization.id))),
            ("title", Some(organization.name.clone())),
            ("description", organization.description.clone()),
            ("logo_data_uri", organization.logo_url.clone().filter(|logo| logo.starts_with("data:"))),
            ("trial_end_time", organization.trial_ends_at.map(|at| at.to_string())),
            ("create_time", Some(organization.created_at.to_string())),
            ("update_time", Some(organization.updated_at.to_string())),
            ("owner_display_name", Some(organization.owner_name.clone())),
            ("owner_email", organization.owner_email.clone()),
            ("delete_time", deleted.map(|at| at.to_string())),
            ("purge_time", deleted.map(|at| at.plus_seconds(retention).to_string())),
            ("etag", Some(etag::write(organization.version))),
        ];
        let present: Map<String, Value> =
            members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
        Value::Object(present)
    }
}
