//! The master key and what is derived from it. One key, so that there is one thing to keep; different derivations, so that
//! no two uses share one.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use hkdf::Hkdf;
use secrecy::ExposeSecret;
use sha2::Sha256;
use tenantry_core::clock::Entropy;

use crate::config::Config;

/// Shortest master key, in bytes.
const SHORTEST: usize = 32;

/// The master key of a server.
pub struct MasterKey(Vec<u8>);

impl MasterKey {
    /// The key that was configured; for an embedded database without one, the key in its data directory, made if there
    /// is none.
    pub fn of(config: &Config, entropy: &dyn Entropy) -> Result<Self> {
        match config.secret_key() {
            Some(key) if key.expose_secret().len() < SHORTEST => {
                bail!("secret_key: expected at least {SHORTEST} characters")
            }
            Some(key) => Ok(Self(key.expose_secret().as_bytes().to_vec())),
            None => Self::kept_in(config.data_dir()?, entropy),
        }
    }

    /// The key kept in the file `secret.key` of the directory, which only its owner may read.
    pub fn kept_in(directory: &Path, entropy: &dyn Entropy) -> Result<Self> {
        let path = directory.join("secret.key");
        let told = || format!("the key in {}", path.display());
        let mut key = [0; 32];
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(mut file) => {
                entropy.fill(&mut key);
                file.write_all(&key).and_then(|()| file.sync_all()).with_context(told)?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let mut file = std::fs::File::open(&path).with_context(told)?;
                refuse_open_to_others(&file, &path)?;
                file.read_exact(&mut key).with_context(told)?;
            }
            Err(error) => return Err(error).with_context(told),
        }
        Ok(Self(key.to_vec()))
    }

    /// The key for one purpose.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        // 32 bytes are always within what HKDF can expand to.
        let _ = Hkdf::<Sha256>::new(Some(b"tenantry"), &self.0).expand(purpose.as_bytes(), &mut key);
        key
    }
}

#[cfg(unix)]
fn refuse_open_to_others(file: &std::fs::File, path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        bail!("{} can be read by others; make it mode 0600", path.display());
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_open_to_others(_: &std::fs::File, _: &Path) -> Result<()> {
    Ok(())
}
