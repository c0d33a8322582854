//! Who runs the server. PostgreSQL refuses to run as root, so root hands it to an account without rights.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// An account of this machine, by its numbers.
#[derive(Clone, Copy)]
pub(super) struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// Gives a directory that we just made to the account that is to run the server; `None` where that is ourselves.
    pub(super) fn adopt(directory: &Path) -> Option<Self> {
        let made = fs::metadata(directory).expect("the directory was just made");
        if made.uid() != 0 {
            return None;
        }
        let account = Self::without_rights();
        chown(directory, Some(account.user), Some(account.group)).expect("root may give a directory away");
        Some(account)
    }

    /// Lets a command run as this account.
    pub(super) fn run(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }

    fn without_rights() -> Self {
        let accounts = fs::read_to_string("/etc/passwd").expect("/etc/passwd can be read");
        ["postgres", "nobody"].iter().find_map(|name| Self::named(name, &accounts)).expect(
            "PostgreSQL does not run as root, and there is neither an account `postgres` nor `nobody`",
        )
    }

    /// A line of the file is `name:password:user:group:...`.
    fn named(name: &str, accounts: &str) -> Option<Self> {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2).map(str::parse);
        Some(Self { user: numbers.next()?.ok()?, group: numbers.next()?.ok()? })
    }
}
