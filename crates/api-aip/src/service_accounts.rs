//! Service accounts of an organization, and the API keys and OAuth clients by which they come in.

use axum::http::Method;
use serde_json::{Map, Value};
use tenantry_aip::filter::Filter as Expression;
use tenantry_aip::order::OrderKey;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::credential::{API_KEY_TITLE_MAX, ApiKey, Issued, OVERLAP_SECONDS_MAX, Rotation, Secret};
use tenantry_core::filter::ListQuery;
use tenantry_core::ids::{CredentialId, PrincipalId};
use tenantry_core::permission::{BuiltinRole, Permission};
use tenantry_core::principal::{NewServiceAccount, Principal};
use tenantry_core::service_account::{
    AccountSecret, NewAccountSecret, ServiceAccountChange, ServiceAccountField,
};
use tenantry_core::{Core, Error, Result};
use tenantry_http::{Refusal, Routes};

use crate::args::{flag, judged_in_organization, or_missing};
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::message::{Field, Kind, Message};
use crate::own::{ROTATION, id, object, seconds, time, with_secret};
use crate::page::{Ordering, Paging};
use crate::read::Read;
use crate::resource::Answer;
use crate::{api_keys, etag, filters, names};

pub(crate) const ROWS: &str = "service_accounts";
pub(crate) const KEY_ROWS: &str = "api_keys";
pub(crate) const CLIENT_ROWS: &str = "clients";
/// Longest life of a secret that is to end, in seconds: a hundred years.
const SECONDS_MAX: i64 = 100 * 365 * 24 * 60 * 60;
pub(crate) const SERVICE_ACCOUNT: Message = Message {
    name: "ServiceAccount",
    fields: &[
        Field::output("name", Kind::Name, "`organizations/{organization}/serviceAccounts/{account}`."),
        Field::required("title", Kind::Text(50), "What it is called: letters, digits and `_-@.`."),
        Field::immutable("role", Kind::Name, "Its role in the organization; a member's unless said.").never(),
        Field::output("active", Kind::Flag, "Whether it may act."),
        Field::output("create_time", Kind::Time, "When it was made."),
        Field::etag(),
    ],
};
pub(crate) const ACCOUNT_KEY: Message = Message { name: "ServiceAccountApiKey", fields: &SECRET };
pub(crate) const CLIENT: Message = Message { name: "ServiceAccountClient", fields: &SECRET };
const SECRET: [Field; 9] = [
    Field::output("name", Kind::Name, "Below its service account."),
    Field::required("title", Kind::Text(API_KEY_TITLE_MAX), "What it is called."),
    Field::immutable("ttl", Kind::Word, "How long it lives, such as `3600s`; for ever unless said.").never(),
    Field::output("prefix", Kind::Word, "How the secret begins."),
    Field::output("expire_time", Kind::Time, "When it ends.").sometimes(),
    Field::output("create_time", Kind::Time, "When it was made."),
    Field::output("last_use_time", Kind::Time, "When it was last used.").sometimes(),
    Field::output("secret", Kind::Word, "What is shown as a credential. It is told this once.").once(),
    Field::etag(),
];
const ORDERING: Ordering<ServiceAccountField> = Ordering {
    paths: &[],
    fields: &[ServiceAccountField::CreatedAt],
    default: OrderKey { field: "create_time", descending: false },
};
const READ: Option<Permission> = Some(Permission::ReadServiceAccounts);
const MANAGE: Option<Permission> = Some(Permission::ManageServiceAccounts);

