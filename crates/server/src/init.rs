//! `tenantry init`: the first administrator of a server, and an organization if one is asked for.

use std::io::{self, Write};

use anyhow::{Result, bail};
use clap::Args;
use serde_json::{Value, json};
use tenantry_cli::output::print;
use tenantry_core::Core;
use tenantry_core::credential::Issued;
use tenantry_core::organization::{NewOrganization, Organization, checked_name};
use tenantry_core::principal::{NewUser, Principal};

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
    let organization = match &init.organization {
        None => Ok(None),
        Some(name) => make_organization(&core, &token, name).await.map(Some),
    };
    let made = organization.as_ref().ok().and_then(Option::as_ref);
    let told = print(|out| match init.output {
        Format::Text => text(out, &user, &token, made),
        Format::Json => writeln!(out, "{}", document(&user, &token, made)),
    });
    organization.and(told)
}

async fn make_organization(core: &Core, token: &Issued, name: &str) -> Result<Organization> {
    let caller = core.authenticate(token.secret.expose()).await.map_err(anyhow::Error::msg)?;
    let new = NewOrganization { name: name.to_owned(), ..NewOrganization::default() };
    let made = core.create_organization(&caller, new).await;
    made.map_err(|error| anyhow::anyhow!("the organization was not made: {}", error.public()))
}

fn text(
    out: &mut dyn Write,
    user: &Principal,
    token: &Issued,
    organization: Option<&Organization>,
) -> io::Result<()> {
    writeln!(out, "administrator  {}", user.username)?;
    writeln!(out, "token          {}", token.secret.expose())?;
    writeln!(out, "               keep it: it is not shown again")?;
    match organization {
        Some(made) => writeln!(out, "organization   {} (key {}, id {})", made.name, made.key, made.id),
        None => Ok(()),
    }
}

fn document(user: &Principal, token: &Issued, organization: Option<&Organization>) -> Value {
    let organization =
        organization.map(|made| json!({"id": made.id.to_string(), "key": made.key, "name": made.name}));
    json!({
        "administrator": {"id": user.id.to_string(), "username": user.username},
        "token": token.secret.expose(),
        "organization": organization,
    })
}
