//! Entitlements: how much of each metered feature an organization uses, and how much it may.

use axum::http::Method;
use serde_json::Value;
use tenantry_aip::filter::Filter as Expression;
use tenantry_aip::order::OrderKey;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::page::{Cursor, KeyValue, Page, PageRequest, Start};
use tenantry_core::permission::Permission;
use tenantry_core::usage::Usage;
use tenantry_core::{Core, Error, Result};
use tenantry_http::Routes;
use uuid::Uuid;

use crate::args::judged_in_organization;
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::message::{Field, Kind, Message};
use crate::names;
use crate::own::object;
use crate::page::{Ordering, Paging};
use crate::read::Read;
use crate::resource::Answer;

pub(crate) const ROWS: &str = "entitlements";
/// As large as a number of JSON can be that every client reads exactly.
const LIMIT_MAX: u64 = (1 << 53) - 1;
pub(crate) const ENTITLEMENT: Message = Message {
    name: "Entitlement",
    fields: &[
        Field::output("name", Kind::Name, "`organizations/{organization}/entitlements/{feature}`."),
        Field::output("feature", Kind::Word, "What is metered, such as `pipeline`."),
        Field::output("used_count", Kind::Count, "How many there are in all workspaces."),
        Field::optional(
            "limit",
            Kind::Number(0, LIMIT_MAX),
            "How many there may be; without one, any number.",
        ),
    ],
};
/// The only order: by the name of the feature.
#[derive(Clone, Copy)]
pub(crate) enum ByFeature {
    Name,
}
const ORDERING: Ordering<ByFeature> = Ordering {
    paths: &[],
    fields: &[ByFeature::Name],
    default: OrderKey { field: "feature", descending: false },
};

/// The routes of them.
pub(crate) fn routes(routes: Routes) -> Routes {
    const ALL: &str = "/api/v1/organizations/{organization}/entitlements";
    const ONE: &str = "/api/v1/organizations/{organization}/entitlements/{feature}";
    use crate::openapi::entitlements as told;
    routes
        .route(Method::GET, ALL, list_entitlements, told::list_entitlements())
        .route(Method::GET, ONE, get_entitlement, told::get_entitlement())
        .route(Method::PATCH, ONE, update_entitlement, told::update_entitlement())
}

/// `GET .../organizations/{organization}/entitlements`: what is used or limited, by the name of the feature.
pub(crate) async fn list_entitlements(read: Read<1>) -> Answer {
    let by = OrganizationRef::parse(&read.path[0]);
    let wanted = || {
        let shown = read.fields_of_list(ROWS, &ENTITLEMENT)?;
        Ok((shown, Paging::read(&read, "ListEntitlements", &ORDERING, (&Expression::default(), false))?))
    };
    let needed = Some(Permission::ReadOrganization);
    let (shown, paging) = judged_in_organization(&read.core, &read.caller, &by, needed, wanted()).await?;
    let used = read.core.list_usage(&read.caller, by).await?;
    let page = page(used, &paging.request);
    Ok(shown.list(&paging.answer(&read, ROWS, &page, write))?)
}

/// `GET .../entitlements/{feature}`: of any feature, since what nobody has counted is not used.
pub(crate) async fn get_entitlement(read: Read<2>) -> Answer {
    let by = OrganizationRef::parse(&read.path[0]);
    let needed = Some(Permission::ReadOrganization);
    let shown = read.fields(&ENTITLEMENT);
    let shown = judged_in_organization(&read.core, &read.caller, &by, needed, shown).await?;
    let used = read.core.get_usage(&read.caller, by, &read.path[1]).await?;
    Ok(shown.answer(write(&used)))
}

/// `PATCH .../entitlements/{feature}`: sets the limit, or lifts it with `null`; by who runs the server.
pub(crate) async fn update_entitlement(change: Change<2>) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let read = || -> Result<(Option<i64>, Terms)> {
        let members = Members::of(&ENTITLEMENT, &change.body)?;
        let terms = change.terms_without_version()?;
        let mask = change.mask(&ENTITLEMENT)?;
        if !mask.as_ref().map_or_else(|| members.has("limit"), |mask| mask.covers("limit")) {
            return Err(Error::invalid("limit", "missing", "expected a limit, or null for none"));
        }
        let limit = members.get("limit").filter(|limit| !limit.is_null());
        let limit = limit.map(|limit| {
            let number = limit.as_u64().filter(|number| *number <= LIMIT_MAX);
            let number = number.and_then(|number| i64::try_from(number).ok());
            number.ok_or_else(|| Error::invalid("limit", "range", "expected a whole number, 0 or more"))
        });
        Ok((limit.transpose()?, terms))
    };
    let wanted = read();
    if wanted.is_err() {
        change.core.check_server(&change.caller, Permission::ManageServer).await?;
    }
    let (limit, terms) = judged_in_organization(&change.core, &change.caller, &by, None, wanted).await?;
    let feature = change.path[1].clone();
    let work = async move |core: Core, caller| core.set_entitlement(&caller, by, (&feature, limit)).await;
    change.make(terms, write, work).await
}

/// A page of a list that is read as a whole, since few features are metered.
fn page(mut items: Vec<Usage>, request: &PageRequest<ByFeature>) -> Page<Usage> {
    items.sort_by(|one, other| one.feature.cmp(&other.feature));
    if let Start::After(Cursor { keys, .. }) = &request.start
        && let [KeyValue::Text(last)] = keys.as_slice()
    {
        items.retain(|item| item.feature > *last);
    }
    let place = |last: &Usage| Cursor { keys: vec![KeyValue::Text(last.feature.clone())], id: Uuid::nil() };
    Page::cut(items, request.limit, place)
}

fn write(used: &Usage) -> Value {
    let organization = names::organization(used.organization);
    object([
        ("name", Some(format!("{organization}/entitlements/{}", used.feature).into())),
        ("feature", Some(used.feature.as_str().into())),
        ("used_count", Some(used.total.into())),
        ("limit", used.allowed.map(Value::from)),
    ])
}
