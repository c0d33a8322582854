//! What the demo tells: for people, and as one line of JSON.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::Estate;

/// One line on standard output.
pub(super) fn json(out: &mut dyn Write, url: &str, estate: &Estate) -> io::Result<()> {
    writeln!(out, "{}", document(url, estate))
}

fn document(url: &str, estate: &Estate) -> Value {
    let organizations: Map<String, Value> = estate
        .organizations
        .iter()
        .map(|made| (made.key.clone(), json!({"id": made.id.to_string(), "key": made.key})))
        .collect();
    let people: Map<String, Value> = estate
        .people
        .iter()
        .map(|person| {
            let value = json!({
                "id": person.id.to_string(),
                "username": person.username,
                "email": person.email,
                "password": person.password,
                "token": person.token,
            });
            (person.username.clone(), value)
        })
        .collect();
    let service_accounts: Map<String, Value> = estate
        .service_accounts
        .iter()
        .map(|account| {
            let value = json!({
                "id": account.id.to_string(),
                "organization": account.organization,
                "client_id": account.client_id,
                "client_secret": account.client_secret,
                "api_key": account.api_key,
            });
            (account.name.clone(), value)
        })
        .collect();
    json!({"url": url, "organizations": organizations, "people": people, "service_accounts": service_accounts})
}

/// A page for people: who is there, and a line to paste for each dialect.
pub(super) fn text(out: &mut dyn Write, url: &str, estate: &Estate) -> io::Result<()> {
    writeln!(out, "Tenantry is serving a sample estate at {url}\n")?;
    writeln!(out, "Organizations")?;
    for made in &estate.organizations {
        writeln!(out, "  {:<10} {}", made.key, made.id)?;
    }
    writeln!(out, "\nPeople (sign in with user name or e-mail and password, or use the token)")?;
    for person in &estate.people {
        writeln!(out, "  {:<6} {:<22} {}", person.username, person.email, person.about)?;
        writeln!(out, "         password {}   token {}", person.password, person.token)?;
    }
    writeln!(out, "\nService accounts")?;
    for account in &estate.service_accounts {
        writeln!(out, "  {} of {}", account.name, account.organization)?;
        writeln!(out, "         api key       {}", account.api_key)?;
        writeln!(out, "         client id     {}", account.client_id)?;
        writeln!(out, "         client secret {}", account.client_secret)?;
    }
    writeln!(out, "\nTry")?;
    for (dialect, line) in tries(url, estate) {
        writeln!(out, "  # {dialect}\n  {line}\n")?;
    }
    writeln!(out, "All operations: {url}/docs\n")?;
    writeln!(out, "Ctrl-C ends it.")
}

/// One line to paste for each dialect.
pub(super) fn tries(url: &str, estate: &Estate) -> Vec<(&'static str, String)> {
    let token = |name: &str| {
        let person = estate.people.iter().find(|person| person.username == name);
        person.map(|person| person.token.as_str()).unwrap_or_default()
    };
    let northwind = estate.organizations.first().map(|made| made.id.to_string()).unwrap_or_default();
    let key = estate.service_accounts.first().map(|account| account.api_key.as_str()).unwrap_or_default();
    let bearer =
        |token: &str, path: &str| format!("curl -s -H 'Authorization: Bearer {token}' '{url}{path}'");
    vec![
        (
            "AIP (Kognitos, and our own): workspaces by name",
            bearer(
                token("ada"),
                &format!("/api/v1/organizations/{northwind}/workspaces?page_size=3&order_by=title"),
            ),
        ),
        (
            "ZenML Pro: workspaces with their services",
            bearer(key, &format!("/organizations/{northwind}/tenants?limit=2")),
        ),
        (
            "Seequent Evo: workspaces in which one has a role",
            bearer(
                token("ben"),
                &format!("/workspace/orgs/{northwind}/workspaces?limit=3&order_by=desc:updated_at"),
            ),
        ),
        (
            "Dreadnode: the same by page",
            format!(
                "curl -s -H 'X-API-Key: {}' '{url}/api/v1/org/northwind/ws?page=1&page_size=3'",
                token("cleo")
            ),
        ),
    ]
}
