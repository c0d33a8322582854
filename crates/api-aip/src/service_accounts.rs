//! Service accounts of an organization. By what they come in stands in `account_secrets`.

use axum::http::Method;
use serde_json::{Map, Value};
use tenantry_aip::order::OrderKey;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::filter::ListQuery;
use tenantry_core::grant::RoleName;
use tenantry_core::ids::PrincipalId;
use tenantry_core::permission::{BuiltinRole, Permission};
use tenantry_core::principal::{DISPLAY_NAME_MAX, NewServiceAccount};
use tenantry_core::service_account::{ServiceAccount, ServiceAccountChange, ServiceAccountField};
use tenantry_core::text::DESCRIPTION_MAX;
use tenantry_core::{Core, Error, Result};
use tenantry_http::{Refusal, Routes};

use crate::args::{flag, judged_in_organization, or_missing};
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::message::{Field, Kind, Message};
use crate::own::{id, object, time};
use crate::page::{Ordering, Paging};
use crate::read::Read;
use crate::resource::Answer;
use crate::{etag, filters, names};

pub(crate) const ROWS: &str = "service_accounts";
pub(crate) const SERVICE_ACCOUNT: Message = Message {
    name: "ServiceAccount",
    fields: &[
        Field::output("name", Kind::Name, "`organizations/{organization}/serviceAccounts/{account}`."),
        Field::required("title", Kind::Text(50), "What it is called: letters, digits and `_-@.`."),
        Field::optional("display_name", Kind::Text(DISPLAY_NAME_MAX), "What people call it."),
        Field::optional("description", Kind::Text(DESCRIPTION_MAX), "What it is for."),
        Field::immutable("role", Kind::Name, "Its role in the organization; a member's unless said.").never(),
        Field::output("active", Kind::Flag, "Whether it may act."),
        Field::output("api_key_count", Kind::Count, "How many API keys it has."),
        Field::output("create_time", Kind::Time, "When it was made."),
        Field::output("last_use_time", Kind::Time, "When a secret of it was last used.").sometimes(),
        Field::etag(),
    ],
};
pub(crate) const ORDERING: Ordering<ServiceAccountField> = Ordering {
    paths: &[],
    fields: &[ServiceAccountField::CreatedAt],
    default: OrderKey { field: "create_time", descending: false },
};
pub(crate) const READ: Option<Permission> = Some(Permission::ReadServiceAccounts);
pub(crate) const MANAGE: Option<Permission> = Some(Permission::ManageServiceAccounts);

/// The routes of accounts.
pub(crate) fn routes(routes: Routes) -> Routes {
    const ACCOUNTS: &str = "/api/v1/organizations/{organization}/serviceAccounts";
    const ACCOUNT: &str = "/api/v1/organizations/{organization}/serviceAccounts/{account}";
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
}

/// `GET .../organizations/{organization}/serviceAccounts`.
pub(crate) async fn list_service_accounts(read: Read<1>) -> Answer {
    let by = OrganizationRef::parse(&read.path[0]);
    let wanted = || {
        let shown = read.fields_of_list(ROWS, &SERVICE_ACCOUNT)?;
        let (expression, filter) = filters::titles(&read.query, ServiceAccountField::Name)?;
        let paging = Paging::read(&read, "ListServiceAccounts", &ORDERING, (&expression, false))?;
        let query = ListQuery { filter, page: paging.request.clone() };
        Ok((shown, paging, query))
    };
    let (shown, paging, query) =
        judged_in_organization(&read.core, &read.caller, &by, READ, wanted()).await?;
    let page = read.core.list_service_accounts(&read.caller, by, query).await?;
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
        let role = members.text("role")?.filter(|role| !role.is_empty()).map(names::role);
        let new = NewServiceAccount {
            display_name: members.text("display_name")?.filter(|name| !name.is_empty()).map(str::to_owned),
            description: members.text("description")?.map(str::to_owned),
            role: role.unwrap_or(RoleName::Builtin(BuiltinRole::OrganizationMember)),
            name,
        };
        Ok((new, terms))
    };
    let (new, terms) = judged_in_organization(&change.core, &change.caller, &by, MANAGE, read()).await?;
    let work = async move |core: Core, caller| {
        let made = core.add_service_account(&caller, by, new).await;
        made.map_err(in_words)
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
        let named = |name: &str| mask.as_ref().map_or_else(|| members.has(name), |mask| mask.covers(name));
        let text = |name: &'static str| -> Result<Option<Option<String>>> {
            let text = members.text(name)?.filter(|text| !text.is_empty());
            Ok(named(name).then(|| text.map(str::to_owned)))
        };
        let name = match (named("title"), members.text("title")?) {
            (true, None) => return Err(Error::invalid("title", "missing", "expected a title")),
            (true, Some(title)) => Some(title.to_owned()),
            (false, _) => None,
        };
        let wanted = ServiceAccountChange {
            name,
            display_name: text("display_name")?,
            description: text("description")?,
            suspended: None,
            expected_version: terms.expected_version.clone(),
        };
        Ok((wanted, terms))
    };
    let judged = judged_in_organization(&change.core, &change.caller, &by, MANAGE, read());
    let (wanted, terms) = judged.await?;
    let at = (by, account_id(&change.path[1]));
    let work = async move |core: Core, caller| {
        let changed = core.update_service_account(&caller, at, wanted).await;
        changed.map_err(in_words)
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

pub(crate) fn account_id(text: &str) -> PrincipalId {
    id(text, PrincipalId::parse, PrincipalId::from_uuid)
}

fn in_words(error: Error) -> Error {
    error.naming_fields(|field| match field {
        "name" => Some("title"),
        "roles" => Some("role"),
        _ => None,
    })
}

fn write(found: &ServiceAccount) -> Value {
    let account = &found.principal;
    let organization = account.organization.map(names::organization).unwrap_or_default();
    object([
        ("name", Some(format!("{organization}/serviceAccounts/{}", account.id).into())),
        ("title", Some(account.username.as_str().into())),
        ("display_name", account.display_name.as_deref().map(Value::from)),
        ("description", found.description.as_deref().map(Value::from)),
        ("active", Some(account.suspended_at.is_none().into())),
        ("api_key_count", Some(found.api_keys.into())),
        ("create_time", Some(time(account.created_at))),
        ("last_use_time", found.last_used_at.map(time)),
        ("etag", Some(etag::write(account.version).into())),
    ])
}
