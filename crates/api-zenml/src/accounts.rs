//! `/users`: accounts of people, for who runs the server; everybody else finds nobody here but themselves.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use tenantry_core::filter::{Filter, Test};
use tenantry_core::ids::{PrincipalId, parse_uuid};
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::principal::{
    Account, AccountChange, AccountField, AccountQuery, NewUser, OwnChange, PROFILE_TEXT_MAX, ProfileChange,
};
use tenantry_core::text::{fold, login};
use tenantry_core::{Core, Error, Kind, Result};
use tenantry_http::{Authenticated, Object, Refused, Segments, Served};

use crate::Zenml;
use crate::params::{Params, missing};
use crate::roles::NAME_MAX;
use crate::teams::require_length;
use crate::users::UserRead;

/// The vendor's own limit.
pub(crate) const MOST: usize = 100;

/// `GET /users`: every account for who runs the server, the caller's own for everybody else; the newest first.
pub(crate) async fn list_users(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let (email, username) = (params.text("email")?, params.text("username")?);
    let (offset, limit) = (params.offset()?, params.limit(MOST)?);
    let mut filter = Filter::All;
    for (field, wanted) in [(AccountField::Email, email), (AccountField::Username, username)] {
        if let Some(text) = wanted {
            filter = filter.and(Filter::Is(field, Test::Folded(login(text))));
        }
    }
    let page = PageRequest {
        order: vec![Order::descending(AccountField::CreatedAt)],
        start: Start::Skip { from: None, rows: offset },
        limit,
    };
    let query = AccountQuery { filter, page };
    if let Some(found) = unless_forbidden(served.core.list_accounts(&who.caller, query).await)? {
        return Ok(Json(found.items.iter().map(read).collect::<Vec<_>>()).into_response());
    }
    let own = served.core.get_own_account(&who.caller).await?;
    let is = |wanted: Option<&str>, text: Option<&str>| {
        wanted.is_none_or(|wanted| text.is_some_and(|text| fold(text) == login(wanted)))
    };
    let shown = offset == 0
        && limit > 0
        && is(email, own.email.as_deref())
        && is(username, Some(own.username.as_str()));
    let account = served.core.find_own_account(&who.caller).await?;
    let items: Vec<_> = shown.then(|| besides(UserRead::known(&own), account.as_ref())).into_iter().collect();
    Ok(Json(items).into_response())
}

/// `POST /users?email=..&password=..`: an account, by who runs the server. A password in an address is the vendor's way.
pub(crate) async fn create_user(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let email = params.text("email")?.ok_or_else(|| missing("email"))?.to_owned();
    let password = params.text("password")?.map(str::to_owned);
    let new = NewUser { email, password, password_expires: true, ..NewUser::default() };
    let core = &served.core;
    let made = core.create_user(&who.caller, new).await;
    let (user, _) = made.map_err(crate::params::about_query)?;
    let made = core.get_account(&who.caller, user.id).await?;
    Ok(Json(read(&made)).into_response())
}

/// `GET /users/me`: a service account too.
pub(crate) async fn get_own_user(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
) -> Result<Response, Refused<Zenml>> {
    let core = &served.core;
    let own = core.get_own_account(&who.caller).await?;
    let account = core.find_own_account(&who.caller).await?;
    let is_superuser = runs_the_server(core, &who).await?;
    Ok(Json(besides(UserRead::with_rights(&own, is_superuser), account.as_ref())).into_response())
}

/// What is absent or `null` is left alone.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.UserUpdate")]
pub(crate) struct UserUpdate {
    /// Refused: people change their passwords themselves, and show the current one.
    password: Option<String>,
    #[schemars(length(min = 1, max = 50))]
    name: Option<String>,
    #[schemars(length(min = 1, max = 50))]
    username: Option<String>,
    /// Of others alone: another address of one's own has to be proved first.
    #[schemars(email)]
    email: Option<String>,
    /// Of others alone.
    is_active: Option<bool>,
    #[schemars(url)]
    avatar_url: Option<String>,
    #[schemars(length(min = 1, max = PROFILE_TEXT_MAX))]
    company: Option<String>,
    #[schemars(length(min = 1, max = PROFILE_TEXT_MAX))]
    job_title: Option<String>,
    /// At most 4 KiB of JSON.
    metadata: Option<Map<String, Value>>,
    is_onboarded: Option<bool>,
}

impl UserUpdate {
    fn profile(&self) -> ProfileChange {
        ProfileChange {
            avatar_url: self.avatar_url.clone(),
            company: self.company.clone(),
            job_title: self.job_title.clone(),
            metadata: self.metadata.as_ref().map(|members| Value::Object(members.clone()).to_string()),
            is_onboarded: self.is_onboarded,
        }
    }

    /// The vendor's names are shorter than those of other dialects.
    fn require_lengths(&self) -> Result<()> {
        self.name.as_deref().map_or(Ok(()), |name| require_length("name", name, NAME_MAX))
    }

    fn refuse_password(&self) -> Result<()> {
        refuse(
            "password",
            self.password.is_some(),
            "a password is changed by its owner, on the sign-in pages",
        )
    }
}

