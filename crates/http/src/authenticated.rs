//! Who is asking.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use tenantry_core::caller::Caller;
use tenantry_core::{Error, Shower};

use crate::observe::Asker;
use crate::{Dialect, Refused, RequestId, Served, Source};

/// The caller behind the dialect's credential. A route that has this extractor refuses everybody else; it comes first
/// among the arguments, so that a stranger learns nothing from what is wrong with the rest of the request.
pub struct Authenticated<D> {
    /// The caller, with the id of this request for the audit trail and where it came from.
    pub caller: Caller,
    dialect: PhantomData<fn() -> D>,
}

/// The caller of a request whose credential was looked at on the way to the handler.
#[derive(Clone)]
pub(crate) struct Recognized(pub(crate) Caller);

async fn recognize<D: Dialect>(parts: &Parts, served: &Served) -> Result<Caller, Error> {
    let secret = D::credential(&parts.headers)?.ok_or_else(Error::no_credential)?;
    served.core.authenticate_from(&secret, shower(&parts.headers, &parts.extensions)).await
}

/// Who shows the credential of a request.
pub(crate) fn shower<'a>(headers: &'a HeaderMap, extensions: &Extensions) -> Shower<'a> {
    let source = extensions.get().and_then(|Source(address)| *address);
    let user_agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    Shower { source, user_agent }
}

impl<D: Dialect> FromRequestParts<Served> for Authenticated<D> {
    type Rejection = Refused<D>;

    async fn from_request_parts(parts: &mut Parts, served: &Served) -> Result<Self, Self::Rejection> {
        let mut caller = if let Some(Recognized(caller)) = parts.extensions.remove() {
            caller
        } else {
            match recognize::<D>(parts, served).await {
                Ok(caller) => caller,
                Err(error) => {
                    served.admit_stranger(parts.extensions.get().copied().unwrap_or_default())?;
                    return Err(error.into());
                }
            }
        };
        served.admit(caller.principal)?;
        if let Some(asker) = parts.extensions.get::<Asker>() {
            asker.is(caller.principal);
        }
        caller.request_id = parts.extensions.get::<RequestId>().map(|id| id.as_str().to_owned());
        caller.source = parts.extensions.get().and_then(|Source(address)| *address);
        Ok(Self { caller, dialect: PhantomData })
    }
}