/// The routes of all of it.
pub(crate) fn routes(routes: Routes) -> Routes {
    const ACCOUNTS: &str = "/api/v1/organizations/{organization}/serviceAccounts";
    const ACCOUNT: &str = "/api/v1/organizations/{organization}/serviceAccounts/{account}";
    const KEYS: &str = "/api/v1/organizations/{organization}/serviceAccounts/{account}/apiKeys";
    const KEY: &str = "/api/v1/organizations/{organization}/serviceAccounts/{account}/apiKeys/{key}";
    const CLIENT_PATH: &str =
        "/api/v1/organizations/{organization}/serviceAccounts/{account}/clients/{client}";
    const CLIENTS: &str = "/api/v1/organizations/{organization}/serviceAccounts/{account}/clients";
    use crate::openapi::service_accounts as told;
    routes
        .route(Method::GET, ACCOUNTS, list_service_accounts, told::list_service_accounts())
        .route(Method::POST, ACCOUNTS, create_service_account, told::create_service_account())
        .route(Method::GET, ACCOUNT, get_service_account, told::get_service_account())
        .route(Method::PATCH, ACCOUNT, update_service_account, told::update_service_account())
        .route(Method::DELETE, ACCOUNT, delete_service_account, told::delete_service_account())
        .route(
            Method::POST,
            ACCOUNT,
            suspend_service_account,
            [("suspend", told::suspend_service_account()), ("resume", told::resume_service_account())],
        )
        .route(Method::GET, KEYS, list_account_keys, told::list_account_keys())
        .route(Method::POST, KEYS, create_account_key, told::create_account_key())
        .route(Method::DELETE, KEY, delete_account_key, told::delete_account_key())
        .route(Method::POST, KEY, rotate_account_key, [("rotate", told::rotate_account_key())])
        .route(Method::GET, CLIENTS, list_account_clients, told::list_account_clients())
        .route(Method::POST, CLIENTS, create_account_client, told::create_account_client())
        .route(Method::DELETE, CLIENT_PATH, delete_account_client, told::delete_account_client())
        .route(Method::POST, CLIENT_PATH, rotate_account_client, [("rotate", told::rotate_account_client())])
}

/// `GET .../organizations/{organization}/serviceAccounts`, as they were made.
pub(crate) async fn list_service_accounts(read: Read<1>) -> Answer {
    let by = OrganizationRef::parse(&read.path[0]);
    let wanted = || {
        let shown = read.fields_of_list(ROWS, &SERVICE_ACCOUNT)?;
        let none = Expression::default();
        Ok((shown, Paging::read(&read, "ListServiceAccounts", &ORDERING, (&none, false))?))
    };
    let (shown, paging) = judged_in_organization(&read.core, &read.caller, &by, READ, wanted()).await?;
    let page = read.core.list_service_accounts(&read.caller, by, paging.request.clone()).await?;
    Ok(shown.list(&paging.answer(&read, ROWS, &page, write))?)
}

/// `GET .../serviceAccounts/{account}`.
pub(crate) async fn get_service_account(read: Read<2>) -> Answer {
    let by = OrganizationRef::parse(&read.path[0]);
    let shown = read.fields(&SERVICE_ACCOUNT);
    let shown = judged_in_organization(&read.core, &read.caller, &by, READ, shown).await?;
    let found = read.core.get_service_account(&read.caller, by, account_id(&read.path[1])).await?;
    Ok(shown.answer(write(&found)))
}

/// `POST .../organizations/{organization}/serviceAccounts`: one without a secret.
pub(crate) async fn create_service_account(change: Change<1>) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let read = || -> Result<(NewServiceAccount, Terms)> {
        let members = Members::of(&SERVICE_ACCOUNT, &change.body)?;
        let terms = change.terms_to_make()?;
        let title = members.text("title")?;
        let name = title.ok_or_else(|| Error::invalid("title", "missing", "expected a title"))?.to_owned();
        let role = members.text("role")?.filter(|role| !role.is_empty()).map(read_role).transpose()?;
        Ok((NewServiceAccount { name, role: role.unwrap_or(BuiltinRole::OrganizationMember) }, terms))
    };
    let (new, terms) = judged_in_organization(&change.core, &change.caller, &by, MANAGE, read()).await?;
    let work = async move |core: Core, caller| {
        let made = core.add_service_account(&caller, by, new).await;
        made.map_err(|error| error.naming_fields(|field| (field == "name").then_some("title")))
    };
    change.make(terms, write, work).await
}

/// `PATCH .../serviceAccounts/{account}` with `update_mask`.
pub(crate) async fn update_service_account(change: Change<2>) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let read = || -> Result<(ServiceAccountChange, Terms)> {
        let members = Members::of(&SERVICE_ACCOUNT, &change.body)?;
        let terms = change.terms(members.text("etag")?)?;
        let mask = change.mask(&SERVICE_ACCOUNT)?;
        let named = mask.as_ref().map_or_else(|| members.has("title"), |mask| mask.covers("title"));
        let name = match (named, members.text("title")?) {
            (true, None) => return Err(Error::invalid("title", "missing", "expected a title")),
            (true, Some(title)) => Some(title.to_owned()),
            (false, _) => None,
        };
        let expected_version = terms.expected_version.clone();
        Ok((ServiceAccountChange { name, expected_version, ..ServiceAccountChange::default() }, terms))
    };
    let judged = judged_in_organization(&change.core, &change.caller, &by, MANAGE, read());
    let (wanted, terms) = judged.await?;
    let at = (by, account_id(&change.path[1]));
    let work = async move |core: Core, caller| {
        let changed = core.update_service_account(&caller, at, wanted).await;
        changed.map_err(|error| error.naming_fields(|field| (field == "name").then_some("title")))
    };
    change.make(terms, write, work).await
}

