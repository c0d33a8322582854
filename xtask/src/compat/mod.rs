//! `cargo xtask compat`: programs that other people wrote, against a server of ours. They come from a package index and take
//! minutes, so they are no part of `cargo xtask test`.

mod demo;
mod oauth;
mod openapi;
pub(crate) mod pages;
mod tools;
mod zenml;

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
    /// Sign people and service accounts in with clients that others wrote
    ///
    /// Installs Authlib, `OAuthLib` and openid-client below `target/tools` at first use, which needs Python with `venv` and Node.js with npm, and builds the
    /// server.
    Oauth,
    /// Look at the pages in Chromium, at two widths, with axe and with forms of another site
    ///
    /// Leaves pictures in `target/pages`. Part of `cargo xtask test`.
    Pages,
    /// Run the real `zenml` client, and a real ZenML server as the server of a workspace
    ///
    /// Holds what they exchange with Tenantry against the contract of the dialect, and runs the commands of
    /// `docs/guides/zenml.md`. Installs `zenml[server]`, an earlier `zenml` and `openapi-core` below `target/tools` at first use,
    /// which needs Python with `venv`, Node.js with npm and Chromium, and builds the server.
    Zenml,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    match arguments.program {
        Program::Openapi => openapi::run(),
        Program::Oauth => oauth::run(),
        Program::Pages => pages::run(),
        Program::Zenml => zenml::run(),
    }
}
