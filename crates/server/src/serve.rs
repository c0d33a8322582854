//! Running a server: the store, the core, the listeners, the background work, and a graceful end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tenantry_api_aip::PageTokens;
use tenantry_core::clock::Clock;
use tenantry_core::settings::Settings;
use tenantry_core::{Core, Kind, Parts};
use tenantry_http::{Observer, Served};
use tenantry_outbound::{OpenIdIssuers, WorkspaceServers};
use tenantry_store::Database;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::connections::{self, ConnectionLimits};
use crate::keys::MasterKey;
use crate::mail::deliver;
use crate::passwords::Argon;
use crate::router::{Beside, router};
use crate::seal::KeyedSeal;
use crate::sweep::sweep;
use crate::world::{SystemClock, SystemEntropy, SystemIds};

/// A core over the database, with the machine's clock and chance. A database that was written with another master key is
/// refused.
pub async fn open_core(database: &Database, settings: Settings, key: &MasterKey) -> Result<Arc<Core>> {
    open_core_at(database, settings, key, Arc::new(SystemClock)).await
}

/// The same with a clock of one's own.
pub async fn open_core_at(
    database: &Database,
    settings: Settings,
    key: &MasterKey,
    clock: Arc<dyn Clock>,
) -> Result<Arc<Core>> {
    let opened = tenantry_store::open(database, SystemClock.now()).await;
    let store = opened.context("the database")?;
    let core = Core::new(Parts {
        store,
        clock,
        ids: Arc::new(SystemIds),
        entropy: Arc::new(SystemEntropy),
        passwords: Arc::new(Argon::start().context("threads to hash passwords")?),
        seal: Arc::new(KeyedSeal::new(key)),
        issuers: Arc::new(OpenIdIssuers::new(&settings).context("the client for external issuers")?),
        servers: Arc::new(WorkspaceServers::new(&settings).context("the client for servers of workspaces")?),
        settings,
    });
    core.require_own_seal().await.map_err(|error| match error.kind {
        Kind::Precondition => anyhow::anyhow!("secret_key: {}", error.public()),
        _ => error.into(),
    })?;
    Ok(Arc::new(core))
}

/// Everything that is served. What lies `beside` the dialects is served under the same request ids and access log.
pub fn app(served: Served, key: &MasterKey, beside: Beside) -> axum::Router {
    let page_tokens = PageTokens::new(key.derive("page tokens"));
    let core = Arc::clone(&served.core);
    let proxies = served.proxies.clone();
    let observer = Observer { clock: Arc::new(SystemClock), ids: Arc::new(SystemIds), core, proxies };
    router(served, page_tokens, observer, beside)
}

/// `tenantry serve`: until SIGTERM or Ctrl-C.
pub async fn serve(config: &Config) -> Result<()> {
    let database = config.database()?;
    if let Database::Sqlite(file) = &database
        && file.starts_with(config.data_dir()?)
    {
        tracing::debug!(file = %file.display(), "embedded database");
    }
    let key = MasterKey::of(config, &SystemEntropy)?;
    let core = open_core(&database, config.settings(), &key).await?;
    let listener = listen(config.listen).await?;
    let bound = listener.local_addr()?;
    let static_answers = config.static_answers.as_deref().map(crate::static_answers::router).transpose()?;
    let routes = static_answers.unwrap_or_default();
    let beside = Beside { routes, zenml_prefix: config.zenml_prefix()? };
    let served = Served::new(Arc::clone(&core), &config.public_url(bound), config.limits());
    let served = served.behind(config.trusted_proxies()?);
    let stop = CancellationToken::new();
    if let Some(server) = config.mail_server()? {
        tokio::spawn(deliver(served.clone(), server, stop.clone()));
    }
    let app = app(served, &key, beside);
    if let Some(address) = config.metrics_listen {
        let metrics = crate::metrics::router()?;
        let listener = listen(address).await?;
        let limits = ConnectionLimits { drain: Duration::ZERO, ..config.connections() };
        tokio::spawn(connections::serve(listener, metrics, limits, stop.clone()));
    }
    tracing::info!(address = %bound, "serving");
    tokio::spawn(cancel_on_signal(stop.clone()));
    run_core(listener, app, core, config.connections(), stop).await
}

/// Serves until `stop`, then lets requests end, writes down what is remembered, and closes the store.
pub async fn run_core(
    listener: TcpListener,
    app: axum::Router,
    core: Arc<Core>,
    limits: ConnectionLimits,
    stop: CancellationToken,
) -> Result<()> {
    let sweeping = tokio::spawn(sweep(Arc::clone(&core), stop.clone()));
    let served = CancellationToken::new();
    let background = tokio::spawn(write_down(core, served.clone()));
    connections::serve(listener, app, limits, stop).await;
    served.cancel();
    background.await.context("the background work")?;
    sweeping.await.context("the background work")?;
    tracing::info!("stopped");
    Ok(())
}

/// Listens, or says why that cannot be.
pub async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("listen: cannot serve on {address}"))
}

/// Cancels on SIGTERM or Ctrl-C.
pub async fn cancel_on_signal(stop: CancellationToken) {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminated) => tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            },
            Err(_) => drop(interrupted.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupted.await);
    tracing::info!("stopping: no new requests, the present ones may end");
    stop.cancel();
}

/// Writes down what requests leave behind, every ten seconds and once more when all are `served`.
async fn write_down(core: Arc<Core>, served: CancellationToken) {
    loop {
        let last = tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(10)) => false,
            () = served.cancelled() => true,
        };
        if let Err(error) = core.flush_uses().await {
            tracing::warn!(%error, "could not write down when credentials were used");
        }
        if let Err(error) = core.flush_denied(last).await {
            tracing::warn!(%error, "could not write down which attempts were denied");
        }
        if last {
            return;
        }
    }
}
