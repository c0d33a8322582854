//! Profiles: which server a person talks to and as whom, each a file of its own below the user's configuration.
//!
//! A file is written whole and takes the place of the one before, so a reader sees either. Whoever changes one holds the
//! lock of the directory, from reading what there is to the new file.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use url::Url;

/// How long a command waits for another that changes a profile, in tries of 50 milliseconds.
const TRIES: u32 = 1_800;

/// The name of a profile: lower-case letters, digits, `-` and `_`, up to 40.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProfileName(String);

impl FromStr for ProfileName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let good =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        if text.is_empty() || text.len() > 40 || !text.bytes().all(good) {
            return Err("expected lower-case letters, digits, - and _, up to 40");
        }
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Display for ProfileName {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

/// What is kept. It has no `Debug`, so that no secret is written by accident.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// The server.
    pub(crate) url: Url,
    /// What is shown to it.
    pub(crate) token: String,
    /// When the token expires, in seconds since 1970; not known of one that somebody wrote into the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<u64>,
    /// What another token is had for; only a login gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<String>,
}

/// The directory of the profiles.
#[derive(Clone)]
pub(crate) struct Profiles(PathBuf);

/// The lock of the directory, until it is dropped.
pub(crate) struct Locked<'a> {
    profiles: &'a Profiles,
    _lock: File,
}

impl Profiles {
    /// `$XDG_CONFIG_HOME/tenantry`, or `~/.config/tenantry`.
    pub(crate) fn of_user() -> Result<Self> {
        let configured =
            std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let home = || std::env::home_dir().map(|home| home.join(".config"));
        let directory =
            configured.or_else(home).context("profiles: neither XDG_CONFIG_HOME nor a home is known")?;
        Ok(Self(directory.join("tenantry")))
    }

    /// A profile, if there is one.
    ///
    /// # Errors
    /// If others than its owner can read it, or it is none that this program writes.
    pub(crate) fn read(&self, name: &ProfileName) -> Result<Option<Profile>> {
        let path = self.file(name);
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.with_context(|| format!("profile {}", path.display()))?,
        };
        require_private(&self.0, &File::open(&self.0)?, "700")?;
        require_private(&path, &file, "600")?;
        // The parser's own words may repeat what is in the file.
        let read = serde_json::from_reader(&mut file);
        read.map(Some).map_err(|error: serde_json::Error| {
            anyhow::anyhow!("profile {}: line {} is not understood", path.display(), error.line())
        })
    }

    /// Waits until no other command changes a profile, and keeps them out.
    pub(crate) async fn lock(&self) -> Result<Locked<'_>> {
        let directory = &self.0;
        if let Some(parent) = directory.parent() {
            std::fs::create_dir_all(parent).with_context(|| format!("profiles: {}", parent.display()))?;
        }
        match private_directory().create(directory) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => made.with_context(|| format!("profiles: {}", directory.display()))?,
        }
        require_private(directory, &File::open(directory)?, "700")?;
        let path = directory.join("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = lock.with_context(|| format!("profiles: {}", path.display()))?;
        for _ in 0..TRIES {
            match lock.try_lock() {
                Ok(()) => return Ok(Locked { profiles: self, _lock: lock }),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(50)).await,
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("profiles: {}", path.display()));
                }
            }
        }
        bail!("profiles: another command holds {}", path.display())
    }

    fn file(&self, name: &ProfileName) -> PathBuf {
        self.0.join(format!("{name}.json"))
    }
}

impl Locked<'_> {
    /// What there is by now.
    pub(crate) fn read(&self, name: &ProfileName) -> Result<Option<Profile>> {
        self.profiles.read(name)
    }

    /// Puts a profile in the place of the one before.
    pub(crate) fn write(&self, name: &ProfileName, profile: &Profile) -> Result<()> {
        let path = self.profiles.file(name);
        let place = || format!("profile {}", path.display());
        // Made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(&self.profiles.0).with_context(place)?;
        serde_json::to_writer_pretty(&mut file, profile).with_context(place)?;
        file.write_all(b"\n").and_then(|()| file.as_file().sync_all()).with_context(place)?;
        file.persist(&path).with_context(place)?;
        Ok(())
    }

    /// Removes a profile, if it is there.
    pub(crate) fn forget(&self, name: &ProfileName) -> Result<()> {
        let path = self.profiles.file(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("profile {}", path.display()))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(unix)]
fn private_directory() -> DirBuilder {
    use std::os::unix::fs::DirBuilderExt;
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

#[cfg(not(unix))]
fn private_directory() -> DirBuilder {
    DirBuilder::new()
}

/// Refuses what group or world may look at or change. It looks at what was opened, not at what has the name by then.
#[cfg(unix)]
fn require_private(path: &Path, opened: &File, wanted: &str) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = opened.metadata()?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!(
            "{} is open to others (mode {mode:04o}), and it holds tokens: chmod {wanted} {}",
            path.display(),
            path.display()
        );
    }
    Ok(())
}

#[cfg(not(unix))]
fn require_private(_: &Path, _: &File, _: &str) -> Result<()> {
    Ok(())
}