/// `POST .../serviceAccounts/{account}:suspend` and `:resume`.
pub(crate) async fn suspend_service_account(change: Change<2>) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let (id, method) = change.path[1].rsplit_once(':').ok_or(Refusal::UnknownRoute)?;
    let suspended = match method {
        "suspend" => true,
        "resume" => false,
        _ => return Err(Refusal::UnknownRoute.into()),
    };
    let at = (by.clone(), account_id(id));
    let judged = judged_in_organization(&change.core, &change.caller, &by, MANAGE, change.terms(None));
    let terms = judged.await?;
    let expected_version = terms.expected_version.clone();
    let wanted = ServiceAccountChange {
        suspended: Some(suspended),
        expected_version,
        ..ServiceAccountChange::default()
    };
    let work = async move |core: Core, caller| core.update_service_account(&caller, at, wanted).await;
    change.make(terms, write, work).await
}

/// `DELETE .../serviceAccounts/{account}`. With `force`, workspaces that it alone owns go to the organization's owner.
pub(crate) async fn delete_service_account(change: Change<2>) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let read = || -> Result<_> {
        Ok((change.terms(None)?, flag(&change.query, "allow_missing")?, flag(&change.query, "force")?))
    };
    let judged = judged_in_organization(&change.core, &change.caller, &by, MANAGE, read());
    let (terms, allow_missing, force) = judged.await?;
    let at = (by, account_id(&change.path[1]));
    let expected = terms.expected_version.clone();
    let work =
        async move |core: Core, caller| core.delete_service_account(&caller, at, expected, force).await;
    or_missing(allow_missing, change.make(terms, |(): &()| Value::Object(Map::new()), work).await)
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
    Ok(shown.list(&paging.answer(read, rows, &page, |key| write_secret(kind, key)))?)
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
        let seconds = ttl.map(|text| seconds("ttl", text, SECONDS_MAX)).transpose()?;
        Ok((NewAccountSecret { title, seconds }, terms))
    };
    let (new, terms) = judged_in_organization(&change.core, &change.caller, &by, MANAGE, read()).await?;
    let at = (by, account_id(&change.path[1]));
    let work = async move |core: Core, caller| core.create_account_secret(&caller, at, kind, new).await;
    let made = |issued: &Issued| ApiKey {
        credential: issued.credential.clone(),
        last_used_at: None,
        ends_itself: false,
    };
    let keep = move |issued: &Issued| write_secret(kind, &made(issued));
    let show = move |issued: Issued| with_secret(write_secret(kind, &made(&issued)), &issued.secret);
    change.make_with_secret(terms, keep, show, work).await
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
    let keep = move |(key, _): &(ApiKey, Secret)| write_secret(kind, key);
    let show = move |(key, secret): (ApiKey, Secret)| with_secret(write_secret(kind, &key), &secret);
    change.make_with_secret(terms, keep, show, work).await
}

fn account_id(text: &str) -> PrincipalId {
    id(text, PrincipalId::parse, PrincipalId::from_uuid)
}

fn key_id(text: &str) -> CredentialId {
    id(text, CredentialId::parse, CredentialId::from_uuid)
}

/// A built-in role of organizations.
fn read_role(text: &str) -> Result<BuiltinRole> {
    use tenantry_core::grant::RoleName;
    match names::role(text) {
        RoleName::Builtin(role) if role.level() == tenantry_core::permission::Level::Organization => Ok(role),
        _ => Err(Error::invalid("role", "unknown", "expected a built-in role of organizations")),
    }
}

fn write(account: &Principal) -> Value {
    let organization = account.organization.map(names::organization).unwrap_or_default();
    object([
        ("name", Some(format!("{organization}/serviceAccounts/{}", account.id).into())),
        ("title", Some(account.username.as_str().into())),
        ("active", Some(account.suspended_at.is_none().into())),
        ("create_time", Some(time(account.created_at))),
        ("etag", Some(etag::write(account.version).into())),
    ])
}

fn write_secret(kind: AccountSecret, key: &ApiKey) -> Value {
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
        ("prefix", Some(format!("{}{}", credential.kind.prefix(), credential.first_characters).into())),
        ("expire_time", credential.expires_at.map(time)),
        ("create_time", Some(time(credential.created_at))),
        ("last_use_time", last_used_at.map(time)),
        ("etag", Some(etag::write(credential.version).into())),
    ])
}
