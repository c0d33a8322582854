//! The port of issuers and of the identities that they assert.
//!
//! What a sign-in needs comes without a scope, since it is how a caller comes to be: it shows issuers of the server and of
//! organizations that are not deleted.

use async_trait::async_trait;

use super::{Algorithm, Identity, Issuer, IssuerField};
use crate::authz::{OrganizationScope, Writable};
use crate::clock::Timestamp;
use crate::credential::Found;
use crate::error::Result;
use crate::ids::{CredentialId, IssuerId, OrganizationId, PrincipalId};
use crate::page::{Page, PageRequest};

/// Issuers and identities, in one session.
#[async_trait]
pub trait IssuerStore {
    /// The issuers that the organization (or the server) trusts.
    async fn list_issuers(
        &self,
        scope: &OrganizationScope,
        page: &PageRequest<IssuerField>,
    ) -> Result<Page<Issuer>>;

    /// One of them.
    async fn find_issuer(&self, scope: &OrganizationScope, id: IssuerId) -> Result<Option<Issuer>>;

    /// How many there are, and whether one of them has this URL.
    async fn count_issuers(&self, scope: &OrganizationScope, url: &str) -> Result<(u64, bool)>;

    /// Writes one.
    async fn insert_issuer(&self, scope: &Writable<OrganizationScope>, issuer: &Issuer) -> Result<()>;

    /// Writes everything of it that can be changed.
    async fn update_issuer(&self, scope: &Writable<OrganizationScope>, issuer: &Issuer) -> Result<()>;

    /// Removes it with its identities, and ends whatever was given for these.
    async fn delete_issuer(
        &self,
        scope: &Writable<OrganizationScope>,
        id: IssuerId,
        now: Timestamp,
    ) -> Result<()>;

    /// The issuer of this id.
    async fn find_trust(&self, id: IssuerId) -> Result<Option<Issuer>>;

    /// The algorithms with which an issuer of this URL may sign tokens for one of these audiences, by whoever's trust.
    /// None where nobody trusts it so.
    async fn algorithms_of(&self, url: &str, audiences: &[&str]) -> Result<Vec<Algorithm>>;

    /// Whom an issuer of this URL means by the subject in tokens for one of these audiences, whether or not that still
    /// counts: one for each who trusts it so and has the subject linked, what counts and was linked first before the rest.
    async fn find_asserted(
        &self,
        url: &str,
        audiences: &[&str],
        subject: &str,
    ) -> Result<Vec<(Issuer, Found)>>;

    /// The issuers of the server, or of an organization, as they were made.
    async fn trusts_of(&self, organization: OrganizationId) -> Result<Vec<Issuer>>;

    /// The issuers of organizations that may tell of the addresses of a domain.
    async fn trusts_of_domain(&self, domain: &str) -> Result<Vec<Issuer>>;

    /// Whether there are any that may tell of a domain.
    async fn has_trusts_of_domains(&self) -> Result<bool>;

    /// The issuers of the server, and of the organizations in which the person holds anything.
    async fn trusts_for(&self, person: PrincipalId) -> Result<Vec<Issuer>>;

    /// Keeps the issuer from being removed before this transaction ends. `false` if it has been.
    async fn hold_trust(&self, id: IssuerId) -> Result<bool>;

    /// Whom the issuer means by the subject, whether or not that still counts.
    async fn find_identity(&self, issuer: IssuerId, subject: &str) -> Result<Option<Found>>;

    /// Writes what is beside the credential of an identity, in place of one that has ended.
    async fn insert_identity(&self, identity: &Identity) -> Result<()>;

    /// The identities of the person that have not ended.
    async fn identities_of(&self, person: PrincipalId) -> Result<Vec<Identity>>;

    /// The identity that the credential is, or was given for.
    async fn identity_behind(&self, credential: CredentialId) -> Result<Option<CredentialId>>;
}