/// `PATCH /users/me`: the caller's own names.
pub(crate) async fn update_own_user(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Zenml, Object<UserUpdate>>,
) -> Result<Response, Refused<Zenml>> {
    body.refuse_password()?;
    body.require_lengths()?;
    let core = &served.core;
    let own = core.get_own_account(&who.caller).await?;
    let another = body.email.as_ref().is_some_and(|email| own.email.as_ref() != Some(email));
    refuse("email", another, "another address has to be proved first, on the sign-in pages")?;
    refuse("is_active", body.is_active == Some(false), "nobody deactivates themselves")?;
    let profile = body.profile();
    let change = OwnChange {
        username: body.username,
        display_name: body.name.map(Some),
        profile,
        expected_version: None,
    };
    core.update_own_account(&who.caller, change).await.map_err(in_words)?;
    get_own_user(State(served), who).await
}

/// `GET /users/{user}`, by id or e-mail address.
pub(crate) async fn get_user(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([user]): Segments<1>,
) -> Result<Response, Refused<Zenml>> {
    let core = &served.core;
    if let Some(account) = unless_forbidden(find(core, &who, &user).await)? {
        return Ok(Json(read(&account)).into_response());
    }
    let own = core.get_own_account(&who.caller).await?;
    let id = PrincipalId::parse(&user);
    let is_own = id == Some(own.id) || own.email.as_deref().is_some_and(|email| fold(email) == login(&user));
    if !is_own {
        return Err(Error::hidden("user").into());
    }
    let account = core.find_own_account(&who.caller).await?;
    Ok(Json(besides(UserRead::known(&own), account.as_ref())).into_response())
}

/// `PATCH /users/{user}`, by id: by who runs the server.
pub(crate) async fn update_user(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([user]): Segments<1>,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Zenml, Object<UserUpdate>>,
) -> Result<Response, Refused<Zenml>> {
    body.refuse_password()?;
    body.require_lengths()?;
    let (core, id) = (&served.core, user_id(&user));
    let change = AccountChange {
        profile: body.profile(),
        username: body.username,
        email: body.email,
        display_name: body.name.map(Some),
        suspended: body.is_active.map(|active| !active),
        ..AccountChange::default()
    };
    let account = core.update_account(&who.caller, id, change).await.map_err(in_words)?;
    Ok(Json(read(&account)).into_response())
}

/// `DELETE /users/{user}`, by id: by who runs the server. Who alone owns workspaces is not deleted.
pub(crate) async fn delete_user(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([user]): Segments<1>,
) -> Result<Json<()>, Refused<Zenml>> {
    served.core.delete_account(&who.caller, user_id(&user), None, false).await?;
    Ok(Json(()))
}

fn read(account: &Account) -> UserRead<'_> {
    UserRead::with_rights(&account.user, account.is_administrator).with_account(account)
}

/// The caller with what only people have.
fn besides<'a>(own: UserRead<'a>, account: Option<&'a Account>) -> UserRead<'a> {
    match account {
        Some(account) => own.with_account(account),
        None => own,
    }
}

/// The account of this id or e-mail address, for who runs the server.
async fn find(core: &Core, who: &Authenticated<Zenml>, user: &str) -> Result<Account> {
    if let Some(id) = PrincipalId::parse(user) {
        return core.get_account(&who.caller, id).await;
    }
    let page = PageRequest {
        order: vec![Order::ascending(AccountField::CreatedAt)],
        start: Start::Beginning,
        limit: 1,
    };
    let filter = Filter::Is(AccountField::Email, Test::Folded(login(user)));
    let found = core.list_accounts(&who.caller, AccountQuery { filter, page }).await?;
    found.items.into_iter().next().ok_or_else(|| Error::not_found("user"))
}

/// Whether the caller runs the server. A service account never does.
async fn runs_the_server(core: &Core, who: &Authenticated<Zenml>) -> Result<bool> {
    let account = match core.get_account(&who.caller, who.caller.principal).await {
        Err(absent) if absent.kind == Kind::NotFound => None,
        other => unless_forbidden(other)?,
    };
    Ok(account.is_some_and(|account| account.is_administrator))
}

/// What only who runs the server is told; `None` for everybody else.
fn unless_forbidden<T>(outcome: Result<T>) -> Result<Option<T>> {
    match outcome {
        Ok(told) => Ok(Some(told)),
        Err(error) if error.kind == Kind::Forbidden => Ok(None),
        Err(error) => Err(error),
    }
}

/// A malformed id is an unknown one.
fn user_id(text: &str) -> PrincipalId {
    PrincipalId::from_uuid(parse_uuid(text).unwrap_or_default())
}

fn refuse(field: &'static str, is_wanted: bool, why: &'static str) -> Result<()> {
    if is_wanted { Err(Error::invalid(field, "unsupported", why)) } else { Ok(()) }
}

fn in_words(error: Error) -> Error {
    error.naming_fields(|field| (field == "display_name").then_some("name"))
}
