//! Accounts of people. They belong to the server; where somebody may enter is told by roles.

use serde_json::{Map, Value, json};
use tenantry_aip::check::{Predicate, Test as Wanted};
use tenantry_aip::order::OrderKey;
use tenantry_aip::{EnumName, EnumType, Field as Filtered, FieldType, Mask, Schema};
use tenantry_core::credential::{Issued, Secret};
use tenantry_core::filter::{Filter, Test};
use tenantry_core::ids::PrincipalId;
use tenantry_core::link::LinkKind;
use tenantry_core::permission::Permission;
use tenantry_core::principal::{
    Account, AccountChange, AccountField, AccountQuery, DISPLAY_NAME_MAX, NewUser, Principal, Profile,
};
use tenantry_core::{Core, Error, Result};
use tenantry_http::Refusal;

use crate::args::{flag, or_missing};
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::message::{Field, Kind, Message};
use crate::page::{Ordering, Paging};
use crate::read::Read;
use crate::resource::Answer;
use crate::{etag, filters, people};

pub(crate) const ROWS: &str = "users";
pub(crate) const ACCOUNT: Message = Message {
    name: "Account",
    fields: &[
        Field::output("name", Kind::Name, "`users/{user}`."),
        Field::required("email", Kind::Email, "The person's address; unique on the server."),
        Field::optional("username", Kind::Word, "The name to sign in with; the address unless said.")
            .always(),
        Field::optional("display_name", Kind::Text(DISPLAY_NAME_MAX), "What the person is called."),
        Field::optional("administrator", Kind::Flag, "Whether the person runs the server.").always(),
        Field::output("state", Kind::Choice(states), "Whether it can be entered.").always(),
        Field::output("email_verified", Kind::Flag, "Whether the person has proved the address."),
        Field::output("create_time", Kind::Time, "When it was made."),
        Field::output("update_time", Kind::Time, "When it was last changed."),
        Field::output("secret", Kind::Word, "A token with which the person can begin. It is told this once.")
            .once(),
        Field::etag(),
    ],
};
/// A link by which a person sets a password.
pub(crate) const SENT: Message = Message {
    name: "SentLink",
    fields: &[
        Field::output("user", Kind::Name, "`users/{user}`."),
        Field::output("mailed", Kind::Flag, "Whether it was mailed to the person."),
        Field::output("link", Kind::Word, "The link, where it was not mailed. It is told this once.")
            .sometimes(),
    ],
};
pub(crate) static SCHEMA: Schema = Schema::new(
    &[
        Filtered::new("display_name", FieldType::Text),
        Filtered::new("email", FieldType::Text),
        Filtered::new("username", FieldType::Text),
        Filtered::new(
            "state",
            FieldType::Enum(EnumType {
                names: &[
                    EnumName { name: "ACTIVE", aliases: &[] },
                    EnumName { name: "SUSPENDED", aliases: &[] },
                ],
                ignore_case: true,
            }),
        ),
        Filtered::new("search", FieldType::Search),
    ],
    &["display_name", "email", "username"],
);
pub(crate) const ORDERING: Ordering<AccountField> = Ordering {
    paths: &["display_name", "email", "username", "create_time", "update_time"],
    fields: &[
        AccountField::DisplayName,
        AccountField::Email,
        AccountField::Username,
        AccountField::CreatedAt,
        AccountField::UpdatedAt,
    ],
    default: OrderKey { field: "create_time", descending: true },
};

fn states() -> Vec<String> {
    ["ACTIVE", "SUSPENDED"].map(str::to_owned).into()
}

/// The arguments; or, if they are wrong, first whether the caller runs the server.
async fn judged<T>(core: &Core, caller: &tenantry_core::caller::Caller, arguments: Result<T>) -> Result<T> {
    if arguments.is_err() {
        core.check_server(caller, Permission::ManageServer).await?;
    }
    arguments
}

/// `GET /api/v1/users`: by who runs the server.
pub(crate) async fn list_users(read: Read<0>) -> Answer {
    let wanted = || -> Result<_> {
        let (expression, filter) = filters::read(&read.query, &SCHEMA, condition)?;
        let paging = Paging::read(&read, "ListUsers", &ORDERING, (&expression, false))?;
        let query = AccountQuery { filter, page: paging.request.clone() };
        Ok((read.fields_of_list(ROWS, &ACCOUNT)?, paging, query))
    };
    let (shown, paging, query) = judged(&read.core, &read.caller, wanted()).await?;
    let page = read.core.list_accounts(&read.caller, query).await?;
    Ok(shown.list(&paging.answer(&read, ROWS, &page, write))?)
}

