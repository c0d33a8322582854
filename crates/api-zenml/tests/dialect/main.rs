//! The dialect over a real database: the router as the server mounts it, time and chance of the test's own.

#![expect(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

mod auth;
mod devices;
mod enrollment;
mod invitations;
mod login;
mod organizations;
mod rbac;
mod refusals;
mod roles;
mod service_accounts;
mod teams;
mod tenants;
mod users;
mod workspaces;
mod world;
