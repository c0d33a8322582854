//! `cargo xtask compat`: programs that other people wrote, against a server of ours. They come from a package index and take
//! minutes, so they are no part of `cargo xtask test`.

mod demo;
mod openapi;

use anyhow::Result;
use clap::{Args, Subcommand};

/// Try the server with programs that other people wrote
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    program: Program,
}

#[derive(Subcommand)]
enum Program {
    /// Send requests that Schemathesis makes from `/openapi.json`, and hold the answers against it
    ///
    /// Fails on an answer of the server's own fault, and on a status, a media type or a shape that the document does not
    /// tell. Installs Schemathesis below `target/tools` at first use, which needs Python with `venv`, and builds the server.
    Openapi,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    match arguments.program {
        Program::Openapi => openapi::run(),
    }
}
