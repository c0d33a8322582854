//! `/oauth2/userinfo` (OpenID Connect Core, section 5.3).

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tenantry_core::oauth::Scopes;
use tenantry_core::{Error, Kind};
use tenantry_http::{Dialect, Refused, Served, Source};

use crate::bearer::Bearers;
use crate::claims::Profile;
use crate::token::NOT_KEPT;

#[derive(Serialize)]
struct UserInfo<'a> {
    sub: String,
    #[serde(flatten)]
    profile: Profile<'a>,
}

/// Tells a client who the person is, as far as the person allowed.
pub(crate) async fn userinfo(
    State(served): State<Served>,
    from: Source,
    headers: HeaderMap,
) -> Result<Response, Refused<Bearers>> {
    let known = async {
        let token = Bearers::credential(&headers)?.ok_or_else(Error::no_credential)?;
        served.core.identify(&token).await
    };
    let (person, scopes) = match known.await {
        Ok(known) => known,
        Err(error) => {
            served.admit_stranger(from)?;
            return Err(error.into());
        }
    };
    served.admit(person.id)?;
    if !scopes.contains(Scopes::OPENID) {
        return Err(Error::new(Kind::Forbidden, "token.scope", "this needs the scope openid").into());
    }
    let told = UserInfo { sub: person.id.to_string(), profile: Profile::of(&served, &person, scopes).await? };
    Ok((NOT_KEPT, Json(told)).into_response())
}
