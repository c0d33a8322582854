//! `tenantry init`: the first administrator of a server, and an organization if one is asked for.

use anyhow::{Result, bail};
use clap::Args;
use tenantry_core::organization::{NewOrganization, checked_name};
use tenantry_core::principal::NewUser;

use crate::config::Config;
use crate::output;
use crate::serve::open_core;

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
}

/// Makes them, and prints the token once.
pub async fn init(config: &Config, init: &Init) -> Result<()> {
    if let Some(name) = &init.organization {
        checked_name(name).map_err(|error| anyhow::anyhow!("organization: {}", error.public()))?;
    }
    config.data_dir()?;
    let core = open_core(&config.database()?, config.settings()).await?;
    let new = NewUser { email: init.email.clone(), display_name: init.name.clone(), ..NewUser::default() };
    let (user, token) = match core.initialize_server(new).await {
        Ok(made) => made,
        Err(error) => bail!("{}", error.public().to_owned()),
    };
    let told = output::print(|out| {
        writeln!(out, "administrator  {}", user.username)?;
        writeln!(out, "token          {}", token.secret.expose())?;
        writeln!(out, "               keep it: it is not shown again")
    });
    let Some(name) = &init.organization else { return told };
    let caller = core.authenticate(token.secret.expose()).await.map_err(anyhow::Error::msg)?;
    let new = NewOrganization { name: name.clone(), ..NewOrganization::default() };
    let made = core.create_organization(&caller, new).await;
    let made = made.map_err(|error| anyhow::anyhow!("the organization was not made: {}", error.public()))?;
    told?;
    output::print(|out| writeln!(out, "organization   {} (key {}, id {})", made.name, made.key, made.id))
}
