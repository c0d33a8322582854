//! How a command fails, and what it tells the shell of it.

/// Why a command failed, for people; the variant is what a script is told.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The server refused, in its own words.
    #[error("{0}")]
    Refused(String),
    /// There is nothing to ask with, or it counts no longer.
    #[error("{0}")]
    LoggedOut(String),
    /// No answer, or none that tells anything: another try may help.
    #[error("{0}")]
    Unavailable(String),
    /// Ctrl-C.
    #[error("interrupted; nothing was saved")]
    Interrupted,
}

impl Failure {
    /// The exit code of the process: 1 for what was refused, 3 for who has to log in, 4 where another try may help, 130 as
    /// shells have it for what was interrupted. 2 is clap's, for a command line that makes no sense.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) => 1,
            Self::LoggedOut(_) => 3,
            Self::Unavailable(_) => 4,
            Self::Interrupted => 130,
        }
    }
}
