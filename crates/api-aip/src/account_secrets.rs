//! The API keys and OAuth clients by which service accounts come in.

use axum::http::Method;
use serde_json::{Map, Value};
use tenantry_core::authz::OrganizationRef;
use tenantry_core::credential::{
    API_KEY_TITLE_MAX, ApiKey, ApiKeyChange, OVERLAP_SECONDS_MAX, Rotation, Secret,
};
use tenantry_core::filter::ListQuery;
use tenantry_core::ids::CredentialId;
use tenantry_core::service_account::{AccountSecret, NewAccountSecret};
use tenantry_core::text::DESCRIPTION_MAX;
use tenantry_core::{Core, Error, Result};
use tenantry_http::{Refusal, Routes};

use crate::args::{flag, judged_in_organization, or_missing};
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::message::{Field, Kind, Message};
use crate::own::{
    ROTATION, TTL_SECONDS_MAX, id, object, read_active, refuse_asleep, require_same_ttl, seconds, time,
    with_secret,
};
use crate::page::Paging;
use crate::read::Read;
use crate::resource::Answer;
use crate::service_accounts::{MANAGE, READ, account_id};
use crate::{api_keys, etag, filters, names};

pub(crate) const KEY_ROWS: &str = "api_keys";
pub(crate) const CLIENT_ROWS: &str = "clients";
pub(crate) const ACCOUNT_KEY: Message = Message { name: "ServiceAccountApiKey", fields: &SECRET };
pub(crate) const CLIENT: Message = Message { name: "ServiceAccountClient", fields: &SECRET };
const SECRET: [Field; 14] = [
    Field::output("name", Kind::Name, "Below its service account."),
    Field::required("title", Kind::Text(API_KEY_TITLE_MAX), "What it is called."),
    Field::optional("description", Kind::Text(DESCRIPTION_MAX), "What it is for."),
    Field::optional("active", Kind::Flag, "Whether it counts, or is put to sleep until it is `true` again.")
        .always(),
    Field::immutable("ttl", Kind::Word, "How long it lives, such as `3600s`; unless said, as long as the server lets it, which may be for ever.").never(),
    Field::output("prefix", Kind::Word, "How the secret begins."),
    Field::output("expire_time", Kind::Time, "When it ends.").sometimes(),
    Field::output("create_time", Kind::Time, "When it was made."),
    Field::output("rotate_time", Kind::Time, "When it got the secret that it has, if not its first.")
        .sometimes(),
    Field::output("last_use_time", Kind::Time, "When it was last used.").sometimes(),
    Field::output("last_use_source", Kind::Word, "The address that it was last used from.").sometimes(),
    Field::output("last_use_user_agent", Kind::Word, "The program that used it last.").sometimes(),
    Field::output("secret", Kind::Word, "What is shown as a credential. It is told this once.").once(),
    Field::etag(),
];

/// The routes of both.
pub(crate) fn routes(routes: Routes) -> Routes {
    const KEYS: &str = "/api/v1/organizations/{organization}/serviceAccounts/{account}/apiKeys";
    const KEY: &str = "/api/v1/organizations/{organization}/serviceAccounts/{account}/apiKeys/{key}";
    const CLIENT_PATH: &str =
        "/api/v1/organizations/{organization}/serviceAccounts/{account}/clients/{client}";
    const CLIENTS: &str = "/api/v1/organizations/{organization}/serviceAccounts/{account}/clients";
    use crate::openapi::account_secrets as told;
    routes
        .route(Method::GET, KEYS, list_account_keys, told::list_account_keys())
        .route(Method::POST, KEYS, create_account_key, told::create_account_key())
        .route(Method::GET, KEY, get_account_key, told::get_account_key())
        .route(Method::PATCH, KEY, update_account_key, told::update_account_key())
        .route(Method::DELETE, KEY, delete_account_key, told::delete_account_key())
        .route(Method::POST, KEY, rotate_account_key, [("rotate", told::rotate_account_key())])
        .route(Method::GET, CLIENTS, list_account_clients, told::list_account_clients())
        .route(Method::POST, CLIENTS, create_account_client, told::create_account_client())
        .route(Method::GET, CLIENT_PATH, get_account_client, told::get_account_client())
        .route(Method::PATCH, CLIENT_PATH, update_account_client, told::update_account_client())
        .route(Method::DELETE, CLIENT_PATH, delete_account_client, told::delete_account_client())
        .route(Method::POST, CLIENT_PATH, rotate_account_client, [("rotate", told::rotate_account_client())])
}

/// `GET .../serviceAccounts/{account}/apiKeys`.
pub(crate) async fn list_account_keys(read: Read<2>) -> Answer {
    list(&read, ("ListServiceAccountApiKeys", KEY_ROWS, &ACCOUNT_KEY), AccountSecret::ApiKey).await
}

/// `GET .../serviceAccounts/{account}/clients`.
pub(crate) async fn list_account_clients(read: Read<2>) -> Answer {
    list(&read, ("ListServiceAccountClients", CLIENT_ROWS, &CLIENT), AccountSecret::Client).await
}

