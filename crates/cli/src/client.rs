//! A server as a command asks it: requests, and what is made of refusals.

use std::time::Duration;

use anyhow::{Result, bail};
use reqwest::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use url::{Host, Url};

use crate::failure::Failure;
use crate::output::printable;

/// As what this program asks for tokens. It holds no secret.
const CLIENT: &str = "tenantry-cli";

/// How long a connection may take, and a request with its answer, in seconds.
const CONNECT_SECONDS: u64 = 10;
const REQUEST_SECONDS: u64 = 60;

/// A server that can be asked.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    address: Url,
}

/// How a request was refused.
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    /// The word of RFC 6749, section 5.2, where the answer has one.
    pub(crate) word: String,
    message: String,
}

impl Client {
    /// The server of an address, of which only scheme, host and port count.
    pub(crate) fn new(address: Url) -> Result<Self> {
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("tenantry/", env!("CARGO_PKG_VERSION")))
            // Whoever redirects would be shown the token, too.
            .redirect(Policy::none())
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS))
            .timeout(Duration::from_secs(REQUEST_SECONDS));
        if address.scheme() == "http" {
            // A proxy would read the token.
            http = http.no_proxy();
        }
        Ok(Self { http: http.build()?, address })
    }

    /// Asks the AIP dialect.
    pub(crate) async fn api(
        &self,
        token: &str,
        (method, path): (Method, &str),
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Result<Value, Refused>> {
        let mut address = self.address.clone();
        address.set_path(&format!("/api/v1/{path}"));
        let mut request = self.http.request(method, address).query(query).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.answer(request).await
    }

    /// Asks an OAuth endpoint, as the client that this program is.
    pub(crate) async fn oauth(
        &self,
        endpoint: &str,
        form: &[(&str, &str)],
    ) -> Result<Result<Value, Refused>> {
        let mut address = self.address.clone();
        address.set_path(&format!("/oauth2/{endpoint}"));
        let form: Vec<_> = form.iter().chain(&[("client_id", CLIENT)]).collect();
        self.answer(self.http.post(address).form(&form)).await
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Result<Value, Refused>> {
        let address = &self.address;
        let unreachable = |error: reqwest::Error| {
            let reason = innermost(&error);
            Failure::Unavailable(format!("{address} cannot be reached: {reason}"))
        };
        let response = request.header(ACCEPT, "application/json").send().await.map_err(unreachable)?;
        let (status, wait) = (response.status(), wait(&response));
        let json = response.headers().get(CONTENT_TYPE).is_some_and(|kind| {
            kind.to_str().is_ok_and(|kind| kind.split(';').next() == Some("application/json"))
        });
        let text = response.text().await.map_err(unreachable)?;
        if status.is_success() && text.is_empty() {
            return Ok(Ok(Value::Null));
        }
        let body = json.then(|| serde_json::from_str::<Value>(&text).ok()).flatten();
        let message = body.as_ref().map(refusal);
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            let said = message.unwrap_or_else(|| format!("answered {status}"));
            bail!(Failure::Unavailable(format!("{address}: {said}{wait}")));
        }
        match (body, message) {
            (Some(body), _) if status.is_success() => Ok(Ok(body)),
            (Some(body), Some(message)) => {
                let word = body["error"].as_str().unwrap_or_default().to_owned();
                Ok(Err(Refused { status, word, message }))
            }
            _ => bail!(Failure::Refused(format!(
                "{address} does not answer as Tenantry does (status {status}): is the address right?"
            ))),
        }
    }

    pub(crate) const fn address(&self) -> &Url {
        &self.address
    }
}

impl Refused {
    /// As the end of a command.
    pub(crate) fn into_failure(self) -> Failure {
        if self.status == StatusCode::UNAUTHORIZED {
            return Failure::LoggedOut(format!("{}; log in with `tenantry login`", self.message));
        }
        Failure::Refused(self.message)
    }
}

/// What a refusal says: `message` in the AIP dialect, `error_description` or `error` of an OAuth endpoint.
fn refusal(body: &Value) -> String {
    let said = ["message", "error_description", "error"].iter().find_map(|name| body[name].as_str());
    printable(said.unwrap_or("the server gives no reason"))
}

fn wait(response: &Response) -> String {
    let seconds =
        response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse::<u32>().ok());
    seconds.map(|seconds| format!(" (try again in {seconds} s)")).unwrap_or_default()
}

/// The cause that the others are wrapped around: the outer ones repeat the address, with its query.
fn innermost(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it takes too long".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Reads the address of a server: scheme, host and port, and https unless it is this machine's or `allow_http`.
pub(crate) fn address(text: &str, allow_http: bool) -> Result<Url> {
    let text = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let Ok(url) = Url::parse(&text) else {
        bail!("--url: expected an address such as https://tenantry.example")
    };
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() || url.host().is_none() {
        bail!("--url: expected scheme, host and port alone, such as https://tenantry.example");
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if allow_http || is_this_machine(&url) => Ok(url),
        "http" => bail!(
            "--url: over plain http anybody on the way can read the token; use https, or say --allow-http"
        ),
        _ => bail!("--url: expected https"),
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn addresses_are_scheme_host_and_port() {
        for (text, read) in [
            ("tenantry.example", "https://tenantry.example/"),
            ("https://tenantry.example:8443/", "https://tenantry.example:8443/"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
            ("http://[::1]:8080", "http://[::1]:8080/"),
            ("http://localhost", "http://localhost/"),
        ] {
            assert_eq!(address(text, false).unwrap().as_str(), read);
        }
        for text in [
            "",
            "http://tenantry.example",
            "http://127.0.0.1.example",
            "ftp://tenantry.example",
            "https://tenantry.example/api",
            "https://tenantry.example/?a=b",
            "https://ada:secret@tenantry.example",
        ] {
            let refused = address(text, false).unwrap_err().to_string();
            assert!(refused.starts_with("--url: ") && !refused.contains("secret"), "{text}: {refused}");
        }
        assert!(address("http://tenantry.example", true).is_ok());
    }
}
