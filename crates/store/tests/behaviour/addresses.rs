//! Addresses: one mailbox each, also in a database that was written before domains were kept as they are registered.

use tenantry_core::authz::OrganizationRef;
use tenantry_core::issuer::IssuerChange;
use tenantry_testkit::TestCore;

use crate::asking::reason;
use crate::browser::{PASSWORD, person};
use crate::issuers::{arrive, trusted, verified};

on_both_engines!(an_issuer_speaks_for_no_domain_that_only_folds_to_its_own);

/// As an older program left them: whoever is called so has an address of that domain, which is the sign-in name too.
async fn older(core: &TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    for (name, kept) in [
        ("ann", "ann@b\u{fc}cher.example"),
        ("bob", "j\u{f6}rg@example.org"),
        ("cat", "c\u{df}t@example.org"),
    ] {
        person(core, &root, name).await;
        core.sql(&format!(
            "UPDATE principals SET email = '{kept}', email_folded = '{kept}', username = '{kept}', \
             username_folded = '{kept}', email_verified_at = 1 WHERE username = '{name}'"
        ));
    }
    for (email, kept) in
        [("1@example.org", "1@b\u{fc}cher.example"), ("2@example.org", "c\u{df}t@example.org")]
    {
        core.invite(&root.caller, OrganizationRef::Id(org), email.to_owned(), vec![]).await.unwrap();
        core.sql(&format!(
            "UPDATE invitations SET email = '{kept}', email_folded = '{kept}' WHERE email = '{email}'"
        ));
    }
    core.sql("DELETE FROM meta WHERE name = 'addresses'");
}

async fn require_registered(core: &TestCore) {
    // Whoever types the address as ever is found.
    for login in ["ann@b\u{fc}cher.example", "ANN@xn--bcher-kva.example", "J\u{d6}RG@example.org"] {
        core.sign_in_user(login, PASSWORD, None).await.unwrap();
    }
    let people = "SELECT email, email_hearsay, email_verified_at FROM principals WHERE password_hash IS NOT NULL ORDER BY created_at, id";
    let people = core.sql(people);
    let lines: Vec<_> = people.lines().filter(|line| !line.starts_with("root")).collect();
    let expected = ["ann@xn--bcher-kva.example|0|1", "j\u{f6}rg@example.org|0|1", "c\u{df}t@example.org|1|"];
    assert_eq!(lines, expected);
    let waiting = core.sql("SELECT email FROM invitations WHERE status = 'pending'");
    assert_eq!(waiting, "1@xn--bcher-kva.example");
    assert_eq!(core.sql("SELECT COUNT(*) FROM grants WHERE subject_kind = 'invitation'"), "1");
    assert_eq!(core.examine().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_databases_get_addresses_as_they_are_registered_on_postgres() {
    let core = TestCore::postgres().await;
    older(&core).await;
    for seed in [1, 2] {
        require_registered(&core.replica(seed).await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_databases_get_addresses_as_they_are_registered_on_sqlite() {
    let directory = tempfile::TempDir::new().unwrap();
    let core = TestCore::in_directory(directory.path(), 0).await;
    older(&core).await;
    drop(core);
    require_registered(&TestCore::in_directory(directory.path(), 1).await).await;
}

async fn an_issuer_speaks_for_no_domain_that_only_folds_to_its_own(core: TestCore) {
    let root = core.root().await;
    let terms =
        IssuerChange { domains: Some(vec!["stra\u{df}e.example".to_owned()]), ..IssuerChange::default() };
    let issuer = trusted(&core, &root, terms).await;
    for (name, address) in [("ann", "ann@strasse.example"), ("boss", "boss@xn--strae-oqa.example")] {
        person(&core, &root, name).await;
        core.sql(&format!(
            "UPDATE principals SET email = '{address}', email_folded = '{address}', email_verified_at = 1 \
             WHERE username = '{name}'"
        ));
    }
    for email in ["ann@stra\u{df}e.example", "ann@strasse.example", "bo\u{df}@stra\u{df}e.example"] {
        let refused = arrive(&core, &issuer, &verified("a", email)).await;
        assert_eq!(reason(refused), "identity.unknown", "{email}");
    }
    arrive(&core, &issuer, &verified("b", "Boss@STRA\u{1e9e}E.example")).await.unwrap();
}
