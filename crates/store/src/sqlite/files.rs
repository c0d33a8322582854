//! Who owns the database file.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use tenantry_core::error::Result;

use super::refused;

/// The exclusive right to a database file, held for as long as the process lives: a lock on a file beside it, which the
/// system lets go of however the process ends.
pub(super) struct Ownership(#[expect(dead_code, reason = "the open file is the lock")] File);

impl Ownership {
    /// Takes the file, or says which process has it.
    pub(super) fn take(database: &Path) -> Result<Self> {
        let mut beside = database.as_os_str().to_owned();
        beside.push(".lock");
        let cannot = |error| refused(format!("cannot open {}: {error}", database.display()));
        let mut file = private().open(&beside).map_err(cannot)?;
        private().open(database).map_err(cannot)?; // made here, so that nobody else may read it
        if !locked(&file) {
            let mut owner = String::new();
            let _ = file.read_to_string(&mut owner);
            let owner = if owner.is_empty() { "another process" } else { owner.trim() };
            return Err(refused(format!("the database {} is in use by {owner}", database.display())));
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(cannot)?;
        write!(file, "process {}", std::process::id()).map_err(cannot)?;
        Ok(Self(file))
    }
}

/// Tries for a second: a former owner may be about to end, and a child that this process is starting holds what it
/// inherits until it becomes another program.
fn locked(file: &File) -> bool {
    (0..20).any(|attempt| {
        if attempt > 0 {
            std::thread::sleep(Duration::from_millis(50));
        }
        file.try_lock().is_ok()
    })
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
