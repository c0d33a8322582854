//! The configuration of a server: flags, then the environment (`TENANTRY_...`, for secrets also `TENANTRY_..._FILE`),
//! then a TOML file, in that order of strength.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tenantry_core::settings::{AddPeople, KeysForOthers, MayCreateOrganizations, Settings};
use tenantry_http::{Limits, TrustedProxies};
use tenantry_store::Database;
use url::Url;

use crate::connections::ConnectionLimits;
use crate::descriptors;
use crate::mail::MailServer;
use crate::prefix::ZenmlPrefix;

/// What can be said on the command line. Each flag has a variable of the same name: `--data-dir` is `TENANTRY_DATA_DIR`.
#[derive(Args, Clone, Debug, Default, Serialize)]
pub struct Flags {
    /// A TOML file with settings; the keys are the long names of the flags with `_` for `-`
    #[arg(long, value_name = "FILE", env = "TENANTRY_CONFIG")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Address to serve on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// Address to serve Prometheus metrics on; none are served without it
    #[arg(long, value_name = "ADDR:PORT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics_listen: Option<SocketAddr>,
    /// `sqlite://FILE` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE` [default: tenantry.db in the data directory]
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Where the embedded database and the secret key are kept [default: ./tenantry-data]
    #[arg(long, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// The address by which clients reach this server [default: http:// and the address served on]
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<Url>,
    /// Megabytes of list pages that are kept to be answered again while nothing has changed; 0 keeps none [default: 64]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_cache_mb: Option<u32>,
    /// Answer `/static-answers/NAME` with the bytes of each file NAME in the directory, for benchmarks
    #[arg(long, value_name = "DIR", hide = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub static_answers: Option<PathBuf>,
}

