//! What every request that changes something has in common, read and kept in one place: who asks, `validate_only`
//! (AIP-163), `request_id` (AIP-155), and the version that the client saw last (AIP-154), by `etag` or `If-Match`.

use std::future::Future;
use std::sync::Arc;

use axum::body::HttpBody;
use axum::extract::{FromRequest, Request};
use axum::http::header::IF_MATCH;
use axum::http::{HeaderMap, Method};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tenantry_aip::Mask;
use tenantry_core::caller::{Caller, Narrowing};
use tenantry_core::idempotency::{KeptAnswer, Once, RequestKey};
use tenantry_core::ids::RequestKeyId;
use tenantry_core::version::Versions;
use tenantry_core::{Core, Error, Kind, Result};
use tenantry_http::{Authenticated, Json, Query, Refused, Segments, Served, Taken};

use crate::args::{flag, only_known};
use crate::error::{STALE_IF_MATCH, refused};
use crate::message::Message;
use crate::resource::{Answer, Resource};
use crate::{Aip, etag};

/// A request that changes something. It refuses strangers before it reads anything else.
pub(crate) struct Change<const N: usize> {
    pub(crate) core: Arc<Core>,
    pub(crate) caller: Caller,
    /// The parameters of the path, in the order of its template.
    pub(crate) path: [String; N],
    pub(crate) query: Query<Aip>,
    /// The body; null when there is none.
    pub(crate) body: Value,
    /// For the addresses of pages.
    pub(crate) served: Served,
    taken: Taken,
    if_match: Option<String>,
    fingerprint: [u8; 32],
}

/// How a change is to be made.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// The versions of which the client saw one last; another one is a conflict.
    pub(crate) expected_version: Option<Versions>,
    has_if_match: bool,
    by_header: bool,
    rehearse: bool,
    request: Option<RequestKeyId>,
}

impl<const N: usize> FromRequest<Served> for Change<N> {
    type Rejection = Refused<Aip>;

    async fn from_request(request: Request, served: &Served) -> Result<Self, Self::Rejection> {
        let (mut parts, body) = request.into_parts();
        let Authenticated { caller, .. } =
            axum::RequestPartsExt::extract_with_state::<Authenticated<Aip>, _>(&mut parts, served).await?;
        let query =
            Query::parse(parts.uri.query().unwrap_or_default()).map_err(tenantry_http::Refusal::Query)?;
        let Ok(Segments(path)) = axum::RequestPartsExt::extract_with_state(&mut parts, served).await;
        let taken = parts.extensions.get::<Taken>();
        let taken = taken.ok_or_else(|| Error::internal("the route does not tell what it takes"))?.clone();
        let if_match = joined(&parts.headers);
        let (method, address) = (parts.method.clone(), parts.uri.path().to_owned());
        let body = if body.is_end_stream() {
            Value::Null
        } else {
            Json::<Aip>::from_request(Request::from_parts(parts, body), served).await?.body
        };
        let asked = (&method, address.as_str(), &query, &body);
        let fingerprint = fingerprint(&caller.narrowing, asked, if_match.as_deref());
        let core = Arc::clone(&served.core);
        let served = served.clone();
        Ok(Self { core, caller, path, query, body, served, taken, if_match, fingerprint })
    }
}

impl<const N: usize> Change<N> {
    /// Refuses parameters that the operation does not take.
    pub(crate) fn only_known(&self) -> Result<()> {
        only_known(&self.query, &self.taken, self.path.last().map_or("", String::as_str))
    }

    /// Reads how the change is to be made; `in_body` is the `etag` of the body.
    pub(crate) fn terms(&self, in_body: Option<&str>) -> Result<Terms> {
        self.only_known()?;
        let in_query = self.query.one("etag")?;
        let given = [in_body, in_query].into_iter().flatten().filter(|etag| !etag.is_empty());
        let header = self.if_match.as_deref().and_then(etag::if_match);
        let by_header = header.is_some();
        let seen = given.map(|tag| vec![etag::read(tag)]).chain(header);
        // Where two of them have no version in common, one is stale, whatever the version is.
        let common = |all: Vec<i64>, more: Vec<i64>| -> Vec<i64> {
            all.into_iter().filter(|one| more.contains(one)).collect()
        };
        let expected_version = seen.reduce(common).map(Versions);
        let request =
            match self.query.one("request_id")? {
                None | Some("") => None,
                Some(text) => Some(RequestKeyId::parse(text).ok_or_else(|| {
                    Error::invalid("request_id", "uuid", "expected a UUID of 36 characters")
                })?),
            };
        let rehearse = flag(&self.query, "validate_only")?;
        let has_if_match = self.if_match.is_some();
        Ok(Terms { expected_version, has_if_match, by_header, rehearse, request })
    }

    /// Reads `update_mask` against what can be changed of the resource.
    pub(crate) fn mask(&self, message: &Message) -> Result<Option<Mask>> {
        let text = self.query.one("update_mask")?;
        Mask::parse("update_mask", text, &message.writable()).map_err(|error| refused(&error))
    }

