//! People and service accounts as this dialect shows them inside other objects.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use tenantry_core::ids::PrincipalId;
use tenantry_core::principal::{Account, People, Principal};
use tenantry_core::workspace::Entrant;

use crate::openapi::Id;

/// A user or service account. What Tenantry does not keep is always `null`: `()` is how that is written here.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "zenml.UserRead")]
#[expect(clippy::struct_excessive_bools, reason = "the vendor's object")]
pub(crate) struct UserRead<'a> {
    /// Goes in, never out.
    password: (),
    password_expired: bool,
    name: Option<&'a str>,
    avatar_url: Option<&'a str>,
    company: Option<&'a str>,
    job_title: Option<&'a str>,
    #[schemars(with = "Option<Map<String, Value>>")]
    metadata: Option<Value>,
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Id")]
    id: PrincipalId,
    username: String,
    email: Option<&'a str>,
    oauth_provider: (),
    oauth_id: (),
    is_active: bool,
    /// Who runs the server is told under `/users` alone; inside other objects it is nobody's business.
    is_superuser: bool,
    is_service_account: bool,
    organization_id: Option<String>,
    is_onboarded: bool,
}

impl<'a> UserRead<'a> {
    /// The person, if the caller may know it; otherwise nothing but the id, which stands for the username too.
    pub(crate) fn among(people: &'a People, id: PrincipalId) -> Self {
        people.get(&id).map_or_else(|| Self::unknown(id), |person| Self::known(person))
    }

    /// Somebody who comes to the server of a workspace: it makes superusers its administrators.
    pub(crate) fn entering(entrant: &'a Entrant) -> Self {
        Self {
            is_superuser: entrant.administers_server,
            avatar_url: entrant.avatar_url.as_deref(),
            ..Self::known(&entrant.principal)
        }
    }

    pub(crate) fn known(principal: &'a Principal) -> Self {
        Self {
            name: principal.display_name.as_deref(),
            username: principal.username.clone(),
            email: principal.email.as_deref(),
            is_active: principal.suspended_at.is_none(),
            is_service_account: principal.is_service_account(),
            organization_id: principal.organization.map(|id| id.to_string()),
            ..Self::unknown(principal.id)
        }
    }

    /// The same for who may know it: the person, and who runs the server.
    pub(crate) fn with_rights(principal: &'a Principal, is_superuser: bool) -> Self {
        Self { is_superuser, ..Self::known(principal) }
    }

    /// The same with what the account has besides, which is told under `/users` alone.
    pub(crate) fn with_account(self, Account { profile, password_expired, .. }: &'a Account) -> Self {
        Self {
            password_expired: *password_expired,
            avatar_url: profile.avatar_url.as_deref(),
            company: profile.company.as_deref(),
            job_title: profile.job_title.as_deref(),
            metadata: profile.metadata.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            is_onboarded: profile.is_onboarded,
            ..self
        }
    }

    fn unknown(id: PrincipalId) -> Self {
        Self {
            password: (),
            password_expired: false,
            name: None,
            avatar_url: None,
            company: None,
            job_title: None,
            metadata: None,
            id,
            username: id.to_string(),
            email: None,
            oauth_provider: (),
            oauth_id: (),
            is_active: true,
            is_superuser: false,
            is_service_account: false,
            organization_id: None,
            is_onboarded: false,
        }
    }
}

/// Writes an id or a point in time as its text.
pub(crate) fn as_text<S: Serializer>(
    value: &impl std::fmt::Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
