//! Measuring a path: slices of time in which it is asked take turns with slices of what it is held against, so that
//! whatever else the machine does troubles both alike.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;
use tokio::runtime::Runtime;

use super::client::{Clients, Request, Slice};
use super::paths::{Against, Path};
use super::postgres::Postgres;
use super::server::Server;

const SLICE: Duration = Duration::from_secs(1);
const WARM_UP: Duration = Duration::from_millis(300);

/// What was measured of a path.
#[derive(Clone, Serialize)]
pub(super) struct Figures {
    pub(super) requests_per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// CPU time of the server for each request.
    pub(super) cpu_micros: f64,
    /// CPU time of the PostgreSQL server for each request.
    pub(super) database_cpu_micros: Option<f64>,
    /// Requests in a second, as a multiple of what the path is held against: the median of the slices and their range.
    pub(super) ratio: f64,
    pub(super) ratio_least: f64,
    pub(super) ratio_most: f64,
    /// CPU time of what the path is held against, as a multiple of the path's.
    pub(super) cpu_ratio: f64,
}

/// A server under measurement, and the database server behind it.
pub(super) struct Stand<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) server: &'a Server,
    pub(super) postgres: Option<&'a Postgres>,
}

/// One of the two that take turns.
struct Side {
    clients: Clients,
    requests: Arc<[Request]>,
    slices: Vec<Slice>,
    cpu_micros: u64,
    database_cpu_micros: u64,
}

impl Stand<'_> {
    /// Measures the path for so many seconds, and what it is held against for as many.
    pub(super) fn measure(&self, path: &Path, seconds: u32) -> Result<Figures> {
        let mut ours = self.side(path.clients(), &path.requests)?;
        let mut other = match &path.against {
            Against::Static(requests) => self.side(path.clients(), requests)?,
            Against::OneClient => self.side(1, &path.requests)?,
        };
        for side in [&mut ours, &mut other] {
            side.clients.run(self.runtime, &side.requests, WARM_UP)?;
        }
        for _ in 0..seconds {
            self.slice(&mut ours)?;
            self.slice(&mut other)?;
        }
        figures(&ours, &other, self.postgres.is_some()).context("nothing was answered in time")
    }

    fn side(&self, count: usize, requests: &Arc<[Request]>) -> Result<Side> {
        let clients = Clients::open(self.runtime, self.server.address, count)?;
        let requests = Arc::clone(requests);
        Ok(Side { clients, requests, slices: Vec::new(), cpu_micros: 0, database_cpu_micros: 0 })
    }

    fn slice(&self, side: &mut Side) -> Result<()> {
        let before = self.meters()?;
        side.slices.push(side.clients.run(self.runtime, &side.requests, SLICE)?);
        let after = self.meters()?;
        side.cpu_micros += after.0 - before.0;
        side.database_cpu_micros += after.1.saturating_sub(before.1);
        Ok(())
    }

    fn meters(&self) -> Result<(u64, u64)> {
        let database = self.postgres.map_or(Ok(0), Postgres::cpu_micros)?;
        Ok((self.server.cpu_micros()?, database))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a few seconds are far below 2^52")]
fn figures(ours: &Side, other: &Side, has_database: bool) -> Option<Figures> {
    let answered = |side: &Side| side.slices.iter().map(|slice| slice.took.len()).sum::<usize>() as f64;
    let rate = |slice: &Slice| slice.took.len() as f64 / slice.seconds;
    let mut took: Vec<u32> = ours.slices.iter().flat_map(|slice| slice.took.iter().copied()).collect();
    took.sort_unstable();
    let at = |percent: usize| took.get(took.len() * percent / 100).map(|micros| f64::from(*micros) / 1e3);
    let mut ratios: Vec<f64> =
        ours.slices.iter().zip(&other.slices).map(|(ours, other)| rate(ours) / rate(other)).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    let cpu_micros = ours.cpu_micros as f64 / answered(ours);
    Some(Figures {
        requests_per_second: answered(ours) / ours.slices.iter().map(|slice| slice.seconds).sum::<f64>(),
        p50_ms: at(50)?,
        p99_ms: at(99)?,
        cpu_micros,
        database_cpu_micros: has_database.then(|| ours.database_cpu_micros as f64 / answered(ours)),
        ratio: *ratios.get(ratios.len() / 2)?,
        ratio_least: *ratios.first()?,
        ratio_most: *ratios.last()?,
        cpu_ratio: other.cpu_micros as f64 / answered(other) / cpu_micros,
    })
}