/// `GET /api/v1/users/{user}`: by who runs the server.
pub(crate) async fn get_user(read: Read<1>) -> Answer {
    let shown = judged(&read.core, &read.caller, read.fields(&ACCOUNT)).await?;
    let found = read.core.get_account(&read.caller, people::read_user(&read.path[0])).await?;
    Ok(shown.answer(write(&found)))
}

/// `POST /api/v1/users`: by who runs the server; the secret is a personal access token, shown this once. There is no
/// password in the body, since of every body a hash is kept for as long as its `request_id`.
pub(crate) async fn create_user(change: Change<0>) -> Answer {
    let read = || -> Result<(NewUser, Terms)> {
        let members = Members::of(&ACCOUNT, &change.body)?;
        let terms = change.terms_to_make()?;
        let given = |name: &str| {
            members.text(name).map(|text| text.filter(|text| !text.is_empty()).map(str::to_owned))
        };
        let email = given("email")?;
        let new = NewUser {
            email: email.ok_or_else(|| Error::invalid("email", "missing", "expected an e-mail address"))?,
            username: given("username")?,
            display_name: given("display_name")?,
            administrator: read_administrator(&members)?.unwrap_or_default(),
            ..NewUser::default()
        };
        Ok((new, terms))
    };
    let (new, terms) = judged(&change.core, &change.caller, read()).await?;
    let is_administrator = new.administrator;
    let account = move |user: &Principal| {
        let user = user.clone();
        write(&Account {
            user,
            has_password: false,
            is_administrator,
            email_verified_at: None,
            profile: Profile::default(),
            password_expired: false,
            email_is_hearsay: false,
        })
    };
    let work = async move |core: Core, caller| core.create_user(&caller, new).await;
    let keep = move |(user, _): &(Principal, Issued)| account(user);
    let show = move |(user, token): (Principal, Issued)| {
        let mut body = account(&user);
        if let Value::Object(members) = &mut body {
            members.insert("secret".to_owned(), token.secret.expose().into());
        }
        body
    };
    change.make_with_secret(terms, keep, show, work).await
}

/// `PATCH /api/v1/users/{user}` with `update_mask`: by who runs the server.
pub(crate) async fn update_user(change: Change<1>) -> Answer {
    let read = || -> Result<(AccountChange, Terms)> {
        let members = Members::of(&ACCOUNT, &change.body)?;
        let terms = change.terms(members.text("etag")?)?;
        let mask = change.mask(&ACCOUNT)?;
        let wanted = |name: &'static str| named(&members, mask.as_ref(), name);
        let is_named =
            mask.as_ref().map_or_else(|| members.has("administrator"), |mask| mask.covers("administrator"));
        let account = AccountChange {
            username: wanted("username")?,
            email: wanted("email")?,
            display_name: wanted("display_name")?.map(or_none),
            administrator: if is_named {
                Some(read_administrator(&members)?.unwrap_or_default())
            } else {
                None
            },
            expected_version: terms.expected_version.clone(),
            ..AccountChange::default()
        };
        Ok((account, terms))
    };
    let (wanted, terms) = judged(&change.core, &change.caller, read()).await?;
    let user = people::read_user(&change.path[0]);
    let work = async move |core: Core, caller| core.update_account(&caller, user, wanted).await;
    change.make(terms, write, work).await
}

/// `DELETE /api/v1/users/{user}`: by who runs the server. With `force`, workspaces that the person alone owns go to the
/// organization's owner.
pub(crate) async fn delete_user(change: Change<1>) -> Answer {
    let read = || -> Result<_> {
        Ok((change.terms(None)?, flag(&change.query, "allow_missing")?, flag(&change.query, "force")?))
    };
    let (terms, allow_missing, force) = judged(&change.core, &change.caller, read()).await?;
    let (user, expected) = (people::read_user(&change.path[0]), terms.expected_version.clone());
    let work = async move |core: Core, caller| core.delete_account(&caller, user, expected, force).await;
    or_missing(allow_missing, change.make(terms, |(): &()| Value::Object(Map::new()), work).await)
}

