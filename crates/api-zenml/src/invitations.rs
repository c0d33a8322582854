//! `/organizations/{organization}/invitations` for who invites, `/invitations` for who is invited.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tenantry_core::authz::Thing;
use tenantry_core::clock::Timestamp;
use tenantry_core::filter::{Filter, ListQuery, Test};
use tenantry_core::grant::RoleName;
use tenantry_core::ids::{InvitationId, OrganizationId, RoleId};
use tenantry_core::invitation::{
    Invitation, InvitationField, InvitationRecord, InvitationStatus, OwnInvitation,
};
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::principal::Principal;
use tenantry_core::role::Role;
use tenantry_core::text::login;
use tenantry_core::{Error, Result};
use tenantry_http::{Authenticated, Object, Refused, Segments, Served};

use crate::Zenml;
use crate::openapi::{Id, Time};
use crate::organizations::by_id;
use crate::params::{Params, missing};
use crate::roles::RoleRead;
use crate::users::{UserRead, as_text};

/// The vendor's own limit.
pub(crate) const MOST: usize = 100;

/// An invitation as who administers the organization sees it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.InvitationRead")]
pub(crate) struct InvitationRead<'a> {
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Id")]
    id: InvitationId,
    email: &'a str,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Id")]
    organization_id: OrganizationId,
    /// The first that it offers, while it waits for an answer.
    role: Option<RoleRead>,
    /// Not inside other objects, nor when who invited has left.
    invited_by: Option<UserRead<'a>>,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Time")]
    expiration_date: Timestamp,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Time")]
    created: Timestamp,
    /// `null` while it waits for an answer.
    accepted: Option<bool>,
    /// The page that answers it. It is told this once, where nothing is mailed.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

impl<'a> InvitationRead<'a> {
    /// The invitation as it stands inside other objects, with the role that it has there.
    pub(crate) fn inside(invitation: &'a Invitation, role: Option<&Role>) -> Self {
        Self {
            id: invitation.id,
            email: &invitation.email,
            organization_id: invitation.organization,
            role: role.map(RoleRead::of),
            invited_by: None,
            expiration_date: invitation.expires_at,
            created: invitation.created_at,
            accepted: match invitation.status {
                InvitationStatus::Pending => None,
                InvitationStatus::Accepted => Some(true),
                InvitationStatus::Declined | InvitationStatus::Revoked | InvitationStatus::Expired => {
                    Some(false)
                }
            },
            link: None,
        }
    }

    fn of(record: &'a InvitationRecord) -> Self {
        let invited_by = record.inviter.as_deref().map(UserRead::known);
        Self { invited_by, ..Self::inside(&record.invitation, record.roles.first()) }
    }
}

/// An invitation as who is invited sees it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.PendingInvitation")]
pub(crate) struct PendingInvitation<'a> {
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Id")]
    id: InvitationId,
    organization_name: &'a str,
    organization_logo_url: Option<&'a str>,
    organization_member_count: u64,
    inviting_user_name: Option<&'a str>,
    inviting_user_avatar_url: (),
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Time")]
    expiration_date: Timestamp,
}

impl<'a> From<&'a OwnInvitation> for PendingInvitation<'a> {
    fn from(own: &'a OwnInvitation) -> Self {
        Self {
            id: own.invitation.id,
            organization_name: &own.organization.name,
            organization_logo_url: own.organization.logo_url.as_deref(),
            organization_member_count: own.member_count,
            inviting_user_name: own.inviter.as_deref().map(Principal::shown_name),
            inviting_user_avatar_url: (),
            expiration_date: own.invitation.expires_at,
        }
    }
}

/// `GET /organizations/{organization}/invitations`: the newest first; answered and expired ones too with
/// `only_pending=False`.
pub(crate) async fn list_invitations(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization]): Segments<1>,
    params: Params,
) -> Result<Response, Refused<Zenml>> {
    let organization = by_id(&organization)?;
    let only_pending = params.choice("only_pending")?.unwrap_or(true);
    let filter = params
        .text("email")?
        .map_or(Filter::All, |email| Filter::Is(InvitationField::Email, Test::Folded(login(email))));
    let page = PageRequest {
        order: vec![Order::descending(InvitationField::CreatedAt)],
        start: Start::Skip { from: None, rows: params.offset()? },
        limit: params.limit(MOST)?,
    };
    let (core, query) = (&served.core, ListQuery { filter, page });
    let found = core.list_invitation_records(&who.caller, organization, query, only_pending).await?;
    Ok(Json(found.items.iter().map(InvitationRead::of).collect::<Vec<_>>()).into_response())
}

