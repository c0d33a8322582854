//! What must hold for any bytes that come as a token: one of ours, of every kind, or one that an issuer has signed, up to its
//! signature. The fuzz target of the same name runs this too.

use std::sync::LazyLock;

use tenantry_core::Kind;
use tenantry_core::clock::Timestamp;
use tenantry_core::credential::Secret;
use tenantry_core::issuer::{Algorithm, Issuers};
use tenantry_core::settings::Settings;
use tenantry_outbound::OpenIdIssuers;
use tenantry_testkit::away::Away;

/// Nobody is asked for keys: no address with http may be.
const ISSUER: &str = "http://id.example";

static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime on this thread")
});
static ISSUERS: LazyLock<OpenIdIssuers> =
    LazyLock::new(|| OpenIdIssuers::new(&Settings::default()).expect("a client"));

/// No panic. A secret is the very text that it was read from, and says no more of itself than its kind. Whatever is shown
/// opens nothing while the store is away, and a token of an issuer comes as far as the question for its keys.
pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(secret) = Secret::parse(text) {
        assert_eq!(secret.expose(), text);
        assert!(!format!("{secret:?}").contains(&text[secret.kind().prefix().len()..]));
    }
    RUNTIME.block_on(async {
        let refused = Away::core().authenticate(text).await.expect_err("nobody is known");
        assert!(matches!(refused.kind, Kind::Unauthenticated | Kind::Unavailable), "{refused:?}");
        let read = ISSUERS.read(ISSUER, &Algorithm::ALL, text, Timestamp::default()).await;
        let refused = read.expect_err("no keys are known");
        assert!(matches!(refused.kind, Kind::Unauthenticated | Kind::Unavailable), "{refused:?}");
    });
}