async fn list(
    read: &Read<2>,
    (method, rows, message): (&str, &'static str, &Message),
    kind: AccountSecret,
) -> Answer {
    let by = OrganizationRef::parse(&read.path[0]);
    let wanted = || {
        let shown = read.fields_of_list(rows, message)?;
        let (expression, filter) = filters::read(&read.query, &api_keys::SCHEMA, api_keys::condition)?;
        let paging = Paging::read(read, method, &api_keys::ORDERING, (&expression, false))?;
        let query = ListQuery { filter, page: paging.request.clone() };
        Ok((shown, paging, query))
    };
    let (shown, paging, query) =
        judged_in_organization(&read.core, &read.caller, &by, READ, wanted()).await?;
    let at = (by, account_id(&read.path[1]));
    let page = read.core.list_account_secrets(&read.caller, at, kind, query).await?;
    Ok(shown.list(&paging.answer(read, rows, &page, |key| write(kind, key)))?)
}

/// `POST .../serviceAccounts/{account}/apiKeys`: the secret is shown this once.
pub(crate) async fn create_account_key(change: Change<2>) -> Answer {
    create(change, (&ACCOUNT_KEY, AccountSecret::ApiKey)).await
}

/// `POST .../serviceAccounts/{account}/clients`: the secret is shown this once.
pub(crate) async fn create_account_client(change: Change<2>) -> Answer {
    create(change, (&CLIENT, AccountSecret::Client)).await
}

async fn create(change: Change<2>, (message, kind): (&Message, AccountSecret)) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let read = || -> Result<(NewAccountSecret, Terms)> {
        let members = Members::of(message, &change.body)?;
        let terms = change.terms_to_make()?;
        let title = members.text("title")?;
        let title = title.ok_or_else(|| Error::invalid("title", "missing", "expected a title"))?.to_owned();
        let ttl = members.text("ttl")?.filter(|text| !text.is_empty());
        let seconds = ttl.map(|text| seconds("ttl", text, TTL_SECONDS_MAX)).transpose()?;
        let description = members.text("description")?.map(str::to_owned);
        refuse_asleep(&members)?;
        Ok((NewAccountSecret { title, description, seconds, unique_title: false }, terms))
    };
    let (new, terms) = judged_in_organization(&change.core, &change.caller, &by, MANAGE, read()).await?;
    let at = (by, account_id(&change.path[1]));
    let work = async move |core: Core, caller| core.create_account_secret(&caller, at, kind, new).await;
    let keep = move |(key, _): &(ApiKey, Secret)| write(kind, key);
    let show = move |(key, secret): (ApiKey, Secret)| with_secret(write(kind, &key), &secret);
    change.make_with_secret(terms, keep, show, work).await
}

/// `GET .../serviceAccounts/{account}/apiKeys/{key}`.
pub(crate) async fn get_account_key(read: Read<3>) -> Answer {
    get(&read, (&ACCOUNT_KEY, AccountSecret::ApiKey)).await
}

/// `GET .../serviceAccounts/{account}/clients/{client}`.
pub(crate) async fn get_account_client(read: Read<3>) -> Answer {
    get(&read, (&CLIENT, AccountSecret::Client)).await
}

async fn get(read: &Read<3>, (message, kind): (&Message, AccountSecret)) -> Answer {
    let by = OrganizationRef::parse(&read.path[0]);
    let shown = read.fields(message);
    let shown = judged_in_organization(&read.core, &read.caller, &by, READ, shown).await?;
    let (at, key) = ((by, account_id(&read.path[1])), key_id(&read.path[2]));
    let found = read.core.get_account_secret(&read.caller, at, (kind, key)).await?;
    Ok(shown.answer(write(kind, &found)))
}

/// `PATCH .../serviceAccounts/{account}/apiKeys/{key}` with `update_mask`. Its end stays.
pub(crate) async fn update_account_key(change: Change<3>) -> Answer {
    update(change, (&ACCOUNT_KEY, AccountSecret::ApiKey)).await
}

/// `PATCH .../serviceAccounts/{account}/clients/{client}` with `update_mask`. Its end stays.
pub(crate) async fn update_account_client(change: Change<3>) -> Answer {
    update(change, (&CLIENT, AccountSecret::Client)).await
}

async fn update(change: Change<3>, (message, kind): (&'static Message, AccountSecret)) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let read = || -> Result<(ApiKeyChange, Terms)> {
        let members = Members::of(message, &change.body)?;
        let terms = change.terms(members.text("etag")?)?;
        let mask = change.mask(message)?;
        let named = |name: &str| mask.as_ref().map_or_else(|| members.has(name), |mask| mask.covers(name));
        let title = match (named("title"), members.text("title")?) {
            (true, None) => return Err(Error::invalid("title", "missing", "expected a title")),
            (true, Some(title)) => Some(title.to_owned()),
            (false, _) => None,
        };
        let description = members.text("description")?.map(str::to_owned);
        let wanted = ApiKeyChange {
            title,
            description: named("description").then_some(description),
            active: named("active").then(|| read_active(&members)).transpose()?,
            expected_version: terms.expected_version.clone(),
            ..ApiKeyChange::default()
        };
        Ok((wanted, terms))
    };
    let judged = judged_in_organization(&change.core, &change.caller, &by, MANAGE, read());
    let (wanted, terms) = judged.await?;
    let (at, key) = ((by, account_id(&change.path[1])), key_id(&change.path[2]));
    let found = change.core.get_account_secret(&change.caller, at.clone(), (kind, key)).await?;
    require_same_ttl(&Members::of(message, &change.body)?, &found)?;
    let work =
        async move |core: Core, caller| core.update_account_secret(&caller, at, (kind, key), wanted).await;
    change.make(terms, move |key: &ApiKey| write(kind, key), work).await
}

