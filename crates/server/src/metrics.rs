//! Prometheus metrics, on an address of their own.

use anyhow::{Context, Result};
use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusBuilder;

/// Answers `GET /metrics`. Installs the recorder of the process, so it is called once.
pub(crate) fn router() -> Result<Router> {
    let recorder = PrometheusBuilder::new().install_recorder().context("metrics_listen")?;
    Ok(Router::new().route("/metrics", get(async move || recorder.render())))
}
