//! External issuers that the server, or an organization, trusts. The two are alike: what differs is who may.

use axum::http::Method;
use serde_json::{Map, Value};
use tenantry_aip::Mask;
use tenantry_aip::filter::Filter as Expression;
use tenantry_aip::order::OrderKey;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::caller::Caller;
use tenantry_core::grant::RoleName;
use tenantry_core::ids::IssuerId;
use tenantry_core::issuer::{
    Algorithm, CLIENT_SECRET_MAX, ClientSecret, DOMAINS_MAX, IDENTIFIER_MAX, ISSUER_TITLE_MAX, Issuer,
    IssuerChange, IssuerField, IssuerOf, NewIssuer,
};
use tenantry_core::permission::{BuiltinRole, Permission};
use tenantry_core::{Core, Error, Result};
use tenantry_http::Routes;

use crate::accounts::{named, or_none};
use crate::args::{flag, judged_in_organization, or_missing};
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::message::{Field, Kind, Message};
use crate::own::{id, object, time};
use crate::page::{Ordering, Paging};
use crate::read::Read;
use crate::resource::Answer;
use crate::{etag, names};

pub(crate) const ROWS: &str = "issuers";
/// Longest domain, in characters.
const DOMAIN_MAX: usize = 253;
pub(crate) const ISSUER: Message = Message {
    name: "Issuer",
    fields: &[
        Field::output("name", Kind::Name, "`issuers/{issuer}`, below its organization where it has one."),
        Field::immutable("url", Kind::Text(IDENTIFIER_MAX), "What it calls itself, its `iss`. Has to be given."),
        Field::required("title", Kind::Text(ISSUER_TITLE_MAX), "What people read on the button."),
        Field::required("client_id", Kind::Text(IDENTIFIER_MAX), "What it calls this server."),
        Field::required("client_secret", Kind::Text(CLIENT_SECRET_MAX), "The secret that it gave this server.")
            .never(),
        Field::optional(
            "algorithms",
            Kind::List(&Kind::Choice(algorithms), 5),
            "With what it may sign; `RS256` alone unless said.",
        )
        .always(),
        Field::optional(
            "audience",
            Kind::Text(IDENTIFIER_MAX),
            "The `aud` of its tokens that open the API; none do without. Not the client's id.",
        ),
        Field::optional(
            "admits_newcomers",
            Kind::Flag,
            "Whether somebody without an account gets one, given a verified address in one of the domains.",
        )
        .always(),
        Field::optional(
            "role",
            Kind::Name,
            "The built-in role of newcomers in the organization; a member's unless said. None where the server trusts it.",
        ),
        Field::optional(
            "domains",
            Kind::List(&Kind::Text(DOMAIN_MAX), DOMAINS_MAX),
            "Of whose addresses it may tell; `*` for all, where the server trusts it. An organization's are set by who runs \
             the server.",
        )
        .always(),
        Field::output("create_time", Kind::Time, "When it was made."),
        Field::output("update_time", Kind::Time, "When it was last changed."),
        Field::etag(),
    ],
};
const ORDERING: Ordering<IssuerField> = Ordering {
    paths: &[],
    fields: &[IssuerField::CreatedAt],
    default: OrderKey { field: "create_time", descending: false },
};

fn algorithms() -> Vec<String> {
    Algorithm::ALL.map(|algorithm| algorithm.word().to_owned()).into()
}

/// The routes of both.
pub(crate) fn routes(routes: Routes) -> Routes {
    const SERVERS: &str = "/api/v1/issuers";
    const SERVERS_ONE: &str = "/api/v1/issuers/{issuer}";
    const OWN: &str = "/api/v1/organizations/{organization}/issuers";
    const OWN_ONE: &str = "/api/v1/organizations/{organization}/issuers/{issuer}";
    use crate::openapi::issuers as told;
    routes
        .route(Method::GET, SERVERS, list_issuers, told::list_issuers())
        .route(Method::POST, SERVERS, create_issuer, told::create_issuer())
        .route(Method::GET, SERVERS_ONE, get_issuer, told::get_issuer())
        .route(Method::PATCH, SERVERS_ONE, update_issuer, told::update_issuer())
        .route(Method::DELETE, SERVERS_ONE, delete_issuer, told::delete_issuer())
        .route(Method::GET, OWN, list_organization_issuers, told::list_organization_issuers())
        .route(Method::POST, OWN, create_organization_issuer, told::create_organization_issuer())
        .route(Method::GET, OWN_ONE, get_organization_issuer, told::get_organization_issuer())
        .route(Method::PATCH, OWN_ONE, update_organization_issuer, told::update_organization_issuer())
        .route(Method::DELETE, OWN_ONE, delete_organization_issuer, told::delete_organization_issuer())
}

