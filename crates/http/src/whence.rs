//! Who sent a request, as far as it says: what is kept of sign-ins.

use axum::extract::FromRequestParts;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use tenantry_core::browser::{Origin, USER_AGENT_MAX};

use crate::{RequestId, Source};

/// Address, program and request id of a request.
#[derive(Clone, Debug)]
pub struct Whence(pub Origin);

impl<S: Sync> FromRequestParts<S> for Whence {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Source(source) = Source::from_request_parts(parts, state).await?;
        let agent = parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
        let agent = agent.map(|agent| agent.chars().take(USER_AGENT_MAX).collect::<String>());
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.as_str().to_owned());
        Ok(Self(Origin { source, user_agent: agent.filter(|agent| !agent.is_empty()), request_id }))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[tokio::test]
    async fn programs_are_called_as_they_say_within_reason() {
        let long = "x".repeat(500);
        let cut = "x".repeat(200);
        for (given, expected) in
            [("Host/a ZenML/1", Some("Host/a ZenML/1")), ("", None), (&long, Some(&*cut))]
        {
            let (mut parts, ()) = Request::builder().header(USER_AGENT, given).body(()).unwrap().into_parts();
            let Whence(origin) = Whence::from_request_parts(&mut parts, &()).await.unwrap();
            assert_eq!((origin.user_agent.as_deref(), origin.source), (expected, None));
        }
    }
}
