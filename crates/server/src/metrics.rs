//! Prometheus metrics, on an address of their own.

use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusBuilder;

/// Answers `GET /metrics`. Installs the recorder of the process, so it is called once, in a runtime.
pub(crate) fn router() -> Result<Router> {
    const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
    let builder = PrometheusBuilder::new().set_buckets(SECONDS).context("metrics_listen")?;
    let recorder = builder.install_recorder().context("metrics_listen")?;
    let upkeep = recorder.clone();
    tokio::spawn(async move {
        // Without it the recorder keeps every measurement until somebody asks.
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            upkeep.run_upkeep();
        }
    });
    Ok(Router::new().route("/metrics", get(async move || recorder.render())))
}