/// `GET /api/v1/issuers`: by who runs the server, as they were made.
pub(crate) async fn list_issuers(read: Read<0>) -> Answer {
    list(read, IssuerOf::Server, "ListIssuers").await
}

/// `GET .../organizations/{organization}/issuers`.
pub(crate) async fn list_organization_issuers(read: Read<1>) -> Answer {
    let of = own(&read.path[0]);
    list(read, of, "ListOrganizationIssuers").await
}

/// `GET /api/v1/issuers/{issuer}`.
pub(crate) async fn get_issuer(read: Read<1>) -> Answer {
    let issuer = issuer_id(&read.path[0]);
    get(read, IssuerOf::Server, issuer).await
}

/// `GET .../organizations/{organization}/issuers/{issuer}`.
pub(crate) async fn get_organization_issuer(read: Read<2>) -> Answer {
    let (of, issuer) = (own(&read.path[0]), issuer_id(&read.path[1]));
    get(read, of, issuer).await
}

/// `POST /api/v1/issuers`.
pub(crate) async fn create_issuer(change: Change<0>) -> Answer {
    create(change, IssuerOf::Server).await
}

/// `POST .../organizations/{organization}/issuers`.
pub(crate) async fn create_organization_issuer(change: Change<1>) -> Answer {
    let of = own(&change.path[0]);
    create(change, of).await
}

/// `PATCH /api/v1/issuers/{issuer}` with `update_mask`.
pub(crate) async fn update_issuer(change: Change<1>) -> Answer {
    let issuer = issuer_id(&change.path[0]);
    update(change, IssuerOf::Server, issuer).await
}

/// `PATCH .../organizations/{organization}/issuers/{issuer}` with `update_mask`.
pub(crate) async fn update_organization_issuer(change: Change<2>) -> Answer {
    let (of, issuer) = (own(&change.path[0]), issuer_id(&change.path[1]));
    update(change, of, issuer).await
}

/// `DELETE /api/v1/issuers/{issuer}`: whatever came of it ends.
pub(crate) async fn delete_issuer(change: Change<1>) -> Answer {
    let issuer = issuer_id(&change.path[0]);
    delete(change, IssuerOf::Server, issuer).await
}

/// `DELETE .../organizations/{organization}/issuers/{issuer}`: likewise.
pub(crate) async fn delete_organization_issuer(change: Change<2>) -> Answer {
    let (of, issuer) = (own(&change.path[0]), issuer_id(&change.path[1]));
    delete(change, of, issuer).await
}

/// The arguments; or, if they are wrong, first whether the caller may see to issuers at all.
async fn judged<T>(core: &Core, caller: &Caller, of: &IssuerOf, arguments: Result<T>) -> Result<T> {
    match of {
        IssuerOf::Server => {
            if arguments.is_err() {
                core.check_server(caller, Permission::ManageServer).await?;
            }
            arguments
        }
        IssuerOf::Organization(by) => {
            let needed = Some(Permission::ManageOrganizationUsers);
            judged_in_organization(core, caller, by, needed, arguments).await
        }
    }
}

async fn list<const N: usize>(read: Read<N>, of: IssuerOf, method: &str) -> Answer {
    let wanted = || -> Result<_> {
        let shown = read.fields_of_list(ROWS, &ISSUER)?;
        Ok((shown, Paging::read(&read, method, &ORDERING, (&Expression::default(), false))?))
    };
    let (shown, paging) = judged(&read.core, &read.caller, &of, wanted()).await?;
    let page = read.core.list_issuers(&read.caller, of, paging.request.clone()).await?;
    Ok(shown.list(&paging.answer(&read, ROWS, &page, write))?)
}

async fn get<const N: usize>(read: Read<N>, of: IssuerOf, issuer: IssuerId) -> Answer {
    let shown = judged(&read.core, &read.caller, &of, read.fields(&ISSUER)).await?;
    Ok(shown.answer(write(&read.core.get_issuer(&read.caller, of, issuer).await?)))
}

async fn create<const N: usize>(change: Change<N>, of: IssuerOf) -> Answer {
    let read = || -> Result<(NewIssuer, Terms)> {
        let members = Members::of(&ISSUER, &change.body)?;
        let terms = change.terms_to_make()?;
        let mut rest = read_change(&members, None)?;
        let url = rest.url.take().filter(|url| !url.is_empty());
        let url = url.ok_or_else(|| Error::invalid("url", "missing", "expected the issuer's URL"))?;
        Ok((NewIssuer { url, rest }, terms))
    };
    let (new, terms) = judged(&change.core, &change.caller, &of, read()).await?;
    let work = async move |core: Core, caller| core.create_issuer(&caller, of, new).await;
    change.make(terms, write, work).await
}

