//! Passwords: a port, since hashing takes tens of milliseconds and much memory and must be kept off the threads that serve.

use crate::error::Result;
use crate::store::BoxFuture;

/// Shortest password, in bytes.
pub const PASSWORD_MIN: usize = 8;
/// Longest password, in bytes.
pub const PASSWORD_MAX: usize = 1024;

/// Hashes and checks passwords. The composition root gives one that bounds how many are hashed at once.
pub trait Passwords: Send + Sync {
    /// The hash to keep, with its salt and parameters.
    fn hash<'a>(&'a self, password: &'a str) -> BoxFuture<'a, Result<String>>;

    /// Whether the password fits the hash. Without a hash it takes as long and answers no, so that an unknown account
    /// cannot be told from a wrong password by the clock.
    fn verify<'a>(&'a self, password: &'a str, hash: Option<&'a str>) -> BoxFuture<'a, Result<bool>>;
}
