//! `tenantry device`: yes or no to a program that shows a code, for who sits at a terminal.

use anyhow::Result;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::json;

use crate::connection::Connection;
use crate::output::print_rows;

/// What is said to the program.
#[derive(Subcommand)]
pub enum Device {
    /// Let the program that shows the code act for you
    ///
    /// Approve only a code that you asked for yourself, on a machine before you: whoever has it may do what you may.
    Approve(Approve),
    /// Let the program that shows the code have nothing
    Deny(Deny),
}

/// Yes.
#[derive(Args)]
pub struct Approve {
    /// The code; spaces, dashes and small letters do not matter
    code: String,
    /// What the device is called in your list of devices
    #[arg(long)]
    title: Option<String>,
    /// Keep it logged in for thirty days rather than one
    #[arg(long)]
    trusted: bool,
    #[command(flatten)]
    connection: Connection,
}

/// No.
#[derive(Args)]
pub struct Deny {
    /// The code; spaces, dashes and small letters do not matter
    code: String,
    #[command(flatten)]
    connection: Connection,
}

impl Device {
    pub(crate) async fn run(&self) -> Result<()> {
        match self {
            Self::Approve(approve) => approve.run().await,
            Self::Deny(deny) => deny.run().await,
        }
    }
}

impl Approve {
    async fn run(&self) -> Result<()> {
        let mut body = json!({"user_code": self.code, "trusted": self.trusted});
        if let Some(title) = &self.title {
            body["title"] = title.as_str().into();
        }
        let mut session = self.connection.open()?;
        let device = session.ask((Method::POST, "me/devices:approve"), &[], Some(&body)).await?;
        let text = |name: &str| device[name].as_str().unwrap_or_default().to_owned();
        let rows = [
            vec!["approved".to_owned(), text("title")],
            vec!["device".to_owned(), text("name")],
            vec!["until".to_owned(), text("expire_time")],
        ];
        print_rows(self.connection.terms.output, &device, &rows)
    }
}

impl Deny {
    async fn run(&self) -> Result<()> {
        let body = json!({"user_code": self.code});
        let mut session = self.connection.open()?;
        let answer = session.ask((Method::POST, "me/devices:deny"), &[], Some(&body)).await?;
        print_rows(self.connection.terms.output, &answer, &[vec!["denied".to_owned()]])
    }
}