    /// The same for an invitation, which has no version to go by. Who names one relies on it, so it is refused rather than
    /// ignored.
    pub(crate) fn terms_without_version(&self) -> Result<Terms> {
        let terms = self.terms(None)?;
        if terms.expected_version.is_some() {
            return Err(Error::invalid("If-Match", "unsupported", "this has no version to compare with"));
        }
        Ok(terms)
    }

    /// The same where something is made, on which nobody can rely yet.
    pub(crate) fn terms_to_make(&self) -> Result<Terms> {
        let terms = self.terms(None)?;
        terms.require_nothing()?;
        Ok(terms)
    }

    /// Makes the change by these terms, and answers what `write` makes of its outcome.
    pub(crate) async fn make<T, F>(
        &self,
        terms: Terms,
        write: impl Fn(&T) -> Value + Send + Sync + 'static,
        work: impl FnOnce(Core, Caller) -> F,
    ) -> Answer
    where
        T: 'static,
        F: Future<Output = Result<T>>,
    {
        let write = Arc::new(write);
        let show = Arc::clone(&write);
        self.make_with_secret(terms, move |kept: &T| write(kept), move |made: T| show(&made), work).await
    }

    /// The same for an answer that shows a secret this once: a repetition is answered what `keep` writes, without it.
    pub(crate) async fn make_with_secret<T, U, F>(
        &self,
        terms: Terms,
        keep: impl Fn(&T) -> Value + Send + Sync + 'static,
        show: impl FnOnce(U) -> Value,
        work: impl FnOnce(Core, Caller) -> F,
    ) -> Answer
    where
        T: 'static,
        F: Future<Output = Result<U>>,
    {
        let caller = self.caller.clone();
        let done = match (terms.rehearse, terms.request) {
            (true, _) => work(self.core.rehearsal(), caller).await.map(Once::Now),
            (false, None) => work((*self.core).clone(), caller).await.map(Once::Now),
            (false, Some(id)) => {
                let key = RequestKey::new(&caller, id, self.fingerprint);
                let keep = move |kept: &T| Ok(KeptAnswer { status: 200, body: keep(kept).to_string() });
                self.core.once(key, keep, |core| work(core, caller)).await
            }
        };
        match done.map_err(|error| terms.in_words(error))? {
            Once::Now(made) if terms.rehearse => Ok(Resource::new(without_secrets(show(made)))),
            Once::Now(made) => Ok(Resource::new(show(made))),
            Once::Before(answer) => {
                Ok(Resource::new(serde_json::from_str(&answer.body).map_err(Error::internal)?))
            }
        }
    }
}

impl Terms {
    /// Whether the change is only judged.
    pub(crate) const fn rehearses(&self) -> bool {
        self.rehearse
    }

    /// Refuses to make something for who relies on its being there: by a version, or by `If-Match: *` (RFC 9110).
    pub(crate) fn require_nothing(&self) -> Result<()> {
        let reason = match (self.has_if_match, &self.expected_version) {
            (true, _) => STALE_IF_MATCH,
            (false, Some(_)) => "etag.stale",
            (false, None) => return Ok(()),
        };
        Err(Error::new(
            Kind::Conflict,
            reason,
            "there is nothing of this version, since there is nothing yet",
        ))
    }

    /// A stale `If-Match` is told apart from a stale `etag`: HTTP has a status of its own for it.
    fn in_words(&self, mut error: Error) -> Error {
        if self.by_header && error.kind == Kind::Conflict {
            error.reason = STALE_IF_MATCH;
        }
        error
    }
}

/// A secret that was made in a rehearsal is worth nothing, so none is shown.
fn without_secrets(mut body: Value) -> Value {
    if let Value::Object(members) = &mut body {
        members.shift_remove("secret");
        members.shift_remove("link");
        for value in members.values_mut() {
            *value = without_secrets(value.take());
        }
    }
    body
}

fn joined(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(IF_MATCH).iter().map(|value| value.to_str().unwrap_or("?"));
    let values: Vec<_> = values.collect();
    if values.is_empty() { None } else { Some(values.join(",")) }
}

/// What the request asks for, whatever the order of its parameters and members. The rights of the credential are part of
/// it, so that a narrower one is not shown what a wider one was answered.
fn fingerprint(
    narrowing: &Narrowing,
    (method, path, query, body): (&Method, &str, &Query<Aip>, &Value),
    if_match: Option<&str>,
) -> [u8; 32] {
    let mut parameters: Vec<_> = query.pairs().filter(|(name, _)| *name != "request_id").collect();
    parameters.sort_unstable();
    let asked = serde_json::json!([
        method.as_str(),
        path,
        parameters,
        sorted(body),
        if_match,
        format!("{narrowing:?}")
    ]);
    Sha256::digest(asked.to_string()).into()
}

/// The same value with the members of every object in the order of their names.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(members) => {
            let mut members: Vec<_> =
                members.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            members.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(members.into_iter().collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}
