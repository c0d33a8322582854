//! Personal access tokens.

use serde_json::{Map, Value};
use tenantry_core::authz::OrganizationRef;
use tenantry_core::clock::Timestamp;
use tenantry_core::credential::{
    API_KEY_TITLE_MAX, API_KEY_WORKSPACES_MAX, Access, ApiKey, ApiKeyChange, NewToken, OVERLAP_SECONDS_MAX,
    Rotation, Secret,
};
use tenantry_core::filter::ListQuery;
use tenantry_core::ids::CredentialId;
use tenantry_core::text::DESCRIPTION_MAX;
use tenantry_core::{Core, Error, Result};
use tenantry_http::Refusal;

use super::{id, judged, object, time};
use crate::api_keys::{self, levels, read_access, read_workspaces};
use crate::args::{flag, or_missing};
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::message::{Field, Kind, Message};
use crate::page::Paging;
use crate::read::Read;
use crate::resource::Answer;
use crate::roles::PERMISSIONS;
use crate::{etag, filters, names};

pub(crate) const ROWS: &str = "tokens";
/// No token lives longer, whatever the server lets it, in seconds: a hundred years.
pub(crate) const TTL_SECONDS_MAX: i64 = 100 * 365 * 24 * 60 * 60;
pub(crate) const TOKEN: Message = Message {
    name: "Token",
    fields: &[
        Field::output("name", Kind::Name, "`me/tokens/{token}`."),
        Field::required("title", Kind::Text(API_KEY_TITLE_MAX), "What it is called."),
        Field::optional("description", Kind::Text(DESCRIPTION_MAX), "What it is for."),
        Field::optional(
            "active",
            Kind::Flag,
            "Whether it counts, or is put to sleep until it is `true` again.",
        )
        .always(),
        Field::immutable(
            "ttl",
            Kind::Word,
            "How long it lives, such as `3600s`: as long as the server lets it at most, and unless said.",
        )
        .never(),
        Field::immutable("organization", Kind::Name, "The organization in which alone it counts.")
            .sometimes(),
        Field::immutable("ends_itself", Kind::Flag, "Whether who shows it may end it."),
        Field::output("prefix", Kind::Word, "How the secret begins."),
        Field::optional(
            "permission_level",
            Kind::Choice(levels),
            "Everything that its owner holds, reading alone, or what `permissions` has of it.",
        )
        .always(),
        Field::optional("permissions", PERMISSIONS, "With the level `RESTRICTED`: what it can be used for."),
        Field::optional(
            "workspace_ids",
            Kind::List(&Kind::Uuid, API_KEY_WORKSPACES_MAX),
            "The workspaces of the organization in which it counts; all of them if there are none.",
        )
        .always(),
        Field::output("expire_time", Kind::Time, "When it ends.").sometimes(),
        Field::output("create_time", Kind::Time, "When it was made."),
        Field::output("rotate_time", Kind::Time, "When it got the secret that it has, if not its first.")
            .sometimes(),
        Field::output("last_use_time", Kind::Time, "When it was last used.").sometimes(),
        Field::output("last_use_source", Kind::Word, "The address that it was last used from.").sometimes(),
        Field::output("last_use_user_agent", Kind::Word, "The program that used it last.").sometimes(),
        Field::output("secret", Kind::Word, "What is shown as a credential. It is told this once.").once(),
        Field::etag(),
    ],
};
pub(crate) const ROTATION: Message = Message {
    name: "TokenRotation",
    fields: &[
        Field::optional("overlap", Kind::Word, "How long the secret before counts on, such as `3600s`.")
            .never(),
        Field::etag(),
    ],
};

/// `GET /api/v1/me/tokens`: those for one organization, its API keys, as well; in the order of their making.
pub(crate) async fn list_own_tokens(read: Read<0>) -> Answer {
    let wanted = || {
        let shown = read.fields_of_list(ROWS, &TOKEN)?;
        let (expression, filter) = filters::read(&read.query, &api_keys::SCHEMA, api_keys::condition)?;
        let paging = Paging::read(&read, "ListOwnTokens", &api_keys::ORDERING, (&expression, false))?;
        let query = ListQuery { filter, page: paging.request.clone() };
        Ok((shown, paging, query))
    };
    let (shown, paging, query) = judged(&read.core, &read.caller, wanted())?;
    let page = read.core.list_own_tokens(&read.caller, query).await?;
    Ok(shown.list(&paging.answer(&read, ROWS, &page, write))?)
}

/// `GET /api/v1/me/tokens/{token}`.
pub(crate) async fn get_own_token(read: Read<1>) -> Answer {
    let shown = judged(&read.core, &read.caller, read.fields(&TOKEN))?;
    let found = read.core.get_own_token(&read.caller, token_id(&read.path[0])).await?;
    Ok(shown.answer(write(&found)))
}

