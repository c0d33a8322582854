//! `/api/v1/organizations` and `/api/v1/me`.

mod errors;
mod lists;
mod people;
mod permissions;
mod workspaces;