/// What a file, the environment and flags say together.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address to serve on.
    pub listen: SocketAddr,
    /// Address of the metrics.
    pub metrics_listen: Option<SocketAddr>,
    database: Option<SecretString>,
    data_dir: PathBuf,
    public_url: Option<Url>,
    /// Files whose bytes are answered as they are, for benchmarks.
    pub static_answers: Option<PathBuf>,
    secret_key: Option<SecretString>,
    allow_insecure_public_url: bool,
    postgres_connections: usize,
    page_cache_mb: u32,
    may_create_organizations: Creators,
    organizations_per_owner: Option<u64>,
    enrolled_per_organization: Option<u64>,
    add_people: Adding,
    keys_for_others: KeyMakers,
    mail_url: Option<SecretString>,
    mail_from: Option<String>,
    trusted_proxies: String,
    zenml_prefix: Option<String>,
    outbound_allow: String,
    requests_per_minute: u32,
    invitation_days: u32,
    token_days: u32,
    service_key_days: u32,
    access_token_minutes: u32,
    refresh_token_days: u32,
    authorization_days: u32,
    session_idle_minutes: u32,
    session_days: u32,
    signing_key_days: u32,
    retention_days: u32,
    server_silence_minutes: Option<u32>,
    max_connections: usize,
    header_seconds: u64,
    drain_seconds: u64,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Creators {
    Everyone,
    Administrators,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Adding {
    Invite,
    Known,
    Provision,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum KeyMakers {
    Nobody,
    Administrators,
}

#[derive(Serialize)]
struct Defaults {
    listen: SocketAddr,
    data_dir: &'static str,
    allow_insecure_public_url: bool,
    postgres_connections: usize,
    page_cache_mb: u32,
    may_create_organizations: Creators,
    add_people: Adding,
    keys_for_others: KeyMakers,
    trusted_proxies: &'static str,
    outbound_allow: &'static str,
    requests_per_minute: u32,
    invitation_days: u32,
    token_days: u32,
    service_key_days: u32,
    access_token_minutes: u32,
    refresh_token_days: u32,
    authorization_days: u32,
    session_idle_minutes: u32,
    session_days: u32,
    signing_key_days: u32,
    retention_days: u32,
    max_connections: usize,
    header_seconds: u64,
    drain_seconds: u64,
}

/// The settings that are texts, whatever they look like.
const TEXTS: [&str; 14] = [
    "add_people",
    "data_dir",
    "database",
    "keys_for_others",
    "listen",
    "mail_from",
    "mail_url",
    "may_create_organizations",
    "metrics_listen",
    "outbound_allow",
    "public_url",
    "secret_key",
    "trusted_proxies",
    "zenml_prefix",
];

/// The settings that may be in a file of their own.
const SECRETS: [&str; 3] = ["database", "mail_url", "secret_key"];

/// Variables that are no settings of a server: two are read before them, the rest is the remote command line's.
const OF_OTHERS: [&str; 5] = ["config", "log", "profile", "token", "url"];

impl Config {
    /// Reads everything, weakest first, and refuses what cannot be served safely, naming the setting.
    pub fn read(flags: &Flags) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let connections = ConnectionLimits::default();
        let defaults = Defaults {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data_dir: "tenantry-data",
            allow_insecure_public_url: false,
            postgres_connections: 4 * cores,
            page_cache_mb: 64,
            may_create_organizations: Creators::Everyone,
            add_people: Adding::Invite,
            keys_for_others: KeyMakers::Nobody,
            trusted_proxies: "",
            outbound_allow: "",
            requests_per_minute: 0,
            invitation_days: 7,
            token_days: 365,
            service_key_days: 0,
            access_token_minutes: 60,
            refresh_token_days: 30,
            authorization_days: 180,
            session_idle_minutes: 12 * 60,
            session_days: 7,
            signing_key_days: 30,
            retention_days: 30,
            max_connections: connections.connections,
            header_seconds: connections.header.as_secs(),
            drain_seconds: connections.drain.as_secs(),
        };
        let mut figment = Figment::from(Serialized::defaults(defaults));
        if let Some(file) = &flags.config {
            if !file.is_file() {
                bail!("config: there is no file {}", file.display());
            }
            figment = figment.merge(Toml::file_exact(file));
        }
        let environment = Env::prefixed("TENANTRY_").filter(|name| is_setting(name.as_str()));
        // A variable is read as TOML, in which a directory called 2024 would be a number.
        for (name, text) in environment.clone().only(&TEXTS).iter() {
            figment = figment.merge((name.as_str().to_ascii_lowercase(), text));
        }
        figment = figment.merge(environment.ignore(&TEXTS));
        for secret in SECRETS {
            if let Some(text) = secret_from_file(secret)? {
                figment = figment.merge(Serialized::default(secret, text));
            }
        }
        let config: Self = figment.merge(Serialized::defaults(flags)).extract().map_err(unread)?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        let insecure = match &self.public_url {
            None if !self.listen.ip().is_loopback() => {
                bail!("public_url: needed when listen ({}) is not a loopback address", self.listen)
            }
            None => false,
            Some(url) if !matches!(url.scheme(), "http" | "https") => {
                bail!("public_url: expected http or https")
            }
            Some(url) => url.scheme() == "http" && !is_loopback(url),
        };
        if insecure && !self.allow_insecure_public_url {
            bail!(
                "public_url: credentials would travel in the clear; use https, or set allow_insecure_public_url"
            );
        }
        if self.postgres_connections < 2 {
            bail!("postgres_connections: expected at least 2");
        }
        if self.max_connections == 0 {
            bail!("max_connections: expected at least 1");
        }
        for (name, value) in [
            ("invitation_days", self.invitation_days),
            ("token_days", self.token_days),
            ("access_token_minutes", self.access_token_minutes),
            ("refresh_token_days", self.refresh_token_days),
            ("authorization_days", self.authorization_days),
            ("session_idle_minutes", self.session_idle_minutes),
            ("session_days", self.session_days),
            ("signing_key_days", self.signing_key_days),
        ] {
            if value == 0 {
                bail!("{name}: expected at least 1");
            }
        }
        if self.access_token_minutes > 24 * 60 {
            // What is signed counts as long, and its key is published no longer.
            bail!("access_token_minutes: expected at most 1440");
        }
        if self.header_seconds == 0 {
            bail!("header_seconds: expected at least 1");
        }
        self.mail_server()?;
        self.trusted_proxies()?;
        self.outbound_allow()?;
        self.zenml_prefix()?;
        if matches!(self.database()?, Database::Postgres { .. }) && self.secret_key.is_none() {
            bail!(
                "secret_key: needed with PostgreSQL, the same for every replica (TENANTRY_SECRET_KEY or _FILE)"
            );
        }
        Ok(())
    }

    /// Where the data are kept.
    pub fn database(&self) -> Result<Database> {
        let Some(url) = &self.database else {
            return Ok(Database::Sqlite(self.data_dir.join("tenantry.db")));
        };
        let url = url.expose_secret();
        if let Some(file) = url.strip_prefix("sqlite://") {
            return Ok(Database::Sqlite(PathBuf::from(file)));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Database::Postgres { url: url.to_owned(), connections: self.postgres_connections });
        }
        bail!("database: expected sqlite://FILE or postgres://...")
    }

    /// The address by which clients reach the server that listens on `bound`.
    pub fn public_url(&self, bound: SocketAddr) -> String {
        self.public_url.as_ref().map_or_else(|| format!("http://{bound}"), ToString::to_string)
    }

    /// The data directory, made if it is not there.
    pub fn data_dir(&self) -> Result<&Path> {
        let dir = &self.data_dir;
        std::fs::create_dir_all(dir).with_context(|| format!("data_dir: cannot make {}", dir.display()))?;
        Ok(dir)
    }

    /// The master key that was given; none for an embedded database, which keeps its own.
    pub const fn secret_key(&self) -> Option<&SecretString> {
        self.secret_key.as_ref()
    }

    /// The mail server; without one, links are shown to who makes them.
    pub fn mail_server(&self) -> Result<Option<MailServer>> {
        match (&self.mail_url, &self.mail_from) {
            (None, None) => Ok(None),
            (Some(url), Some(from)) => MailServer::new(url.expose_secret(), from).map(Some),
            (Some(_), None) => bail!("mail_from: needed with mail_url"),
            (None, Some(_)) => bail!("mail_url: needed with mail_from"),
        }
    }

    /// Whose word on where requests come from is taken.
    pub fn trusted_proxies(&self) -> Result<TrustedProxies> {
        self.trusted_proxies.parse().map_err(|expected| anyhow::anyhow!("trusted_proxies: {expected}"))
    }

    /// Where the ZenML dialect is answered a second time.
    pub fn zenml_prefix(&self) -> Result<Option<ZenmlPrefix>> {
        let prefix = self.zenml_prefix.as_deref().filter(|text| !text.is_empty());
        let prefix = prefix.map(ZenmlPrefix::parse).transpose();
        prefix.map_err(|expected| anyhow::anyhow!("zenml_prefix: {expected}"))
    }

    /// The origins that the server may ask wherever they lead.
    fn outbound_allow(&self) -> Result<Vec<String>> {
        let texts = self.outbound_allow.split(',').map(str::trim).filter(|text| !text.is_empty());
        let origins = texts.map(|text| {
            let origin = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            let origin = origin.map(|url| url.origin().ascii_serialization());
            origin.filter(|origin| origin == text).with_context(|| {
                format!("outbound_allow: expected origins such as https://id.internal:8443, got {text}")
            })
        });
        origins.collect()
    }

    /// How much is read of a request and remembered of answers.
    pub fn limits(&self) -> Limits {
        Limits {
            page_bytes: u64::from(self.page_cache_mb) * 1024 * 1024,
            requests_per_minute: self.requests_per_minute,
            ..Limits::default()
        }
    }

    /// What a listener gives to those who connect, as far as the process may have files open.
    pub fn connections(&self) -> ConnectionLimits {
        ConnectionLimits {
            connections: descriptors::make_room(self.max_connections),
            header: Duration::from_secs(self.header_seconds),
            drain: Duration::from_secs(self.drain_seconds),
            ..ConnectionLimits::default()
        }
    }

    /// What people may do.
    pub fn settings(&self) -> Settings {
        const DAY: i64 = 24 * 60 * 60;
        Settings {
            may_create_organizations: match self.may_create_organizations {
                Creators::Everyone => MayCreateOrganizations::Everyone,
                Creators::Administrators => MayCreateOrganizations::Administrators,
            },
            organizations_per_owner: self.organizations_per_owner,
            enrolled_per_organization: self.enrolled_per_organization,
            add_people: match self.add_people {
                Adding::Invite => AddPeople::Invite,
                Adding::Known => AddPeople::Known,
                Adding::Provision => AddPeople::Provision,
            },
            keys_for_others: match self.keys_for_others {
                KeyMakers::Nobody => KeysForOthers::Nobody,
                KeyMakers::Administrators => KeysForOthers::Administrators,
            },
            mail: self.mail_url.is_some(),
            invitation_seconds: i64::from(self.invitation_days) * DAY,
            token_seconds: i64::from(self.token_days) * DAY,
            service_key_seconds: (self.service_key_days > 0).then(|| i64::from(self.service_key_days) * DAY),
            access_token_seconds: i64::from(self.access_token_minutes) * 60,
            refresh_token_seconds: i64::from(self.refresh_token_days) * DAY,
            authorization_seconds: i64::from(self.authorization_days) * DAY,
            session_idle_seconds: i64::from(self.session_idle_minutes) * 60,
            session_seconds: i64::from(self.session_days) * DAY,
            signing_key_seconds: i64::from(self.signing_key_days) * DAY,
            retention_seconds: i64::from(self.retention_days) * DAY,
            server_silence_seconds: Some(self.server_silence_minutes.map_or(DAY, |it| i64::from(it) * 60))
                .filter(|seconds| *seconds > 0),
            unasked_servers_fail: self.server_silence_minutes.is_some(),
            // What is malformed was refused when the settings were read.
            outbound_allow: self.outbound_allow().unwrap_or_default(),
        }
    }
}