/// `DELETE .../serviceAccounts/{account}/apiKeys/{key}`: it counts for nothing from then on.
pub(crate) async fn delete_account_key(change: Change<3>) -> Answer {
    delete(change, AccountSecret::ApiKey).await
}

/// `DELETE .../serviceAccounts/{account}/clients/{client}`: likewise.
pub(crate) async fn delete_account_client(change: Change<3>) -> Answer {
    delete(change, AccountSecret::Client).await
}

async fn delete(change: Change<3>, kind: AccountSecret) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let read = || -> Result<_> { Ok((change.terms(None)?, flag(&change.query, "allow_missing")?)) };
    let judged = judged_in_organization(&change.core, &change.caller, &by, MANAGE, read());
    let (terms, allow_missing) = judged.await?;
    let at = (by, account_id(&change.path[1]));
    let (key, expected) = (key_id(&change.path[2]), terms.expected_version.clone());
    let work =
        async move |core: Core, caller| core.delete_account_secret(&caller, at, (kind, key), expected).await;
    or_missing(allow_missing, change.make(terms, |(): &()| Value::Object(Map::new()), work).await)
}

/// `POST .../serviceAccounts/{account}/apiKeys/{key}:rotate`: another secret, which is shown this once.
pub(crate) async fn rotate_account_key(change: Change<3>) -> Answer {
    rotate(change, AccountSecret::ApiKey).await
}

/// `POST .../serviceAccounts/{account}/clients/{client}:rotate`: likewise.
pub(crate) async fn rotate_account_client(change: Change<3>) -> Answer {
    rotate(change, AccountSecret::Client).await
}

async fn rotate(change: Change<3>, kind: AccountSecret) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let (key, method) = change.path[2].rsplit_once(':').ok_or(Refusal::UnknownRoute)?;
    if method != "rotate" {
        return Err(Refusal::UnknownRoute.into());
    }
    let key = key_id(key);
    let read = || -> Result<(i64, Terms)> {
        let none = Value::Object(Map::new());
        let body = if change.body.is_null() { &none } else { &change.body };
        let members = Members::of(&ROTATION, body)?;
        let overlap = members.text("overlap")?.filter(|text| !text.is_empty());
        let overlap = overlap.map_or(Ok(0), |text| seconds("overlap", text, OVERLAP_SECONDS_MAX))?;
        Ok((overlap, change.terms(members.text("etag")?)?))
    };
    let judged = judged_in_organization(&change.core, &change.caller, &by, MANAGE, read());
    let (overlap_seconds, terms) = judged.await?;
    let rotation = Rotation { overlap_seconds, expected_version: terms.expected_version.clone() };
    let at = (by, account_id(&change.path[1]));
    let work =
        async move |core: Core, caller| core.rotate_account_secret(&caller, at, (kind, key), rotation).await;
    let keep = move |(key, _): &(ApiKey, Secret)| write(kind, key);
    let show = move |(key, secret): (ApiKey, Secret)| with_secret(write(kind, &key), &secret);
    change.make_with_secret(terms, keep, show, work).await
}

fn key_id(text: &str) -> CredentialId {
    id(text, CredentialId::parse, CredentialId::from_uuid)
}

fn write(kind: AccountSecret, key: &ApiKey) -> Value {
    let ApiKey { credential, last_used_at, .. } = key;
    let organization = credential.organization.map(names::organization).unwrap_or_default();
    let collection = match kind {
        AccountSecret::ApiKey => "apiKeys",
        AccountSecret::Client => "clients",
    };
    let parent = format!("{organization}/serviceAccounts/{}", credential.principal);
    object([
        ("name", Some(format!("{parent}/{collection}/{}", credential.id).into())),
        ("title", Some(credential.title.as_str().into())),
        ("description", key.description.as_deref().map(Value::from)),
        ("active", Some(key.disabled_at.is_none().into())),
        ("prefix", Some(credential.beginning().into())),
        ("expire_time", credential.expires_at.map(time)),
        ("create_time", Some(time(credential.created_at))),
        ("rotate_time", key.rotated_at.map(time)),
        ("last_use_time", last_used_at.map(time)),
        ("last_use_source", key.last_source.as_deref().map(Value::from)),
        ("last_use_user_agent", key.last_user_agent.as_deref().map(Value::from)),
        ("etag", Some(etag::write(credential.version).into())),
    ])
}
