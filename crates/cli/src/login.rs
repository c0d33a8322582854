//! `tenantry login` and `logout`: the device authorization grant (RFC 8628), and its end (RFC 7009).

use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::ProgressBar;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use url::Url;

use crate::client::Client;
use crate::connection::{Terms, Whither, keep};
use crate::failure::Failure;
use crate::output::{print_rows, printable};
use crate::profile::{Profile, Profiles};

/// What the login may do: everything that the person may, for as long as it is used.
const SCOPE: &str = "api offline_access";

/// How much slower one asks who was told so, in seconds (RFC 8628, section 3.5).
const SLOWER: u64 = 5;

/// Where to log in.
#[derive(Args)]
pub struct Login {
    /// Open the address in this machine's browser
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    whither: Whither,
    #[command(flatten)]
    terms: Terms,
}

/// What to forget.
#[derive(Args)]
pub struct Logout {
    /// Forget the profile also where the server cannot be told that its login has ended
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    terms: Terms,
}

impl Login {
    pub(crate) async fn run(&self) -> Result<()> {
        let Terms { profile: name, output } = &self.terms;
        let profiles = Profiles::of_user()?;
        // Found out now, not when somebody has confirmed.
        let before = profiles.read(name)?;
        let known = before.as_ref().map(|profile| profile.url.clone());
        let Some(address) = self.whither.address()?.or(known) else {
            bail!("--url: needed to log in for the first time, such as https://tenantry.example")
        };
        let client = Client::new(address)?;
        let (profile, me) = tokio::select! {
            confirmed = self.confirmed(&client) => confirmed?,
            _ = tokio::signal::ctrl_c() => bail!(Failure::Interrupted),
        };
        let locked = profiles.lock().await?;
        // Another command may have had other tokens for the login before.
        let before = locked.read(name)?;
        locked.write(name, &profile)?;
        drop(locked);
        if let Some(before) = before {
            // It would stay in the list of devices. If it does, the login holds all the same.
            let _ = end(&before).await;
        }
        let who = printable(me["username"].as_str().unwrap_or_default());
        let url = profile.url.as_str();
        let told =
            json!({"profile": name.to_string(), "url": url, "user": me["name"], "username": me["username"]});
        let row = |name: &str, value: &str| vec![name.to_owned(), value.to_owned()];
        let rows = [row("logged in", &who), row("server", url), row("profile", &name.to_string())];
        print_rows(*output, &told, &rows)
    }

    /// Asks for a code, shows it, and waits until somebody has confirmed it.
    async fn confirmed(&self, client: &Client) -> Result<(Profile, Value)> {
        let started = client.oauth("device_authorization", &[("scope", SCOPE)]).await?;
        let started = started.map_err(crate::client::Refused::into_failure)?;
        let text = |name: &str| {
            let text = started[name].as_str();
            text.with_context(|| format!("the server answered without {name}"))
        };
        let (page, code) = (text("verification_uri")?, text("user_code")?);
        eprintln!("Open {}\nand enter the code {}", printable(page), printable(code));
        if self.open {
            let whole = started["verification_uri_complete"].as_str().unwrap_or(page);
            open(whole).unwrap_or_else(|error| eprintln!("No browser was opened: {error:#}"));
        }
        let waiting = ProgressBar::new_spinner().with_message("waiting for the confirmation");
        waiting.enable_steady_tick(Duration::from_millis(120));
        let tokens = poll(client, &started).await;
        waiting.finish_and_clear();
        let profile = keep(client.address().clone(), &tokens?)?;
        let me = client.api(&profile.token, (Method::GET, "me"), &[], None).await?;
        Ok((profile, me.map_err(crate::client::Refused::into_failure)?))
    }
}

/// Asks until there is an answer, no more often than the server wants to be asked.
async fn poll(client: &Client, started: &Value) -> Result<Value> {
    let device_code = started["device_code"].as_str().context("the server answered without device_code")?;
    let seconds = started["expires_in"].as_u64().unwrap_or(600);
    let end = Instant::now() + Duration::from_secs(seconds.min(3_600));
    let mut interval = started["interval"].as_u64().unwrap_or(5).clamp(1, 60);
    let form = [("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", device_code)];
    while Instant::now() < end {
        sleep(Duration::from_secs(interval)).await;
        let refused = match client.oauth("token", &form).await {
            Ok(Ok(tokens)) => return Ok(tokens),
            Ok(Err(refused)) => refused,
            // The server may be restarting; the code outlives that.
            Err(error) if matches!(error.downcast_ref(), Some(Failure::Unavailable(_))) => {
                interval += SLOWER;
                continue;
            }
            Err(error) => return Err(error),
        };
        match refused.word.as_str() {
            "authorization_pending" => {}
            "slow_down" => interval += SLOWER,
            "access_denied" => bail!(Failure::Refused("the login was denied".to_owned())),
            "expired_token" => break,
            _ => bail!(refused.into_failure()),
        }
    }
    bail!(Failure::Refused("nobody confirmed the code in time: log in again".to_owned()))
}

/// Hands a web address to the desktop.
fn open(address: &str) -> Result<()> {
    let url = Url::parse(address)?;
    anyhow::ensure!(matches!(url.scheme(), "http" | "https"), "the server named no web address");
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = std::process::Command::new(program);
    command.arg(url.as_str()).stdin(std::process::Stdio::null());
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    command.spawn().with_context(|| program.to_owned())?;
    Ok(())
}

impl Logout {
    pub(crate) async fn run(&self) -> Result<()> {
        let Terms { profile: name, output } = &self.terms;
        let profiles = Profiles::of_user()?;
        let locked = profiles.lock().await?;
        let Some(profile) = locked.read(name)? else {
            bail!(Failure::LoggedOut(format!("there is no profile {name}")))
        };
        let ended = end(&profile).await;
        if let (Err(error), false) = (&ended, self.force) {
            bail!(Failure::Unavailable(format!(
                "{error:#}; the profile is kept, since its login still counts (--force forgets it all the same)"
            )));
        }
        locked.forget(name)?;
        let ended = ended.unwrap_or(false);
        let told = json!({"profile": name.to_string(), "url": profile.url.as_str(), "revoked": ended});
        let word = if ended { "logged out" } else { "forgotten" };
        print_rows(*output, &told, &[vec![word.to_owned(), name.to_string()]])
    }
}

/// Ends a login at the server. Whether there was one: a token that somebody wrote into the file is left as it is.
async fn end(profile: &Profile) -> Result<bool> {
    let Some(refresh_token) = &profile.refresh_token else { return Ok(false) };
    let client = Client::new(profile.url.clone())?;
    let ended = client.oauth("revoke", &[("token", refresh_token)]).await?;
    ended.map(|_| true).map_err(|refused| refused.into_failure().into())
}