/// `POST /api/v1/me/tokens`: the secret is shown this once.
pub(crate) async fn create_own_token(change: Change<0>) -> Answer {
    let read = || -> Result<(NewToken, Terms)> {
        let members = Members::of(&TOKEN, &change.body)?;
        let terms = change.terms_to_make()?;
        let title = members.text("title")?;
        let organization = members.text("organization")?.filter(|text| !text.is_empty());
        let seconds = members.text("ttl")?.map(|text| seconds("ttl", text, TTL_SECONDS_MAX)).transpose()?;
        let new = NewToken {
            title: title.ok_or_else(|| Error::invalid("title", "missing", "expected a title"))?.to_owned(),
            seconds,
            organization: organization.map(read_organization),
            workspaces: read_workspaces(&members)?,
            access: read_access(&members)?,
            ends_itself: read_flag(&members, "ends_itself")?.unwrap_or_default(),
            description: members.text("description")?.map(str::to_owned),
            ..NewToken::default()
        };
        refuse_asleep(&members)?;
        Ok((new, terms))
    };
    let (new, terms) = judged(&change.core, &change.caller, read())?;
    let work = async move |core: Core, caller| core.create_own_token(&caller, new).await;
    let keep = |(key, _): &(ApiKey, Secret)| write(key);
    let show = |(key, secret): (ApiKey, Secret)| with_secret(write(&key), &secret);
    change.make_with_secret(terms, keep, show, work).await
}

/// `PATCH /api/v1/me/tokens/{token}` with `update_mask`. Its end and its organization stay.
pub(crate) async fn update_own_token(change: Change<1>) -> Answer {
    let read = || -> Result<(ApiKeyChange, Terms)> {
        let members = Members::of(&TOKEN, &change.body)?;
        let terms = change.terms(members.text("etag")?)?;
        let mask = change.mask(&TOKEN)?;
        let named = |name: &str| mask.as_ref().map_or_else(|| members.has(name), |mask| mask.covers(name));
        let title = match (named("title"), members.text("title")?) {
            (true, None) => return Err(Error::invalid("title", "missing", "expected a title")),
            (true, Some(title)) => Some(title.to_owned()),
            (false, _) => None,
        };
        let description = members.text("description")?.map(str::to_owned);
        // Level and permissions make sense together alone.
        let of_access = named("permission_level") || named("permissions");
        let wanted = ApiKeyChange {
            title,
            description: named("description").then_some(description),
            active: named("active").then(|| read_active(&members)).transpose()?,
            access: of_access.then(|| read_access(&members)).transpose()?,
            workspaces: named("workspace_ids").then(|| read_workspaces(&members)).transpose()?,
            expected_version: terms.expected_version.clone(),
            ..ApiKeyChange::default()
        };
        Ok((wanted, terms))
    };
    let (wanted, terms) = judged(&change.core, &change.caller, read())?;
    let id = token_id(&change.path[0]);
    let found = change.core.get_own_token(&change.caller, id).await?;
    require_fixed(&Members::of(&TOKEN, &change.body)?, &found)?;
    let work = async move |core: Core, caller| core.update_own_token(&caller, id, wanted).await;
    change.make(terms, write, work).await
}

/// `DELETE /api/v1/me/tokens/{token}`: it counts for nothing from then on.
pub(crate) async fn delete_own_token(change: Change<1>) -> Answer {
    let read = || -> Result<_> { Ok((change.terms(None)?, flag(&change.query, "allow_missing")?)) };
    let (terms, allow_missing) = judged(&change.core, &change.caller, read())?;
    let (id, expected) = (token_id(&change.path[0]), terms.expected_version.clone());
    let work = async move |core: Core, caller| core.delete_own_token(&caller, id, expected).await;
    or_missing(allow_missing, change.make(terms, |(): &()| Value::Object(Map::new()), work).await)
}

/// `POST /api/v1/me/tokens/{token}:rotate`: another secret, which is shown this once.
pub(crate) async fn custom_method(change: Change<1>) -> Answer {
    let (id, method) = change.path[0].rsplit_once(':').ok_or(Refusal::UnknownRoute)?;
    if method != "rotate" {
        return Err(Refusal::UnknownRoute.into());
    }
    let id = token_id(id);
    let read = || -> Result<(i64, Terms)> {
        let none = Value::Object(Map::new());
        let body = if change.body.is_null() { &none } else { &change.body };
        let members = Members::of(&ROTATION, body)?;
        let overlap = members.text("overlap")?.filter(|text| !text.is_empty());
        let overlap = overlap.map_or(Ok(0), |text| seconds("overlap", text, OVERLAP_SECONDS_MAX))?;
        Ok((overlap, change.terms(members.text("etag")?)?))
    };
    let (overlap_seconds, terms) = judged(&change.core, &change.caller, read())?;
    let rotation = Rotation { overlap_seconds, expected_version: terms.expected_version.clone() };
    let work = async move |core: Core, caller| core.rotate_own_token(&caller, id, rotation).await;
    let keep = |(key, _): &(ApiKey, Secret)| write(key);
    let show = |(key, secret): (ApiKey, Secret)| with_secret(write(&key), &secret);
    change.make_with_secret(terms, keep, show, work).await
}