/// `POST /api/v1/users/{user}:suspend`, `:resume`, `:sendActivation` (AIP-136).
pub(crate) async fn custom_method(change: Change<1>) -> Answer {
    let (id, method) = change.path[0].rsplit_once(':').ok_or(Refusal::UnknownRoute)?;
    let user = people::read_user(id);
    let suspended = match method {
        "suspend" => true,
        "resume" => false,
        "sendActivation" => return send_activation(&change, user).await,
        _ => return Err(Refusal::UnknownRoute.into()),
    };
    let terms = judged(&change.core, &change.caller, change.terms(None)).await?;
    let expected = terms.expected_version.clone();
    let work = async move |core: Core, caller| core.suspend_account(&caller, user, suspended, expected).await;
    change.make(terms, write, work).await
}

/// A link to set a password: mailed, or else shown this once.
async fn send_activation(change: &Change<1>, user: PrincipalId) -> Answer {
    let terms = judged(&change.core, &change.caller, change.terms(None)).await?;
    let expected = terms.expected_version.clone();
    let work = async move |core: Core, caller| core.send_activation(&caller, user, expected).await;
    let sent = |account: &Account, mailed: bool| json!({"user": format!("users/{}", account.user.id), "mailed": mailed});
    let keep = move |(account, secret): &(Account, Option<Secret>)| sent(account, secret.is_none());
    let show = move |(account, secret): (Account, Option<Secret>)| {
        let mut body = sent(&account, secret.is_none());
        if let (Value::Object(members), Some(secret)) = (&mut body, secret) {
            let kind = if account.has_password { LinkKind::PasswordReset } else { LinkKind::Activation };
            members.insert("link".to_owned(), change.served.link(kind, secret.expose()).into());
        }
        body
    };
    change.make_with_secret(terms, keep, show, work).await
}

/// The text of a member that is to be changed: empty for one that is to be none.
pub(crate) fn named(
    members: &Members<'_>,
    mask: Option<&Mask>,
    name: &'static str,
) -> Result<Option<String>> {
    let is_named = mask.map_or_else(|| members.has(name), |mask| mask.covers(name));
    let text = members.text(name)?.unwrap_or_default();
    Ok(is_named.then(|| text.to_owned()))
}

/// An empty text is none.
pub(crate) fn or_none(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn read_administrator(members: &Members<'_>) -> Result<Option<bool>> {
    match members.get("administrator") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(wanted)) => Ok(Some(*wanted)),
        Some(_) => Err(Error::invalid("administrator", "form", "expected true or false")),
    }
}

fn condition(Predicate { field, test }: &Predicate) -> Result<Filter<AccountField>> {
    match (*field, test) {
        ("state", Wanted::Enum(equality, name)) => {
            let suspended = Filter::Is(AccountField::SuspendedAt, Test::Present);
            let is = if *name == "SUSPENDED" { suspended } else { suspended.not() };
            Ok(filters::negated(*equality, is))
        }
        ("search", Wanted::Contains(part)) => {
            let fields = [AccountField::DisplayName, AccountField::Email, AccountField::Username];
            Ok(Filter::Or(fields.map(|field| Filter::Is(field, Test::Contains(part.clone()))).into()))
        }
        ("search", Wanted::Present) => Ok(Filter::All),
        ("display_name", test) => filters::text(AccountField::DisplayName, test),
        ("email", test) => filters::text(AccountField::Email, test),
        ("username", test) => filters::text(AccountField::Username, test),
        _ => Err(Error::internal("the schema promised another field")),
    }
}

fn write(account: &Account) -> Value {
    let user = &account.user;
    let state = if user.suspended_at.is_some() { "SUSPENDED" } else { "ACTIVE" };
    let members = [
        ("name", Some(json!(format!("users/{}", user.id)))),
        ("email", user.email.as_deref().map(Value::from)),
        ("username", Some(json!(user.username))),
        ("display_name", user.display_name.as_deref().map(Value::from)),
        ("administrator", Some(json!(account.is_administrator))),
        ("state", Some(json!(state))),
        ("email_verified", Some(json!(account.email_verified_at.is_some()))),
        ("create_time", Some(json!(user.created_at.to_string()))),
        ("update_time", Some(json!(user.updated_at.to_string()))),
        ("etag", Some(json!(etag::write(user.version)))),
    ];
    let present: Map<String, Value> =
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    Value::Object(present)
}
