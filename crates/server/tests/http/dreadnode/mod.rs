//! The Dreadnode dialect.

mod auth;
mod workspaces;
