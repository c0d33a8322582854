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
    /// How often the server wanted to be asked again later.
    pub(super) told_to_wait: usize,
    /// Of those who signed in meanwhile.
    pub(super) sign_ins: Option<SignIns>,
}

/// What became of sign-ins beside a path.
#[derive(Clone, Serialize)]
pub(super) struct SignIns {
    pub(super) per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) told_to_wait: usize,
}

/// A server under measurement, and the database server behind it.
pub(super) struct Stand<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) server: &'a Server,
    pub(super) postgres: Option<&'a Postgres>,
}

/// One of the two that take turns.
struct Side {
    asking: Asking,
    /// Who asks for something else meanwhile.
    beside: Option<Asking>,
    cpu_micros: u64,
    database_cpu_micros: u64,
}

/// Clients, what they ask for, and what they were answered.
struct Asking {
    clients: Clients,
    requests: Arc<[Request]>,
    slices: Vec<Slice>,
}

impl Asking {
    async fn slice(&mut self) -> Result<()> {
        self.slices.push(self.clients.run(&self.requests, SLICE).await?);
        Ok(())
    }

    fn answered(&self) -> usize {
        self.slices.iter().map(|slice| slice.took.len()).sum()
    }

    fn per_second(&self) -> f64 {
        count(self.answered()) / self.slices.iter().map(|slice| slice.seconds).sum::<f64>()
    }

    /// The milliseconds below which so many percent of the requests stayed.
    fn milliseconds<const N: usize>(&self, percents: [usize; N]) -> Option<[f64; N]> {
        let mut took: Vec<u32> = self.slices.iter().flat_map(|slice| slice.took.iter().copied()).collect();
        took.sort_unstable();
        let last = took.len().checked_sub(1)?;
        Some(percents.map(|percent| f64::from(took[(took.len() * percent / 100).min(last)]) / 1e3))
    }

    fn told_to_wait(&self) -> usize {
        self.slices.iter().map(|slice| slice.told_to_wait).sum()
    }
}

impl Stand<'_> {
    /// Measures the path for so many seconds, and what it is held against for as many.
    pub(super) fn measure(&self, path: &Path, seconds: u32) -> Result<Figures> {
        let clients = path.clients();
        let (mut ours, mut other) = match &path.against {
            Against::Static(requests) => (self.side(clients, &path.requests)?, self.side(clients, requests)?),
            Against::OneClient => (self.side(clients, &path.requests)?, self.side(1, &path.requests)?),
            Against::NoSignIns(sign_ins) => {
                let mut ours = self.side(clients, &path.requests)?;
                ours.beside = Some(self.asking(sign_ins.len(), sign_ins)?);
                (ours, self.side(clients, &path.requests)?)
            }
        };
        for Asking { clients, requests, .. } in [&mut ours.asking, &mut other.asking] {
            self.runtime.block_on(clients.run(requests, WARM_UP))?;
        }
        for _ in 0..seconds {
            self.slice(&mut ours)?;
            self.slice(&mut other)?;
        }
        figures(&ours, &other, self.postgres.is_some()).context("nothing was answered in time")
    }

    fn side(&self, count: usize, requests: &Arc<[Request]>) -> Result<Side> {
        let asking = self.asking(count, requests)?;
        Ok(Side { asking, beside: None, cpu_micros: 0, database_cpu_micros: 0 })
    }

    fn asking(&self, count: usize, requests: &Arc<[Request]>) -> Result<Asking> {
        let clients = Clients::open(self.runtime, self.server.address, count)?;
        Ok(Asking { clients, requests: Arc::clone(requests), slices: Vec::new() })
    }

    fn slice(&self, side: &mut Side) -> Result<()> {
        let before = self.meters()?;
        self.runtime.block_on(async {
            match &mut side.beside {
                None => side.asking.slice().await,
                Some(beside) => tokio::try_join!(side.asking.slice(), beside.slice()).map(drop),
            }
        })?;
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

#[expect(clippy::cast_precision_loss, reason = "microseconds of a few seconds are far below 2^52")]
fn figures(ours: &Side, other: &Side, has_database: bool) -> Option<Figures> {
    let each = |side: &Side, micros: u64| micros as f64 / count(side.asking.answered());
    let rate = |slice: &Slice| count(slice.took.len()) / slice.seconds;
    let pairs = ours.asking.slices.iter().zip(&other.asking.slices);
    let mut ratios: Vec<f64> = pairs.map(|(ours, other)| rate(ours) / rate(other)).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    let [p50_ms, p99_ms] = ours.asking.milliseconds([50, 99])?;
    let cpu_micros = each(ours, ours.cpu_micros);
    let sign_ins = match &ours.beside {
        None => None,
        Some(beside) => {
            let [p50_ms] = beside.milliseconds([50])?;
            let (per_second, told_to_wait) = (beside.per_second(), beside.told_to_wait());
            Some(SignIns { per_second, p50_ms, told_to_wait })
        }
    };
    Some(Figures {
        requests_per_second: ours.asking.per_second(),
        p50_ms,
        p99_ms,
        cpu_micros,
        database_cpu_micros: has_database.then(|| each(ours, ours.database_cpu_micros)),
        ratio: *ratios.get(ratios.len() / 2)?,
        ratio_least: *ratios.first()?,
        ratio_most: *ratios.last()?,
        cpu_ratio: each(other, other.cpu_micros) / cpu_micros,
        told_to_wait: ours.asking.told_to_wait(),
        sign_ins,
    })
}

#[expect(clippy::cast_precision_loss, reason = "requests of a few seconds are far fewer than 2^52")]
fn count(requests: usize) -> f64 {
    requests as f64
}
