//! `/api/v1/organizations` and `/api/v1/me`.

mod errors;
mod lists;
mod once;
mod organizations;
mod people;
mod permissions;
mod reads;
mod workspaces;
