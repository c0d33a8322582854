//! API calls with a token that a trusted issuer has signed, for a person whose identity is linked.
//!
//! The trust and the identity are read on every request, so both end at once; only the issuer's public keys are remembered.

use super::claims;
use crate::Core;
use crate::caller::Caller;
use crate::credential::{Found, caller_of};
use crate::error::{Error, Result};
use crate::ids::IssuerId;

/// Longest token that is looked at, in bytes.
const TOKEN_MAX: usize = 16 * 1024;

/// Whether the text is of the form of a signed token (RFC 7515, section 3.1), which no secret of this server is.
pub(crate) fn is_signed(text: &str) -> bool {
    text.starts_with("eyJ") && text.bytes().filter(|byte| *byte == b'.').count() == 2
}

impl Core {
    /// Who shows this token of a trusted issuer.
    pub(crate) async fn authenticate_signed(&self, token: &str) -> Result<Caller> {
        let now = self.clock().now();
        if token.len() > TOKEN_MAX {
            return Err(Error::bad_credential());
        }
        let url = claims::claimed_issuer(token).ok_or_else(Error::bad_credential)?;
        let trusts = self.store().point(url, |session, url| Box::pin(session.trusts_of_url(url))).await?;
        let mut asserted = Vec::new();
        for issuer in trusts.iter().filter(|issuer| issuer.audience.is_some()) {
            match self.issuers().read(&issuer.url, &issuer.algorithms, token, now).await {
                Ok(signed) => {
                    asserted
                        .extend(claims::access_token(&signed, issuer, now).ok().map(|sub| (issuer.id, sub)));
                }
                Err(error) if error.kind == crate::Kind::Unauthenticated => {}
                Err(error) => return Err(error),
            }
        }
        let found = self.store().point(asserted, |session, asserted| Box::pin(eldest(session, asserted)));
        let found = found.await?.ok_or_else(Error::bad_credential)?;
        let caller = caller_of(&found, now)?;
        self.uses().note(found.credential.id, now);
        Ok(caller)
    }
}

/// Of several who trust the same issuer for the same audience, the one to whom the person was linked first counts: what
/// somebody else trusts later changes nothing for a token that is in use.
async fn eldest(
    session: &dyn crate::store::Session,
    asserted: &[(IssuerId, String)],
) -> Result<Option<Found>> {
    let mut eldest: Option<Found> = None;
    for (issuer, subject) in asserted {
        let Some(found) = session.find_identity(*issuer, subject).await? else { continue };
        let age =
            |found: &Found| (found.revoked_at.is_some(), found.credential.created_at, found.credential.id);
        if eldest.as_ref().is_none_or(|known| age(&found) < age(known)) {
            eldest = Some(found);
        }
    }
    Ok(eldest)
}
