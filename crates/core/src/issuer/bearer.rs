//! API calls with a token that a trusted issuer has signed, for a person whose identity is linked.
//!
//! The trust and the identity are read on every request, so both end at once; only the issuer's public keys are remembered.

use super::claims;
use crate::Core;
use crate::caller::Caller;
use crate::credential::caller_of;
use crate::error::{Error, Result};
use crate::uses::Shower;

/// Longest token that is looked at, in bytes.
const TOKEN_MAX: usize = 16 * 1024;

/// Whether the text is of the form of a signed token (RFC 7515, section 3.1), which no secret of this server is.
pub(crate) fn is_signed(text: &str) -> bool {
    text.starts_with("eyJ") && text.bytes().filter(|byte| *byte == b'.').count() == 2
}

impl Core {
    /// Who shows this token of a trusted issuer.
    pub(crate) async fn authenticate_signed(&self, token: &str, by: Shower<'_>) -> Result<Caller> {
        let now = self.clock().now();
        if token.len() > TOKEN_MAX {
            return Err(Error::bad_credential());
        }
        let claimed = claims::Claimed::read(token).ok_or_else(Error::bad_credential)?;
        let (claimed, algorithms) = self
            .store()
            .point(claimed, |session, claimed| {
                Box::pin(async move {
                    let algorithms = session.algorithms_of(&claimed.issuer, &claimed.audiences()).await?;
                    Ok((claimed.clone(), algorithms))
                })
            })
            .await?;
        if algorithms.is_empty() {
            return Err(Error::bad_credential());
        }
        // Once, however many trust the issuer; which of the algorithms each of them takes is judged with the rest.
        let signed = self.issuers().read(&claimed.issuer, &algorithms, token, now).await?;
        let subject = claims::subject(&signed.claims)?;
        let asserted = self.store().point((claimed, subject), |session, (claimed, subject)| {
            Box::pin(
                async move { session.find_asserted(&claimed.issuer, &claimed.audiences(), subject).await },
            )
        });
        let asserted = asserted.await?.into_iter();
        // What somebody else trusts later changes nothing for a token that is in use: the eldest link counts.
        let mut believed = asserted.filter(|(issuer, _)| claims::access_token(&signed, issuer, now).is_ok());
        let (_, found) = believed.next().ok_or_else(Error::bad_credential)?;
        let caller = caller_of(&found, now)?;
        self.uses().note(found.credential.id, now, by);
        Ok(caller)
    }
}