#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "zenml.InvitationCreate")]
pub(crate) struct InvitationCreate {
    #[schemars(email)]
    email: String,
    #[schemars(with = "Id")]
    role_id: String,
}

/// `POST /organizations/{organization}/invitations`: it is mailed; where nothing is, the answer has the `link`.
pub(crate) async fn create_invitation(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization]): Segments<1>,
    tenantry_http::Json { body: Object(body), .. }: tenantry_http::Json<Zenml, Object<InvitationCreate>>,
) -> Result<Response, Refused<Zenml>> {
    let organization = by_id(&organization)?;
    let role = RoleId::parse(&body.role_id);
    let role = role.ok_or_else(|| Error::invalid("role_id", "form", "expected a UUID of 36 characters"))?;
    let core = &served.core;
    let wanted = vec![RoleName::Id(role)];
    let made = core.invite_and_show(&who.caller, organization, body.email, wanted).await;
    let (record, secret) =
        made.map_err(|error| error.naming_fields(|field| (field == "roles").then_some("role_id")))?;
    let (to, id) = (record.invitation.organization.to_string(), record.invitation.id.to_string());
    let link = secret.map(|secret| served.invitation_link(&to, &id, secret.expose()));
    let read = InvitationRead { link, ..InvitationRead::of(&record) };
    Ok((crate::login::NO_STORE, Json(read)).into_response())
}

/// `DELETE /organizations/{organization}/invitations/{invitation}`: one that waits for an answer.
pub(crate) async fn cancel_invitation(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([organization, invitation]): Segments<2>,
) -> Result<Json<()>, Refused<Zenml>> {
    let organization = by_id(&organization)?;
    let id = InvitationId::from_uuid(tenantry_core::ids::parse_uuid(&invitation).unwrap_or_default());
    served.core.cancel_invitation(&who.caller, organization, id).await?;
    Ok(Json(()))
}

/// `GET /invitations`: the caller's own that wait for an answer, the newest first.
pub(crate) async fn list_own_invitations(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
) -> Result<Response, Refused<Zenml>> {
    let own = served.core.list_own_invitations(&who.caller).await?;
    Ok(Json(own.iter().map(PendingInvitation::from).collect::<Vec<_>>()).into_response())
}

/// `GET /invitations/{invitation}`: one of the caller's own that waits for an answer.
pub(crate) async fn get_own_invitation(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([invitation]): Segments<1>,
) -> Result<Response, Refused<Zenml>> {
    let id = InvitationId::parse(&invitation).ok_or_else(|| Error::hidden("invitation"))?;
    let organization = served.core.organization_of(&who.caller, Thing::Invitation(id)).await?;
    let own = served.core.get_own_invitation(&who.caller, organization, id).await?;
    Ok(Json(PendingInvitation::from(&own)).into_response())
}

/// `POST /invitations/{invitation}?accept=`: the organization's id when accepted, else `null`.
pub(crate) async fn answer_invitation(
    State(served): State<Served>,
    who: Authenticated<Zenml>,
    Segments([invitation]): Segments<1>,
    params: Params,
) -> Result<Json<Option<String>>, Refused<Zenml>> {
    let id = InvitationId::parse(&invitation).ok_or_else(|| Error::hidden("invitation"))?;
    let accept = params.choice("accept")?.ok_or_else(|| missing("accept"))?;
    let core = &served.core;
    let organization = core.organization_of(&who.caller, Thing::Invitation(id)).await?;
    if accept {
        let answered = core.accept_invitation(&who.caller, organization, id, None).await?;
        return Ok(Json(Some(answered.invitation.organization.to_string())));
    }
    core.decline_invitation(&who.caller, organization, id, None).await?;
    Ok(Json(None))
}
