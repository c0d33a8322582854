//! TLS to the database, by rustls and the system's certificates.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use tenantry_core::error::{Error, Result};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A connector that trusts what the system trusts. Whether TLS is used at all is the URL's `sslmode` to say.
pub(super) fn connector() -> Result<MakeRustlsConnect> {
    let mut roots = RootCertStore::empty();
    let (_, unreadable) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if unreadable > 0 {
        tracing::debug!(unreadable, "some of the system's certificates cannot be read");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::internal)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
