//! `tenantry init`: the first administrator of a server, and an organization if one is asked for.

use std::io::{self, Write};
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::{Value, json};
use tenantry_cli::output::print;
use tenantry_core::Core;
use tenantry_core::caller::Caller;
use tenantry_core::credential::Issued;
use tenantry_core::link::LinkKind;
use tenantry_core::organization::{NewOrganization, Organization, checked_name};
use tenantry_core::principal::{NewUser, Principal};
use tenantry_http::{Limits, Served};

use crate::config::Config;
use crate::keys::MasterKey;
use crate::output::Format;
use crate::serve::open_core;
use crate::world::SystemEntropy;

/// What the first administrator is called.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct Init {
    /// E-mail address of the administrator
    #[arg(long)]
    email: String,
    /// What the administrator is called
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Also make an organization of this name, owned by the administrator
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,
    /// How the token and the rest are told
    #[arg(long, value_enum, default_value = "text")]
    output: Format,
}

/// Makes them, and tells the token once, whatever becomes of the organization.
pub async fn init(config: &Config, init: &Init) -> Result<()> {
    if let Some(name) = &init.organization {
        checked_name(name).map_err(|error| anyhow::anyhow!("organization: {}", error.public()))?;
    }
    config.data_dir()?;
    let key = MasterKey::of(config, &SystemEntropy)?;
    let core = open_core(&config.database()?, config.settings(), &key).await?;
    let new = NewUser { email: init.email.clone(), display_name: init.name.clone(), ..NewUser::default() };
    let (user, token) = match core.initialize_server(new).await {
        Ok(made) => made,
        Err(error) => bail!("{}", error.public().to_owned()),
    };
    let caller = core.authenticate(token.secret.expose()).await.map_err(anyhow::Error::msg)?;
    let organization = match &init.organization {
        None => Ok(None),
        Some(name) => make_organization(&core, &caller, name).await.map(Some),
    };
    let link = password_link(&core, &caller, &config.public_url(config.listen)).await;
    let made = Made {
        user: &user,
        token: &token,
        link: link.as_ref().ok().and_then(Option::as_deref),
        organization: organization.as_ref().ok().and_then(Option::as_ref),
    };
    let told = print(|out| match init.output {
        Format::Text => made.text(out),
        Format::Json => writeln!(out, "{}", made.document()),
    });
    organization.and(link).and(told)
}

async fn make_organization(core: &Core, caller: &Caller, name: &str) -> Result<Organization> {
    let new = NewOrganization { name: name.to_owned(), ..NewOrganization::default() };
    let made = core.create_organization(caller, new).await;
    made.map_err(|error| anyhow::anyhow!("the organization was not made: {}", error.public()))
}

/// Where the administrator chooses a password to sign in with in a browser; none where it goes by mail.
async fn password_link(core: &Arc<Core>, caller: &Caller, public_url: &str) -> Result<Option<String>> {
    let sent = core.send_activation(caller, caller.principal, None).await;
    let (_, secret) =
        sent.map_err(|error| anyhow::anyhow!("the link for the password was not made: {}", error.public()))?;
    let served = Served::new(Arc::clone(core), public_url, Limits::default());
    Ok(secret.map(|secret| served.link(LinkKind::Activation, secret.expose())))
}

/// What was made, to be told once.
struct Made<'a> {
    user: &'a Principal,
    token: &'a Issued,
    link: Option<&'a str>,
    organization: Option<&'a Organization>,
}

impl Made<'_> {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "administrator  {}", self.user.username)?;
        writeln!(out, "token          {}", self.token.secret.expose())?;
        writeln!(out, "               keep it: it is not shown again")?;
        match self.link {
            Some(link) => writeln!(
                out,
                "password       {link}\n               chooses one, once, when the server runs"
            )?,
            None => writeln!(out, "password       a link to choose one goes by mail when the server runs")?,
        }
        match self.organization {
            Some(made) => writeln!(out, "organization   {} (key {}, id {})", made.name, made.key, made.id),
            None => Ok(()),
        }
    }

    fn document(&self) -> Value {
        let organization = self
            .organization
            .map(|made| json!({"id": made.id.to_string(), "key": made.key, "name": made.name}));
        json!({
            "administrator": {"id": self.user.id.to_string(), "username": self.user.username},
            "token": self.token.secret.expose(),
            "password_link": self.link,
            "organization": organization,
        })
    }
}
