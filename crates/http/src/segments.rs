//! The parameters of a path.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

/// The percent-decoded parameters of a route's path, in the order of its template:
/// `Segments([organization, workspace]): Segments<2>`.
///
/// It never refuses: where the encoding is malformed or has a NUL, the texts are empty, which names nothing, since a
/// malformed id counts as an unknown one. The same holds for parameters that the route's template lacks.
pub struct Segments<const N: usize>(pub [String; N]);

impl<S: Send + Sync, const N: usize> FromRequestParts<S> for Segments<N> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let mut texts = [const { String::new() }; N];
        if let Ok(raw) = RawPathParams::from_request_parts(parts, state).await {
            for (text, (_, value)) in texts.iter_mut().zip(&raw) {
                if !value.contains('\0') {
                    value.clone_into(text);
                }
            }
        }
        Ok(Self(texts))
    }
}