fn token_id(text: &str) -> CredentialId {
    id(text, CredentialId::parse, CredentialId::from_uuid)
}

/// An id, key or name, or the whole name of the resource.
fn read_organization(text: &str) -> OrganizationRef {
    OrganizationRef::parse(text.strip_prefix("organizations/").unwrap_or(text))
}

/// A duration of whole seconds.
pub(crate) fn seconds(field: &'static str, text: &str, most: i64) -> Result<i64> {
    let digits = text.strip_suffix('s').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let seconds = digits.and_then(|digits| digits.parse().ok()).filter(|seconds| *seconds <= most);
    seconds.ok_or_else(|| {
        Error::invalid(field, "duration", format!("expected whole seconds such as 3600s, at most {most}s"))
    })
}

/// What is fixed once the token is made may be given as it is.
fn require_fixed(members: &Members<'_>, key: &ApiKey) -> Result<()> {
    let credential = &key.credential;
    let organization = credential.organization.map(|id| id.to_string()).unwrap_or_default();
    let same_organization = members
        .text("organization")?
        .is_none_or(|text| text.strip_prefix("organizations/").unwrap_or(text) == organization);
    let same_end = read_flag(members, "ends_itself")?.is_none_or(|flag| flag == key.ends_itself);
    require_same_ttl(members, key)?;
    let fixed = [("organization", same_organization), ("ends_itself", same_end)];
    match fixed.into_iter().find(|(_, same)| !same) {
        None => Ok(()),
        Some((field, _)) => Err(Error::immutable(field)),
    }
}

/// How long a key lives may be given as it is.
pub(crate) fn require_same_ttl(members: &Members<'_>, key: &ApiKey) -> Result<()> {
    let ApiKey { credential, .. } = key;
    let lifetime = credential.expires_at.map(|end| end.as_micros() - credential.created_at.as_micros());
    let ttl = lifetime.map(|micros| format!("{}s", micros / 1_000_000));
    let is_same = members.text("ttl")?.is_none_or(|text| text.is_empty() || ttl.as_deref() == Some(text));
    if is_same { Ok(()) } else { Err(Error::immutable("ttl")) }
}

/// Whether it is to count, which must be said.
pub(crate) fn read_active(members: &Members<'_>) -> Result<bool> {
    read_flag(members, "active")?.ok_or_else(|| Error::invalid("active", "missing", "expected true or false"))
}

/// Nothing is made asleep.
pub(crate) fn refuse_asleep(members: &Members<'_>) -> Result<()> {
    match read_flag(members, "active")? {
        Some(false) => Err(Error::invalid("active", "choice", "expected true of what is being made")),
        _ => Ok(()),
    }
}

pub(super) fn read_flag(members: &Members<'_>, name: &'static str) -> Result<Option<bool>> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(Error::invalid(name, "form", "expected true or false")),
    }
}

pub(crate) fn with_secret(mut body: Value, secret: &Secret) -> Value {
    if let Value::Object(members) = &mut body {
        members.insert("secret".to_owned(), secret.expose().into());
    }
    body
}

fn write(key: &ApiKey) -> Value {
    let ApiKey { credential, last_used_at, ends_itself, .. } = key;
    let (level, permissions) = match credential.access {
        Access::Everything => ("ALL", None),
        Access::Reading => ("READ_ONLY", None),
        Access::Only(only) => ("RESTRICTED", Some(only.iter().map(|p| Value::from(p.name())).collect())),
    };
    let workspaces = credential.workspaces.iter().flatten().map(|id| Value::from(id.to_string()));
    let at = |at: Option<Timestamp>| at.map(time);
    object([
        ("name", Some(format!("me/tokens/{}", credential.id).into())),
        ("title", Some(credential.title.as_str().into())),
        ("description", key.description.as_deref().map(Value::from)),
        ("active", Some(key.disabled_at.is_none().into())),
        ("organization", credential.organization.map(|id| names::organization(id).into())),
        ("ends_itself", Some((*ends_itself).into())),
        ("prefix", Some(credential.beginning().into())),
        ("permission_level", Some(level.into())),
        ("permissions", permissions),
        ("workspace_ids", Some(workspaces.collect())),
        ("expire_time", at(credential.expires_at)),
        ("create_time", Some(time(credential.created_at))),
        ("rotate_time", at(key.rotated_at)),
        ("last_use_time", at(*last_used_at)),
        ("last_use_source", key.last_source.as_deref().map(Value::from)),
        ("last_use_user_agent", key.last_user_agent.as_deref().map(Value::from)),
        ("etag", Some(etag::write(credential.version).into())),
    ])
}
