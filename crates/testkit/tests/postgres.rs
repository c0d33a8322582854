//! The harness keeps what it promises: the server's settings, databases apart, crashes survived.

use tenantry_testkit::postgres::TestPostgres;

#[test]
fn sorts_otherwise_than_c() {
    let postgres = TestPostgres::shared();
    let database = postgres.create_database();
    assert_eq!(postgres.query(&database, "SELECT 'a' < 'B'"), "t");
    assert_eq!(postgres.query(&database, "SELECT 'a' < 'B' COLLATE \"C\""), "f");
}

#[test]
fn keeps_what_is_committed_and_takes_many_connections() {
    let postgres = TestPostgres::shared();
    let database = postgres.create_database();
    for (setting, value) in [("fsync", "on"), ("synchronous_commit", "on"), ("max_connections", "1000")] {
        assert_eq!(postgres.query(&database, &format!("SHOW {setting}")), value, "{setting}");
    }
}

#[test]
fn databases_are_separate() {
    let postgres = TestPostgres::shared();
    let [north, south] = [postgres.create_database(), postgres.create_database()];
    assert_ne!(north, south);

    postgres.query(&north, "CREATE TABLE places (name text)");
    let tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'places'";
    assert_eq!(postgres.query(&north, tables), "1");
    assert_eq!(postgres.query(&south, tables), "0");
}

/// Somebody else on the machine who finds the port must not become a superuser.
#[test]
#[should_panic(expected = "password authentication failed")]
fn a_wrong_password_is_refused() {
    let postgres = TestPostgres::shared();
    let (before, after) = ("postgres://postgres:", "@127.0.0.1");
    let url = postgres.url("postgres");
    let (_, rest) = url.split_once(after).unwrap();
    postgres.query(&format!("{before}guessed{after}{rest}"), "SELECT 1");
}

#[test]
fn committed_rows_survive_a_stop_and_a_kill() {
    let postgres = TestPostgres::launch();
    let database = postgres.create_database();
    postgres.query(&database, "CREATE TABLE places (name text); INSERT INTO places VALUES ('moor')");

    postgres.stop();
    postgres.start();
    postgres.query(&database, "INSERT INTO places VALUES ('fen')");
    postgres.restart_immediate();

    assert_eq!(postgres.query(&database, "SELECT name FROM places ORDER BY name"), "fen\nmoor");
    let log = std::fs::read_to_string(postgres.directory().join("server.log")).unwrap();
    assert!(log.contains("was not properly shut down"), "the second restart was no crash:\n{log}");
}

#[test]
fn a_dropped_server_takes_its_directory_along() {
    let postgres = TestPostgres::launch();
    let directory = postgres.directory().to_path_buf();
    assert!(directory.join("data/postmaster.pid").exists());
    drop(postgres);
    assert!(!directory.exists());
}
