//! No secret that was given out stands in the database.

use super::App;
use super::browser::Browser;
use crate::harness::{TestServer, both_alone};

both_alone!(the_database_shows_no_secret);

async fn the_database_shows_no_secret(server: &TestServer) {
    let app = App::new(server).await;
    let mut browser = Browser::of(server, "ben").await;
    let code = app.code(&mut browser).await;
    let tokens = app.redeem(server, &code).await.expect(200);
    let mut secrets = vec![app.secret.clone(), code];
    secrets.extend(browser.cookies.into_values());
    for name in ["access_token", "refresh_token", "id_token"] {
        secrets.push(tokens[name].as_str().unwrap().to_owned());
    }
    secrets.extend(server.estate.people.iter().flat_map(|it| [it.token.clone(), it.password.clone()]));
    secrets.extend(server.estate.service_accounts.iter().map(|it| it.client_secret.clone()));
    let dump = tenantry_testkit::estate::dump(&server.database);
    assert!(dump.contains("northwind"), "the dump has the texts of the database");
    for secret in secrets {
        assert!(!dump.contains(&secret), "the database has {}...", &secret[..8]);
    }
    // Nor the private half of a key.
    assert!(!dump.contains("PRIVATE KEY"));
}
