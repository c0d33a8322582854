//! How the commands of this crate tell what they did.

use clap::ValueEnum;

/// How a command tells what it did.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One line of JSON
    Json,
}
