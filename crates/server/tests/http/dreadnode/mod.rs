//! The Dreadnode dialect.

mod workspaces;
