//! Pages that were answered before.
//!
//! A page is answered again, to the same principal through an equally narrow credential, as long as two versions are
//! what they were when it was made: that of the organization, which every change to what its lists show raises, and that
//! of the principal, which suspension and revocation raise. Both are read from the primary on every request, in the same
//! read that tells who asks. So no replica shows a page that is out of date, and none has to be told of a change.
//!
//! A handler has its answer remembered by giving a [`Stamp`] with it. The versions in the stamp were read before the
//! page: a page that is newer than its stamp is merely made again.

use std::sync::Arc;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};
use bytes::Bytes;
use moka::sync::Cache;
use tenantry_core::Error;
use tenantry_core::caller::{Caller, Narrowing};
use tenantry_core::clock::Timestamp;
use tenantry_core::ids::{OrganizationId, PrincipalId};

use crate::authenticated::{Recognized, shower};
use crate::{Dialect, Refused, Served};

/// How long a page may be answered again, in seconds, though nothing has changed.
const LIFETIME: i64 = 60 * 60;
/// The largest page that is remembered, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;
/// What an entry costs besides its texts.
const ENTRY_BYTES: usize = 512;
/// How many paths are remembered with their organizations.
const PLACES: u64 = 100_000;

/// Says of an answer that it holds for this caller until one of the versions is raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    principal: PrincipalId,
    narrowing: Narrowing,
    auth_version: i64,
    organization: OrganizationId,
    version: i64,
}

impl Stamp {
    /// The answer depends on the caller, the request's path and query, and the organization as it was at `version`; on
    /// nothing else, and not on the time.
    pub fn new(caller: &Caller, organization: OrganizationId, version: i64) -> Self {
        Self {
            principal: caller.principal,
            narrowing: caller.narrowing.clone(),
            auth_version: caller.auth_version,
            organization,
            version,
        }
    }
}

impl IntoResponseParts for Stamp {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    principal: PrincipalId,
    narrowing: Narrowing,
    target: Box<str>,
}

impl Key {
    fn new(stamp: &Stamp, target: &str) -> Self {
        Self { principal: stamp.principal, narrowing: stamp.narrowing.clone(), target: target.into() }
    }
}

struct Remembered {
    stamp: Stamp,
    made_at: Timestamp,
    headers: HeaderMap,
    body: Bytes,
}

/// The memory of pages. Clones share it.
#[derive(Clone)]
pub struct Pages(Option<Memory>);

#[derive(Clone)]
struct Memory {
    pages: Cache<Key, Arc<Remembered>>,
    /// Which organization a path was about. A guess: the stamp decides.
    places: Cache<Box<str>, OrganizationId>,
}

impl Pages {
    /// A memory of at most so many bytes; with none, nothing is remembered.
    pub fn new(bytes: u64) -> Self {
        let weigh = |key: &Key, page: &Arc<Remembered>| {
            u32::try_from(ENTRY_BYTES + key.target.len() + page.body.len()).unwrap_or(u32::MAX)
        };
        Self((bytes > 0).then(|| Memory {
            pages: Cache::builder().max_capacity(bytes).weigher(weigh).build(),
            places: Cache::new(PLACES),
        }))
    }
}

impl Memory {
    /// The page, if it is still what would be answered.
    fn find(&self, stamp: &Stamp, target: &str, now: Timestamp) -> Option<Arc<Remembered>> {
        let key = Key::new(stamp, target);
        let page = self.pages.get(&key)?;
        let same = page.stamp == *stamp && now < page.made_at.plus_seconds(LIFETIME);
        metrics::counter!("tenantry_page_cache_total", "hit" => if same { "true" } else { "false" })
            .increment(1);
        same.then_some(page)
    }
}

/// Answers a request for a page from memory; any other request is passed on, and its answer remembered if it is stamped.
pub(crate) async fn remember<D: Dialect>(served: &Served, mut request: Request, next: Next) -> Response {
    let Some(memory) = served.pages.0.as_ref().filter(|_| *request.method() == Method::GET) else {
        return next.run(request).await;
    };
    if let Some(organization) = memory.places.get(request.uri().path())
        && let Ok(Some(secret)) = D::credential(request.headers())
    {
        let by = shower(request.headers(), request.extensions());
        let (caller, version) = match served.core.authenticate_at(&secret, organization, by).await {
            Ok(known) => known,
            Err(error) => {
                let source = request.extensions().get().copied().unwrap_or_default();
                let refused = served.admit_stranger(source).err().unwrap_or(error);
                return Refused::<D>::from(refused).into_response();
            }
        };
        let stamp = Stamp::new(&caller, organization, version);
        if let Some(page) = memory.find(&stamp, target(request.uri()), served.core.clock().now()) {
            return match served.admit(caller.principal) {
                Ok(()) => (page.headers.clone(), page.body.clone()).into_response(),
                Err(refused) => Refused::<D>::from(refused).into_response(),
            };
        }
        request.extensions_mut().insert(Recognized(caller));
    }
    let uri = request.uri().clone();
    let mut response = next.run(request).await;
    let Some(stamp) = response.extensions_mut().remove::<Stamp>() else { return response };
    let whole = response.body().size_hint().exact().is_some_and(|bytes| bytes <= LARGEST);
    if response.status() != StatusCode::OK || !whole {
        return response;
    }
    let (parts, body) = response.into_parts();
    let body = match to_bytes(body, usize::MAX).await {
        Ok(body) => body,
        Err(error) => return Refused::<D>::from(Error::internal(error)).into_response(),
    };
    let key = Key::new(&stamp, target(&uri));
    memory.places.insert(uri.path().into(), stamp.organization);
    let page = Remembered {
        stamp,
        made_at: served.core.clock().now(),
        headers: parts.headers.clone(),
        body: body.clone(),
    };
    memory.pages.insert(key, Arc::new(page));
    Response::from_parts(parts, Body::from(body))
}

/// Path and query as they were sent.
fn target(uri: &Uri) -> &str {
    uri.path_and_query().map_or("", PathAndQuery::as_str)
}