async fn update<const N: usize>(change: Change<N>, of: IssuerOf, issuer: IssuerId) -> Answer {
    let read = || -> Result<(IssuerChange, Terms)> {
        let members = Members::of(&ISSUER, &change.body)?;
        let terms = change.terms(members.text("etag")?)?;
        let mask = change.mask(&ISSUER)?;
        let wanted = read_change(&members, mask.as_ref())?;
        Ok((IssuerChange { expected_version: terms.expected_version.clone(), ..wanted }, terms))
    };
    let (wanted, terms) = judged(&change.core, &change.caller, &of, read()).await?;
    let work = async move |core: Core, caller| core.update_issuer(&caller, of, issuer, wanted).await;
    change.make(terms, write, work).await
}

async fn delete<const N: usize>(change: Change<N>, of: IssuerOf, issuer: IssuerId) -> Answer {
    let read = || -> Result<_> { Ok((change.terms(None)?, flag(&change.query, "allow_missing")?)) };
    let (terms, allow_missing) = judged(&change.core, &change.caller, &of, read()).await?;
    let expected = terms.expected_version.clone();
    let work = async move |core: Core, caller| core.delete_issuer(&caller, of, issuer, expected).await;
    or_missing(allow_missing, change.make(terms, |(): &()| Value::Object(Map::new()), work).await)
}

/// What the body says, as far as the mask covers it. A secret that is not given again stays.
fn read_change(members: &Members<'_>, mask: Option<&Mask>) -> Result<IssuerChange> {
    let is_named = |name: &str| mask.map_or_else(|| members.has(name), |mask| mask.covers(name));
    let text = |name: &'static str| named(members, mask, name);
    let words = |name: &'static str| -> Result<Option<Vec<String>>> {
        let wrong = || Error::invalid(name, "form", "expected a list of strings");
        let list = members.list(name)?;
        let read: Result<Vec<_>> =
            list.iter().map(|value| value.as_str().map(str::to_owned).ok_or_else(wrong)).collect();
        Ok(if is_named(name) { Some(read?) } else { None })
    };
    let admits = match members.get("admits_newcomers") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(admits)) => *admits,
        Some(_) => return Err(Error::invalid("admits_newcomers", "form", "expected true or false")),
    };
    Ok(IssuerChange {
        url: members.text("url")?.map(str::to_owned),
        title: text("title")?,
        client_id: text("client_id")?,
        client_secret: text("client_secret")?.map(|secret| ClientSecret(secret.into())),
        algorithms: words("algorithms")?,
        audience: text("audience")?.map(or_none),
        admits_newcomers: is_named("admits_newcomers").then_some(admits),
        role: text("role")?.and_then(or_none).map(|role| read_role(&role)).transpose()?,
        domains: words("domains")?,
        expected_version: None,
    })
}

fn read_role(text: &str) -> Result<BuiltinRole> {
    match names::role(text) {
        RoleName::Builtin(role) => Ok(role),
        _ => Err(Error::invalid("role", "unknown", "expected a built-in role of organizations")),
    }
}

fn own(organization: &str) -> IssuerOf {
    IssuerOf::Organization(OrganizationRef::parse(organization))
}

fn issuer_id(text: &str) -> IssuerId {
    id(text, IssuerId::parse, IssuerId::from_uuid)
}

fn write(issuer: &Issuer) -> Value {
    let parent = issuer.organization.map(|id| names::organization(id) + "/").unwrap_or_default();
    let algorithms: Vec<_> = issuer.algorithms.iter().map(|algorithm| algorithm.word()).collect();
    object([
        ("name", Some(format!("{parent}issuers/{}", issuer.id).into())),
        ("url", Some(issuer.url.as_str().into())),
        ("title", Some(issuer.title.as_str().into())),
        ("client_id", Some(issuer.client_id.as_str().into())),
        ("algorithms", Some(algorithms.into())),
        ("audience", issuer.audience.as_deref().map(Value::from)),
        ("admits_newcomers", Some(issuer.admits_newcomers.into())),
        ("role", issuer.role.map(|role| names::builtin(role).1.into())),
        ("domains", Some(issuer.domains.clone().into())),
        ("create_time", Some(time(issuer.created_at))),
        ("update_time", Some(time(issuer.updated_at))),
        ("etag", Some(etag::write(issuer.version).into())),
    ])
}
