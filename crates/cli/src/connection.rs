//! What a command asks with: an address and a token, from the command line, the environment, or a profile.

use std::io::{BufRead, Read};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use clap::Args;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::client::{self, Client};
use crate::failure::Failure;
use crate::output::Format;
use crate::profile::{Locked, Profile, ProfileName, Profiles};

/// So many seconds before its end, a token is not shown any more.
const MARGIN_SECONDS: u64 = 60;

/// Which login is meant, and how the outcome is told.
#[derive(Args, Clone)]
pub(crate) struct Terms {
    /// Which login is meant, where there are several
    #[arg(long, value_name = "NAME", env = "TENANTRY_PROFILE", default_value = "default")]
    pub(crate) profile: ProfileName,
    /// How the outcome is told
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) output: Format,
}

/// Which server is meant.
#[derive(Args, Clone)]
pub(crate) struct Whither {
    /// Address of the server, such as `https://tenantry.example` [default: that of the profile]
    #[arg(long, value_name = "URL", env = "TENANTRY_URL")]
    url: Option<String>,
    /// Show a token over plain http to another machine, where anybody on the way can read it
    #[arg(long)]
    allow_http: bool,
}

/// The same, and as whom it is asked.
#[derive(Args, Clone)]
pub(crate) struct Connection {
    #[command(flatten)]
    whither: Whither,
    /// Token to show instead of the profile's; `-` reads it from standard input. On the command line others on this machine
    /// can see it
    #[arg(long, value_name = "TOKEN", env = "TENANTRY_TOKEN", hide_env_values = true)]
    token: Option<String>,
    #[command(flatten)]
    pub(crate) terms: Terms,
}

/// A server, and what is shown to it.
pub(crate) struct Session {
    client: Client,
    credential: Credential,
}

enum Credential {
    Given(String),
    Kept { profiles: Profiles, name: ProfileName, profile: Profile },
}

impl Whither {
    /// The address that was given, if one was.
    pub(crate) fn address(&self) -> Result<Option<url::Url>> {
        let given = self.url.as_deref().filter(|url| !url.is_empty());
        given.map(|url| client::address(url, self.allow_http)).transpose()
    }
}

impl Connection {
    /// Finds out what is asked with. A token of a profile is shown to the profile's server alone.
    pub(crate) fn open(&self) -> Result<Session> {
        let name = &self.terms.profile;
        let address = self.whither.address()?;
        let token = match self.token.as_deref() {
            Some("-") => Some(token_from_input()?),
            Some("") | None => None,
            Some(token) => Some(token.to_owned()),
        };
        if let (Some(address), Some(token)) = (&address, &token) {
            return Ok(Session {
                client: Client::new(address.clone())?,
                credential: Credential::Given(token.clone()),
            });
        }
        let profiles = Profiles::of_user()?;
        let Some(profile) = profiles.read(name)? else {
            let lacks = if token.is_some() { "--url (TENANTRY_URL)" } else { "--token (TENANTRY_TOKEN)" };
            bail!(Failure::LoggedOut(format!(
                "there is no profile {name}: log in with `tenantry login --url URL`, or give {lacks} as well"
            )));
        };
        if let Some(address) = address.filter(|address| *address != profile.url) {
            bail!(Failure::LoggedOut(format!(
                "the profile {name} is a login to {}, not to {address}: log in there with another --profile, or give a token",
                profile.url
            )));
        }
        let client = Client::new(profile.url.clone())?;
        let credential = match token {
            Some(token) => Credential::Given(token),
            None => Credential::Kept { profiles, name: name.clone(), profile },
        };
        Ok(Session { client, credential })
    }
}

impl Session {
    /// Asks the AIP dialect, with another token where the one that is kept has expired.
    pub(crate) async fn ask(
        &mut self,
        what: (Method, &str),
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value> {
        let token = self.token(None).await?;
        let refused = match self.client.api(&token, what.clone(), query, body).await? {
            Ok(answer) => return Ok(answer),
            Err(refused) => refused,
        };
        if refused.status != StatusCode::UNAUTHORIZED || !self.can_refresh() {
            return Err(refused.into_failure().into());
        }
        // It ended sooner than this machine's clock, or its file, has it.
        let another = self.token(Some(&token)).await?;
        let again = self.client.api(&another, what, query, body).await?;
        again.map_err(|refused| refused.into_failure().into())
    }

    const fn can_refresh(&self) -> bool {
        matches!(&self.credential, Credential::Kept { profile, .. } if profile.refresh_token.is_some())
    }

    /// A token that counts for some time, and is not the one that was just refused.
    async fn token(&mut self, refused: Option<&str>) -> Result<String> {
        let Credential::Kept { profiles, name, profile } = &mut self.credential else {
            let Credential::Given(token) = &self.credential else { unreachable!("there is no third one") };
            return Ok(token.clone());
        };
        if counts(profile, refused) {
            return Ok(profile.token.clone());
        }
        // Of two commands at once, one gets another token, and the other reads it.
        let locked = profiles.lock().await?;
        let gone = || Failure::LoggedOut(format!("the profile {name} was logged out meanwhile"));
        *profile = locked.read(name)?.filter(|now| now.url == profile.url).ok_or_else(gone)?;
        if !counts(profile, refused) {
            refresh(&self.client, &locked, name, profile).await?;
        }
        Ok(profile.token.clone())
    }
}

/// Whether the token can be shown. One without a refresh token is all there is, so the server says what it is worth.
fn counts(profile: &Profile, refused: Option<&str>) -> bool {
    let fresh = profile.expires_at.is_none_or(|at| at > now() + MARGIN_SECONDS);
    let known_bad = refused.is_some_and(|token| token == profile.token);
    profile.refresh_token.is_none() || (fresh && !known_bad)
}

async fn refresh(
    client: &Client,
    locked: &Locked<'_>,
    name: &ProfileName,
    profile: &mut Profile,
) -> Result<()> {
    let shown = profile.refresh_token.as_deref().unwrap_or_default();
    let form = [("grant_type", "refresh_token"), ("refresh_token", shown)];
    let tokens = client.oauth("token", &form).await?.map_err(|_| {
        Failure::LoggedOut(format!("the login of the profile {name} has ended: log in with `tenantry login`"))
    })?;
    *profile = keep(profile.url.clone(), &tokens)?;
    locked.write(name, profile)
}

/// The profile that an answer with tokens makes.
pub(crate) fn keep(url: url::Url, tokens: &Value) -> Result<Profile> {
    let text = |name: &str| tokens[name].as_str().map(str::to_owned);
    let token = text("access_token").context("the server answered without an access token")?;
    let expires_at = tokens["expires_in"].as_u64().map(|seconds| now().saturating_add(seconds));
    Ok(Profile { url, token, expires_at, refresh_token: text("refresh_token") })
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn token_from_input() -> Result<String> {
    let mut line = String::new();
    let input = std::io::stdin().lock().take(4_096).read_line(&mut line);
    input.context("--token -: standard input cannot be read")?;
    let token = line.trim();
    if token.is_empty() {
        bail!("--token -: expected a token on standard input");
    }
    Ok(token.to_owned())
}
