//! `tenantry load`: a database full of a synthetic estate, for benchmarks and trials.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tenantry_core::clock::Clock;
use tenantry_store::{Size, Sources, TokenHolder};

use crate::config::Config;
use crate::world::{SystemClock, SystemEntropy, SystemIds};

/// How large the estate is, and where its tokens go.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct Load {
    /// Organizations; one in a hundred is big
    #[arg(long, value_name = "N", default_value_t = 1000)]
    organizations: u64,
    /// Workspaces in all of them
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    workspaces: u64,
    /// People in all of them
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    users: u64,
    /// Roles of people in workspaces
    #[arg(long, value_name = "N", default_value_t = 500_000)]
    memberships: u64,
    /// How many people get a token: the owner of each organization first, then its members
    #[arg(long, value_name = "N", default_value_t = 0)]
    tokens: u64,
    /// Write the tokens to this file, which may not exist: organization, its workspaces, user, owner or member, and
    /// token, by tabs
    #[arg(long, value_name = "FILE")]
    tokens_file: Option<PathBuf>,
}

/// Fills the configured database, which may have no organization yet.
pub async fn load(config: &Config, load: &Load) -> Result<()> {
    if load.tokens > 0 && load.tokens_file.is_none() {
        bail!("tokens-file: needed with --tokens, since tokens cannot be shown again");
    }
    let file = load.tokens_file.as_deref().map(private_file).transpose()?;
    config.data_dir()?;
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} organizations, {eta} left")?;
    let bar = ProgressBar::new(load.organizations).with_style(style);
    let shown = bar.clone();
    let size = Size {
        organizations: load.organizations,
        workspaces: load.workspaces,
        users: load.users,
        memberships: load.memberships,
        tokens: load.tokens,
    };
    let sources = Sources {
        ids: Arc::new(SystemIds),
        entropy: Arc::new(SystemEntropy),
        now: SystemClock.now(),
        progress: Arc::new(move |done| shown.set_position(done)),
    };
    let begin = std::time::Instant::now();
    let holders = tenantry_store::load(&config.database()?, size, sources).await;
    let holders = holders.map_err(|error| anyhow::anyhow!("{}", error.public().to_owned()))?;
    bar.finish_and_clear();
    if let Some(mut file) = file {
        for holder in &holders {
            let secret = holder.secret.expose();
            let role = if holder.is_owner { "owner" } else { "member" };
            let TokenHolder { organization, workspaces, user, .. } = holder;
            writeln!(file, "{organization}\t{workspaces}\t{user}\t{role}\t{secret}")?;
        }
        file.flush().context("tokens-file")?;
    }
    let _ = writeln!(
        std::io::stderr(),
        "{} organizations, {} workspaces, {} users, {} memberships in {:.1} s",
        load.organizations,
        load.workspaces,
        load.users,
        load.memberships,
        begin.elapsed().as_secs_f64()
    );
    Ok(())
}

fn private_file(path: &std::path::Path) -> Result<std::io::BufWriter<std::fs::File>> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).with_context(|| format!("tokens-file: cannot make {}", path.display()))?;
    Ok(std::io::BufWriter::new(file))
}
