//! `tenantry token`: personal access tokens.

use anyhow::Result;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use crate::connection::Connection;
use crate::output::{Format, print, print_rows, printable};

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// What is done with tokens.
#[derive(Subcommand)]
pub enum Token {
    /// Make a token; it is shown this once
    Create(Create),
    /// List the tokens that count, in the order of their making
    List(List),
    /// End a token at once
    Revoke(Revoke),
}

/// A token to be made.
#[derive(Args)]
pub struct Create {
    /// What it is called, such as the machine that it is for
    title: String,
    /// How many days it lives, as far as the server allows [default: as long as it allows]
    #[arg(long, value_name = "N")]
    days: Option<u32>,
    /// Let it count in this organization alone: id or key
    #[arg(long, value_name = "ORGANIZATION")]
    organization: Option<String>,
    /// Let it count in this workspace of the organization alone, by its id; may be given again
    #[arg(long = "workspace", value_name = "ID", requires = "organization")]
    workspaces: Vec<String>,
    /// Let it read and change nothing
    #[arg(long)]
    read_only: bool,
    /// Let it do this alone, such as `read:Workspace`; may be given again
    #[arg(long = "permission", value_name = "NAME", conflicts_with = "read_only")]
    permissions: Vec<String>,
    /// Let whoever shows it end it
    #[arg(long)]
    ends_itself: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Which tokens there are.
#[derive(Args)]
pub struct List {
    #[command(flatten)]
    connection: Connection,
}

/// A token to be ended.
#[derive(Args)]
pub struct Revoke {
    /// Which: its id in the list, or its whole name
    #[arg(value_name = "TOKEN")]
    name: String,
    #[command(flatten)]
    connection: Connection,
}

impl Token {
    pub(crate) async fn run(&self) -> Result<()> {
        match self {
            Self::Create(create) => create.run().await,
            Self::List(list) => list.run().await,
            Self::Revoke(revoke) => revoke.run().await,
        }
    }
}

impl Create {
    async fn run(&self) -> Result<()> {
        let mut session = self.connection.open()?;
        let made = session.ask((Method::POST, "me/tokens"), &[], Some(&self.body())).await?;
        let text = |name: &str| printable(made[name].as_str().unwrap_or_default());
        print(|out| match self.connection.terms.output {
            Format::Json => writeln!(out, "{made}"),
            Format::Table => {
                writeln!(out, "token    {}", text("secret"))?;
                writeln!(out, "         keep it: it is not shown again")?;
                writeln!(out, "id       {}", id(&made))?;
                writeln!(out, "expires  {}", text("expire_time"))
            }
        })
    }

    fn body(&self) -> Value {
        let level = match (self.read_only, self.permissions.is_empty()) {
            (true, _) => "READ_ONLY",
            (false, true) => "ALL",
            (false, false) => "RESTRICTED",
        };
        let mut body = json!({
            "title": self.title,
            "ends_itself": self.ends_itself,
            "permission_level": level,
            "permissions": self.permissions,
            "workspace_ids": self.workspaces,
        });
        if let Some(days) = self.days {
            body["ttl"] = format!("{}s", u64::from(days) * DAY).into();
        }
        if let Some(organization) = &self.organization {
            body["organization"] = organization.as_str().into();
        }
        body
    }
}

impl List {
    async fn run(&self) -> Result<()> {
        let mut session = self.connection.open()?;
        let (mut found, mut page) = (Vec::new(), String::new());
        loop {
            let answer = session.ask((Method::GET, "me/tokens"), &[("page_token", &page)], None).await?;
            found.extend(answer["tokens"].as_array().into_iter().flatten().cloned());
            answer["next_page_token"].as_str().unwrap_or_default().clone_into(&mut page);
            if page.is_empty() {
                break;
            }
        }
        let headings = ["ID", "TITLE", "TOKEN", "MAY", "ORGANIZATION", "EXPIRES", "LAST USED"];
        let mut rows = vec![headings.map(str::to_owned).to_vec()];
        rows.extend(found.iter().map(row));
        print_rows(self.connection.terms.output, &json!({"tokens": found}), &rows)
    }
}

fn row(token: &Value) -> Vec<String> {
    let text = |name: &str| token[name].as_str().unwrap_or_default().to_owned();
    let may = match token["permission_level"].as_str() {
        Some("READ_ONLY") => "read",
        Some("RESTRICTED") => "some",
        _ => "all",
    };
    let organization = text("organization");
    let organization = organization.strip_prefix("organizations/").unwrap_or(&organization).to_owned();
    // To the second, which is what people compare.
    let time = |name: &str| text(name).split('.').next().unwrap_or_default().replace('T', " ");
    vec![
        id(token),
        text("title"),
        format!("{}...", text("prefix")),
        may.to_owned(),
        organization,
        time("expire_time"),
        time("last_use_time"),
    ]
}

fn id(token: &Value) -> String {
    let name = token["name"].as_str().unwrap_or_default();
    printable(name.rsplit('/').next().unwrap_or_default())
}

impl Revoke {
    async fn run(&self) -> Result<()> {
        let id = self.name.strip_prefix("me/tokens/").unwrap_or(&self.name);
        anyhow::ensure!(
            !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
            "TOKEN: expected the id of a token, as `tenantry token list` shows it"
        );
        let mut session = self.connection.open()?;
        let path = format!("me/tokens/{id}");
        let answer = session.ask((Method::DELETE, &path), &[], None).await?;
        print_rows(self.connection.terms.output, &answer, &[vec!["revoked".to_owned(), id.to_owned()]])
    }
}
