//! A server with the sample estate, as a child on a free loopback port.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::child::Guarded;
use crate::shell;

/// A demo that takes requests. It is killed when it is dropped.
pub(super) struct Demo {
    _child: Guarded,
    /// What it tells of itself: addresses, people, their tokens.
    told: Value,
}

impl Demo {
    pub(super) fn start(binary: &Path) -> Result<Self> {
        let mut command = shell::program(binary);
        command.args(["demo", "--listen", "127.0.0.1:0", "--output", "json"]);
        let mut child = Guarded::spawn(command.stdout(Stdio::piped()))?;
        let mut line = String::new();
        BufReader::new(child.stdout().context("the output was asked for")?).read_line(&mut line)?;
        let told = serde_json::from_str(&line).context("the demo does not tell what it serves")?;
        Ok(Self { _child: child, told })
    }

    /// All that it tells, as JSON.
    pub(super) fn whole(&self) -> String {
        self.told.to_string()
    }

    /// What it tells under this pointer (RFC 6901).
    pub(super) fn tell(&self, pointer: &str) -> Result<&str> {
        let found = self.told.pointer(pointer).and_then(Value::as_str);
        found.with_context(|| format!("the demo does not tell {pointer}"))
    }
}
