//! The remote command line: commands of the binary `tenantry` that talk to a running server, as a client of the AIP
//! dialect and of the OAuth endpoints. It depends on no crate of ours.
//!
//! Start reading at [`Command::run`]. What a command asks with is told by `connection`, what is kept between two commands
//! by `profile`, and how a command ends that fails by [`Failure`].

mod client;
mod connection;
mod device;
mod failure;
mod login;
pub mod output;
mod profile;
mod token;

use anyhow::Result;
use clap::Subcommand;

pub use failure::Failure;

/// What can be asked of a running server.
#[derive(Subcommand)]
pub enum Command {
    /// Log this machine in to a server, by a code that is confirmed in a browser
    Login(login::Login),
    /// End the login of a profile and forget it
    Logout(login::Logout),
    /// Answer a program that shows a code, without a browser
    #[command(subcommand)]
    Device(device::Device),
    /// The personal access tokens of whoever is logged in
    #[command(subcommand)]
    Token(token::Token),
}

impl Command {
    /// Does what is asked, and tells it on standard output.
    ///
    /// # Errors
    /// [`Failure`] where the server is the reason, [`output::OutputClosed`] where nobody reads, and anything else that is
    /// wrong on this machine.
    pub async fn run(&self) -> Result<()> {
        match self {
            Self::Login(login) => login.run().await,
            Self::Logout(logout) => logout.run().await,
            Self::Device(device) => device.run().await,
            Self::Token(token) => token.run().await,
        }
    }
}
