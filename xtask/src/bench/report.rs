//! What was measured, beside what it was hoped to be. Goals are told and never asserted: they depend on the machine.

use std::fmt::Write;

use serde::Serialize;

use super::Engine;
use super::measure::{Figures, SignIns};

/// By how much a page may be dearer than another that shows as many rows: a fifth.
const GROWTH: f64 = 1.2;

/// Where the rows of a page come from.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mode {
    /// The page cache is off.
    Live,
    /// The page cache is on, and warm.
    Cached,
}

/// Everything that was measured.
#[derive(Default, Serialize)]
pub(super) struct Report {
    facts: Vec<Fact>,
    rows: Vec<Row>,
}

/// A figure of the server as a whole.
#[derive(Serialize)]
struct Fact {
    name: String,
    value: f64,
    unit: &'static str,
    goal: Option<Judged>,
}

#[derive(Serialize)]
struct Row {
    engine: Engine,
    mode: Mode,
    path: &'static str,
    #[serde(flatten)]
    figures: Figures,
    goals: Vec<Judged>,
}

#[derive(Serialize)]
struct Judged {
    goal: String,
    met: bool,
}

impl Report {
    /// Adds a figure that should stay below `limit`, if there is one.
    pub(super) fn fact(&mut self, name: String, value: f64, unit: &'static str, limit: Option<f64>) {
        let goal = limit.map(|limit| Judged { goal: format!("below {limit} {unit}"), met: value < limit });
        eprintln!("{name}: {value:.1} {unit}");
        self.facts.push(Fact { name, value, unit, goal });
    }

    /// Adds what was measured of a path, and judges it. Paths that others are compared with come first.
    pub(super) fn row(&mut self, engine: Engine, mode: Mode, path: &'static str, figures: Figures) {
        let goals = self.judge(engine, mode, path, &figures);
        let row = Row { engine, mode, path, figures, goals };
        eprintln!("{}", row.line());
        self.rows.push(row);
    }

    fn judge(&self, engine: Engine, mode: Mode, path: &str, figures: &Figures) -> Vec<Judged> {
        let share = |least: f64| Judged {
            goal: format!("at least {:.0} % of static", least * 100.0),
            met: figures.ratio >= least,
        };
        let mut judged = Vec::new();
        match (engine, mode, path.contains("-list-")) {
            (Engine::Sqlite, Mode::Live, true) => {
                judged.push(Judged { goal: "at most 60 us".to_owned(), met: figures.cpu_micros <= 60.0 });
                judged.push(share(0.15));
            }
            (Engine::Sqlite, Mode::Cached, true) => judged.push(share(0.60)),
            (Engine::Postgres, Mode::Live, true) => judged.push(share(0.12)),
            (Engine::Postgres, Mode::Cached, true) => judged.push(share(0.40)),
            (Engine::Sqlite, _, false) if path.starts_with("aip-create") => {
                judged.push(Judged {
                    goal: "at least 8 times one client".to_owned(),
                    met: figures.ratio >= 8.0,
                });
            }
            (Engine::Sqlite, _, false) if path == "aip-get" || path == "aip-test-permissions" => {
                judged.push(share(0.50));
            }
            (_, _, false) if path.starts_with("token-check") => judged.push(share(0.75)),
            (_, _, false) if path == "static-beside-sign-ins" => judged.push(Judged {
                goal: "at least 75 % of the rate without sign-ins".to_owned(),
                met: figures.ratio >= 0.75,
            }),
            (_, _, false) => {}
        }
        if let Some((than, cheaper)) = self.compared_with(engine, mode, path) {
            let goal = format!("at most {GROWTH} times the CPU of {than}");
            judged.push(Judged { goal, met: cost(figures) <= GROWTH * cost(cheaper) });
        }
        judged
    }

    /// The page that this one may not be much dearer than: neither the size of the organization nor the depth of the page
    /// may tell. A deep page by offset has to pass over rows, so it counts only when it is warm.
    fn compared_with(&self, engine: Engine, mode: Mode, path: &str) -> Option<(&'static str, &Figures)> {
        let than = match path.strip_suffix("-deep") {
            Some(page) if path.starts_with("aip-") || mode == Mode::Cached => page,
            None if path == "aip-list-big" => "aip-list-small",
            _ => return None,
        };
        let found = self.rows.iter().find(|row| (row.engine, row.mode, row.path) == (engine, mode, than))?;
        Some((found.path, &found.figures))
    }

    /// A table for each engine.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        for fact in &self.facts {
            let goal = fact.goal.as_ref().map(Judged::text).unwrap_or_default();
            // Writing to a text does not fail.
            let _ = writeln!(out, "{:<44} {:>8.1} {:<4} {goal}", fact.name, fact.value, fact.unit);
        }
        let _ = writeln!(
            out,
            "\n{:<8} {:<6} {:<26} {:>7} {:>7} {:>7} {:>7} {:>7} {:>6} {:>15} {:>6}  goals",
            "engine",
            "cache",
            "path",
            "req/s",
            "p50 ms",
            "p99 ms",
            "cpu us",
            "db us",
            "ratio",
            "min..max",
            "by cpu"
        );
        for row in &self.rows {
            let _ = writeln!(out, "{}", row.line());
        }
        let _ = writeln!(
            out,
            "\nratio: requests/s against a static answer of the same bytes; of creates, against one client; beside sign-ins, \
             against none"
        );
        out
    }
}

impl Row {
    fn line(&self) -> String {
        let figures = &self.figures;
        let mode = if self.mode == Mode::Live { "off" } else { "warm" };
        let database = figures.database_cpu_micros.map_or_else(String::new, |micros| format!("{micros:.1}"));
        let mut notes: Vec<_> = self.goals.iter().map(Judged::text).collect();
        if let Some(SignIns { per_second, p50_ms, told_to_wait }) = &figures.sign_ins {
            notes.push(format!(
                "{per_second:.1} sign-ins/s of {p50_ms:.0} ms, told to come back: {told_to_wait}"
            ));
        }
        if figures.told_to_wait > 0 {
            notes.push(format!("told to come back: {}", figures.told_to_wait));
        }
        format!(
            "{:<8} {:<6} {:<26} {:>7.0} {:>7.2} {:>7.2} {:>7.1} {:>7} {:>6.2} {:>15} {:>6.2}  {}",
            self.engine.name(),
            mode,
            self.path,
            figures.requests_per_second,
            figures.p50_ms,
            figures.p99_ms,
            figures.cpu_micros,
            database,
            figures.ratio,
            format!("{:.2}..{:.2}", figures.ratio_least, figures.ratio_most),
            figures.cpu_ratio,
            notes.join("; ")
        )
    }
}

impl Judged {
    fn text(&self) -> String {
        format!("{}: {}", self.goal, if self.met { "met" } else { "missed" })
    }
}

/// CPU time of everything that worked on a request.
fn cost(figures: &Figures) -> f64 {
    figures.cpu_micros + figures.database_cpu_micros.unwrap_or_default()
}
