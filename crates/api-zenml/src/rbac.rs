//! `/rbac`: what the servers of workspaces ask and tell about what they keep.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tenantry_core::ids::{PrincipalId, TeamId};
use tenantry_core::resource::{Action, Allowed, Resource, ShareSubject};
use tenantry_core::{Error, Result};
use tenantry_http::{Authenticated, Json, Object, Refusal, Refused, Served};

use crate::Zenml;
use crate::openapi::Id;
use crate::organizations::{A_UUID, uuid};
use crate::params::{Params, about_query, missing};
use crate::users::UserRead;

const AN_ACTION: &str = "expected create, read, update, delete, read_secret_value, prune, client, promote, \
    backup_restore or share";

/// `POST /rbac/check_permissions`: whether the user may do the action with each of the resources, under the words in which
/// they came.
pub(crate) async fn check_permissions(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    params: Params,
    Json { body, .. }: Json<Zenml, Vec<String>>,
) -> Result<Response, Refused<Zenml>> {
    let read = |(at, word)| Resource::parse("body", word).map_err(|error| error.of_item(at));
    let resources = body.iter().map(String::as_str).enumerate().map(read).collect::<Result<_>>()?;
    check(&served, &who, &params, (&body, resources), about_body).await
}

/// `GET /rbac/check_permissions`: the older form, with the resources in the query.
pub(crate) async fn check_permissions_of_query(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let words = params.all("resources");
    let resources = read(&words).map_err(about_query)?;
    check(&served, &who, &params, (&words, resources), about_query).await
}

async fn check(
    served: &Served,
    who: &Authenticated<Zenml>,
    params: &Params,
    (words, resources): (&[String], Vec<Resource>),
    about_them: fn(Error) -> Refusal,
) -> Result<Response, Refused<Zenml>> {
    let (user, action) = (user(params)?, action(params)?);
    let allowed = served.core.check_resources(&who.caller, user, action, resources).await;
    let allowed = allowed.map_err(about_them)?;
    let answers: BTreeMap<&str, bool> = words.iter().map(String::as_str).zip(allowed).collect();
    Ok(axum::Json(answers).into_response())
}

/// Which resources a user may do something with.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.AllowedResourceIds")]
pub(crate) struct AllowedResourceIds {
    /// Whether it is all there are and will be.
    full_access: bool,
    /// Otherwise, these.
    #[schemars(with = "Vec<Id>")]
    ids: Vec<String>,
}

/// `GET /rbac/allowed_resource_ids`.
pub(crate) async fn list_allowed_resource_ids(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let (user, action) = (user(&params)?, action(&params)?);
    let resource = resource(&params)?;
    if resource.id.is_some() {
        let expected = "expected a type without an id";
        return Err(Refusal::Query(Error::invalid("resource", "id", expected)).into());
    }
    let allowed = served.core.allowed_resources(&who.caller, user, action, resource).await?;
    let (full_access, ids) = match allowed {
        Allowed::All => (true, Vec::new()),
        Allowed::Only(ids) => (false, ids.iter().map(ToString::to_string).collect()),
    };
    Ok(axum::Json(AllowedResourceIds { full_access, ids }).into_response())
}

/// With whom a resource is shared, and what for.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.ResourceMember")]
pub(crate) struct ResourceMember<'a> {
    user: Option<UserRead<'a>>,
    #[schemars(with = "Option<Id>")]
    team_id: Option<String>,
    actions: Vec<&'static str>,
}

/// `GET /rbac/resource_members`: with whom a resource is shared. Who may use it by a role is not told.
pub(crate) async fn list_resource_members(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let shared = served.core.resource_shares(&who.caller, resource(&params)?).await?;
    let member = |share: &tenantry_core::resource::Share| {
        let (user, team_id) = match share.subject {
            ShareSubject::Principal(id) => (Some(UserRead::among(&shared.people, id)), None),
            ShareSubject::Team(id) => (None, Some(id.to_string())),
        };
        ResourceMember { user, team_id, actions: share.actions.iter().map(Action::word).collect() }
    };
    let members: Vec<_> = shared.shares.iter().map(member).collect();
    Ok(axum::Json(members).into_response())
}

/// Shares a resource for these actions and no others; for none, it is shared no longer.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.ResourceMembershipUpdate")]
pub(crate) struct ResourceMembershipUpdate {
    #[schemars(with = "Option<Id>")]
    user_id: Option<String>,
    #[schemars(with = "Option<Id>")]
    team_id: Option<String>,
    #[schemars(required, with = "Id")]
    sharing_user_id: Option<String>,
    #[schemars(required, with = "String")]
    resource: Option<String>,
    #[schemars(required, with = "Vec<String>")]
    actions: Option<Vec<String>>,
}

/// `POST /rbac/resource_members`: 200 with `null`.
pub(crate) async fn share_resource(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Json { body: Object(body), .. }: Json<Zenml, Object<ResourceMembershipUpdate>>,
) -> Result<Response, Refused<Zenml>> {
    let missing = |field: &'static str| move || Error::invalid(field, "missing", "Field required");
    let sharing = uuid("sharing_user_id", body.sharing_user_id.as_deref(), PrincipalId::parse)?;
    let sharing = sharing.ok_or_else(missing("sharing_user_id"))?;
    let user = uuid("user_id", body.user_id.as_deref(), PrincipalId::parse)?;
    let team = uuid("team_id", body.team_id.as_deref(), TeamId::parse)?;
    let subject = match (user, team) {
        (Some(user), None) => ShareSubject::Principal(user),
        (None, Some(team)) => ShareSubject::Team(team),
        _ => {
            let expected = "expected either user_id or team_id";
            return Err(Error::invalid("user_id", "one_of", expected).into());
        }
    };
    let resource = body.resource.ok_or_else(missing("resource"))?;
    let resource = Resource::parse("resource", &resource)?;
    let read =
        |word: &String| Action::from_word(word).ok_or_else(|| Error::invalid("actions", "enum", AN_ACTION));
    let actions = body.actions.ok_or_else(missing("actions"))?;
    let actions = actions.iter().map(read).collect::<Result<_>>()?;
    served.core.share_resource(&who.caller, sharing, (resource, subject, actions)).await?;
    Ok(axum::Json(()).into_response())
}

/// `DELETE /rbac/resources`: what was shared of resources that are gone is forgotten; 200 with `null`.
pub(crate) async fn forget_resources(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let words = params.all("resources");
    if words.is_empty() {
        return Err(missing("resources").into());
    }
    let resources = read(&words).map_err(about_query)?;
    served.core.forget_resources(&who.caller, resources).await.map_err(about_query)?;
    Ok(axum::Json(()).into_response())
}

fn read(words: &[String]) -> Result<Vec<Resource>> {
    words.iter().map(|word| Resource::parse("resources", word)).collect()
}

/// Says that the body is the list of the resources.
fn about_body(error: Error) -> Refusal {
    Refusal::Core(error.naming_fields(|field| (field == "resources").then_some("body")))
}

fn user(params: &Params) -> Result<PrincipalId, Refused<Zenml>> {
    Ok(params.value("user_id", A_UUID, PrincipalId::parse)?.ok_or_else(|| missing("user_id"))?)
}

fn action(params: &Params) -> Result<Action, Refused<Zenml>> {
    Ok(params.value("action", AN_ACTION, Action::from_word)?.ok_or_else(|| missing("action"))?)
}

fn resource(params: &Params) -> Result<Resource, Refused<Zenml>> {
    let word = params.text("resource")?.ok_or_else(|| missing("resource"))?;
    Ok(Resource::parse("resource", word).map_err(about_query)?)
}