/// Whether a variable is a setting, by its name behind `TENANTRY_`.
fn is_setting(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // Kubernetes gives these to every container beside a service of our name.
    let of_a_service = ["port", "service_host", "service_port"].contains(&&*name)
        || ["port_", "service_port_"].iter().any(|start| name.starts_with(start));
    let of_a_file = name.strip_suffix("_file").is_some_and(|name| SECRETS.contains(&name));
    !of_a_service && !of_a_file && !OF_OTHERS.contains(&&*name)
}

/// Why the configuration cannot be read, without what stands in it: that may be a secret.
fn unread(error: figment::Error) -> anyhow::Error {
    let told = |error: figment::Error| match error.path.last() {
        Some(key) if SECRETS.contains(&key.as_str()) => format!("{key}: expected text"),
        _ => {
            let text = error.to_string();
            // The reader shows the line below its place.
            let place = text.lines().next().unwrap_or_default().to_owned();
            if text.lines().nth(1).is_some() {
                format!("{place}: expected TOML, texts in quotes")
            } else {
                text
            }
        }
    };
    let told: Vec<_> = error.into_iter().map(told).collect();
    anyhow::anyhow!("the configuration: {}", told.join("; "))
}

fn secret_from_file(name: &str) -> Result<Option<String>> {
    let variable = format!("TENANTRY_{}_FILE", name.to_ascii_uppercase());
    let Some(file) = std::env::var_os(&variable) else { return Ok(None) };
    let text = std::fs::read_to_string(&file).with_context(|| format!("{variable}: cannot read its file"))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_not_shown() {
        for text in [
            "secret_key = hunter2hunter2",
            "secret_key = \"hunter2",
            "database = \"postgres://u:hunter2@h/db\" token_days = 3",
            "secret_key = [\"hunter2\"]",
            "mail_url = { hunter2 = 1 }",
        ] {
            let error = Figment::from(Toml::string(text)).extract::<Config>().unwrap_err();
            let told = unread(error).to_string();
            assert!(!told.contains("hunter2"), "{told}");
            assert!(told.contains("TOML") || told.contains("expected text"), "{told}");
        }
        let error = Figment::from(Toml::string("token_days = \"many\"")).extract::<Config>().unwrap_err();
        assert!(unread(error).to_string().contains("token_days"));
    }

    /// A variable that is taken for somebody else's is passed over in silence.
    #[test]
    fn every_setting_is_read_from_its_variable() {
        let error = Figment::from(("nothing", 1)).extract::<Config>().unwrap_err();
        let figment::error::Kind::UnknownField(_, settings) = error.kind else { panic!("{error}") };
        assert!(settings.contains(&"service_key_days") && settings.len() > 30);
        for name in settings {
            assert!(is_setting(&name.to_ascii_uppercase()), "{name}");
        }
        assert!(TEXTS.iter().chain(&SECRETS).all(|name| settings.contains(name)));
        let others = ["PORT", "PORT_80_TCP_ADDR", "SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "LOG"];
        for name in others.into_iter().chain(["SECRET_KEY_FILE"]) {
            assert!(!is_setting(name), "{name}");
        }
    }
}
