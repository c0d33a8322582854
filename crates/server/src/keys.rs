//! The master key and what is derived from it. One key, so that there is one thing to keep; different derivations, so that
//! no two uses share one.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use hkdf::Hkdf;
use secrecy::ExposeSecret;
use sha2::Sha256;
use tenantry_core::clock::Entropy;

use crate::config::Config;

/// Length of a master key that is made here, in bytes; one that is given may be longer.
const LENGTH: usize = 32;

/// The master key of a server.
pub struct MasterKey(Vec<u8>);

impl MasterKey {
    /// The key that was configured; for an embedded database without one, the key in its data directory, made if there
    /// is none.
    pub fn of(config: &Config, entropy: &dyn Entropy) -> Result<Self> {
        match config.secret_key() {
            Some(key) if key.expose_secret().len() < LENGTH => {
                bail!("secret_key: expected at least {LENGTH} characters")
            }
            Some(key) => Ok(Self(key.expose_secret().as_bytes().to_vec())),
            None => Self::kept_in(config.data_dir()?, entropy),
        }
    }

    /// The key kept in the file `secret.key` of the directory, which only its owner may read. It is made if there is none;
    /// of several that start at once all get the same one.
    pub fn kept_in(directory: &Path, entropy: &dyn Entropy) -> Result<Self> {
        let path = directory.join("secret.key");
        let told = || format!("the key in {}", path.display());
        if let Some(key) = read(&path).with_context(told)? {
            return Ok(key);
        }
        make(directory, &path, entropy).with_context(told)?;
        read(&path).with_context(told)?.with_context(told)
    }

    /// The key for one purpose.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        // 32 bytes are always within what HKDF can expand to.
        let _ = Hkdf::<Sha256>::new(Some(b"tenantry"), &self.0).expand(purpose.as_bytes(), &mut key);
        key
    }
}

/// Reads the key; `None` if there is no file.
fn read(path: &Path) -> Result<Option<MasterKey>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    refuse_open_to_others(&file)?;
    let mut key = Vec::with_capacity(LENGTH + 1);
    file.take(LENGTH as u64 + 1).read_to_end(&mut key)?;
    if key.len() != LENGTH || key.iter().all(|byte| *byte == 0) {
        bail!(
            "expected exactly {LENGTH} random bytes; put a copy back, or remove the file to have a new key made, which \
             ends what was signed with the old one"
        );
    }
    Ok(Some(MasterKey(key)))
}

/// Writes a new key, whole or not at all. Whoever finds one there leaves it.
fn make(directory: &Path, path: &Path, entropy: &dyn Entropy) -> Result<()> {
    let mut key = [0; LENGTH];
    entropy.fill(&mut key);
    let mut file = tempfile::Builder::new().prefix(".secret.key.").tempfile_in(directory)?;
    file.write_all(&key)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(there) if there.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(failed) => Err(failed.error.into()),
        Ok(_) => keep_name(directory),
    }
}

/// Makes the directory's entries durable.
#[cfg(unix)]
fn keep_name(directory: &Path) -> Result<()> {
    Ok(File::open(directory)?.sync_all()?)
}

#[cfg(not(unix))]
fn keep_name(_: &Path) -> Result<()> {
    Ok(())
}

#[cfg(unix)]
fn refuse_open_to_others(file: &File) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        bail!("others can read it; make it mode 0600");
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_open_to_others(_: &File) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fs;
    use std::thread;

    use super::MasterKey;
    use crate::world::SystemEntropy;

    #[test]
    fn starts_at_once_share_one_key() {
        let directory = tempfile::tempdir().unwrap();
        let keys: HashSet<[u8; 32]> = thread::scope(|threads| {
            let start = || MasterKey::kept_in(directory.path(), &SystemEntropy).unwrap().derive("test");
            let starts: Vec<_> = (0..8).map(|_| threads.spawn(start)).collect();
            starts.into_iter().map(|started| started.join().unwrap()).collect()
        });
        assert_eq!(keys.len(), 1);
        let left: Vec<_> =
            fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["secret.key"]);
    }

    #[test]
    fn what_is_no_key_is_refused_and_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret.key");
        for content in [&b""[..], &[7; 31], &[7; 33], &[0; 32]] {
            private(&path, content);
            let refused = MasterKey::kept_in(directory.path(), &SystemEntropy).err().unwrap();
            let told = format!("{refused:#}");
            assert!(told.contains(&path.display().to_string()) && told.contains("32 random bytes"), "{told}");
            assert_eq!(fs::read(&path).unwrap(), content);
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret.key");
        MasterKey::kept_in(directory.path(), &SystemEntropy).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = MasterKey::kept_in(directory.path(), &SystemEntropy).err().unwrap();
        assert!(format!("{refused:#}").contains("mode 0600"), "{refused:#}");
    }

    fn private(path: &std::path::Path, content: &[u8]) {
        let _ = fs::remove_file(path);
        fs::write(path, content).unwrap();
        #[cfg(unix)]
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
}
