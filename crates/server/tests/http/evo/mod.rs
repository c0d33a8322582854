//! The Evo dialect.

mod token;
mod workspaces;
