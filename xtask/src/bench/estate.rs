//! The loaded database: how large it is, and who has a token for it.

use std::fs;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::server::Settings;
use crate::child::Guarded;
use crate::shell;

/// People of each organization who get a token: the owner and some members.
const TOKENS_EACH: u64 = 4;

/// How large an estate is.
#[derive(Clone, Copy)]
pub(super) struct Size {
    organizations: u64,
    workspaces: u64,
    users: u64,
    memberships: u64,
}

impl Size {
    /// Many organizations, most of them small.
    pub(super) const fn of_many(percent: u64) -> Self {
        Self {
            organizations: 10 * percent,
            workspaces: 1000 * percent,
            users: 500 * percent,
            memberships: 5000 * percent,
        }
    }

    /// One organization of many people.
    pub(super) const fn of_one(percent: u64) -> Self {
        Self {
            organizations: 1,
            workspaces: 10 * percent,
            users: 1000 * percent,
            memberships: 1000 * percent,
        }
    }
}

/// An organization of the estate.
pub(super) struct Organization {
    pub(super) id: String,
    pub(super) workspaces: u64,
    /// The token of its owner, who sees all of its workspaces and has a role in each.
    pub(super) owner: String,
    /// Tokens of ordinary members, who see a few.
    pub(super) members: Vec<String>,
}

/// The organizations of the two sizes that there are.
pub(super) struct Estate {
    pub(super) big: Vec<Organization>,
    pub(super) small: Vec<Organization>,
    /// The token of who runs the server.
    pub(super) administrator: String,
}

impl Estate {
    /// Fills the database, makes somebody who runs the server, and reads who got a token.
    pub(super) fn load(settings: &Settings, size: Size) -> Result<Self> {
        let file = settings.data_dir.join("tokens");
        let mut command = settings.command("load");
        for (flag, number) in [
            ("--organizations", size.organizations),
            ("--workspaces", size.workspaces),
            ("--users", size.users),
            ("--memberships", size.memberships),
            ("--tokens", TOKENS_EACH * size.organizations),
        ] {
            command.arg(flag).arg(number.to_string());
        }
        command.arg("--tokens-file").arg(&file).stdout(Stdio::null());
        let status = Guarded::spawn(&mut command)?.wait()?;
        if !status.success() {
            bail!("the estate was not loaded ({status})");
        }
        let mut init = settings.command("init");
        init.args(["--email", "bench@example.org", "--output", "json"]);
        let made = shell::answer(&mut init).context("nobody was made who runs the server")?;
        let made: Value = serde_json::from_str(&made).context("who runs the server")?;
        let administrator = made["token"].as_str().context("who runs the server has no token")?;
        let tokens = fs::read_to_string(&file).context("the file of tokens")?;
        let (big, small) = parse(&tokens)?;
        Ok(Self { big, small, administrator: administrator.to_owned() })
    }
}

/// Reads lines of organization, number of its workspaces, user, `owner` or `member`, and token. Gives the big
/// organizations and the small ones.
fn parse(text: &str) -> Result<(Vec<Organization>, Vec<Organization>)> {
    let mut all: Vec<Organization> = Vec::new();
    for line in text.lines() {
        let [id, workspaces, _, role, token] = line.split('\t').collect::<Vec<_>>()[..] else {
            bail!("the file of tokens has a line of another form");
        };
        match (role, all.last_mut().filter(|known| known.id == id)) {
            ("owner", _) => all.push(Organization {
                id: id.to_owned(),
                workspaces: workspaces.parse().context("a number of workspaces")?,
                owner: token.to_owned(),
                members: Vec::new(),
            }),
            (_, Some(known)) => known.members.push(token.to_owned()),
            (_, None) => bail!("the file of tokens has a member before the owner"),
        }
    }
    let most = all.iter().map(|organization| organization.workspaces).max().unwrap_or_default();
    Ok(all.into_iter().partition(|organization| organization.workspaces > most / 2))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn tells_big_from_small() {
        let text = "a\t2000\tu\towner\tt1\na\t2000\tv\tmember\tt2\nb\t81\tw\towner\tt3\n";
        let (big, small) = parse(text).unwrap();
        assert_eq!((big.len(), small.len()), (1, 1));
        assert_eq!((big[0].owner.as_str(), &big[0].members[..]), ("t1", &["t2".to_owned()][..]));
        assert!(parse("a\t5\tu\tmember\tt").is_err() && parse("a").is_err());
    }
}
