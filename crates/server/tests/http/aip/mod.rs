//! `/api/v1/organizations`, `/api/v1/users` and `/api/v1/me`.

mod accounts;
mod api_keys;
mod entitlements;
mod errors;
mod invitations;
mod issuers;
mod keys_for_others;
mod lists;
mod members;
mod once;
mod oracle;
mod organizations;
mod own;
mod parameters;
mod people;
mod permissions;
mod reads;
mod roles;
mod service_accounts;
mod teams;
mod workspace_server;
mod workspaces;
