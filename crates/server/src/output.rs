//! Standard output: what commands tell, and how they end when nobody listens any more.

use std::fmt;
use std::io::{self, BufWriter, ErrorKind, Write};

use anyhow::{Context, Result};
use clap::ValueEnum;

/// How a command tells what it did.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One line of JSON
    Json,
}

/// Whoever read standard output has closed it, as `head` does when it has enough. That is no failure.
#[derive(Debug)]
pub struct OutputClosed;

impl fmt::Display for OutputClosed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("standard output is closed")
    }
}

impl std::error::Error for OutputClosed {}

/// Writes to standard output what `tell` writes, as one.
///
/// # Errors
/// [`OutputClosed`] if nobody reads it.
pub(crate) fn print(tell: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match tell(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            // What is left in the buffer would be written once more when it is dropped.
            let _ = out.into_parts();
            Err(OutputClosed.into())
        }
        told => told.context("standard output"),
    }
}
