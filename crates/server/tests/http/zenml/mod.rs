//! The ZenML dialect on both engines. What does not touch a database's own ways is tested in `crates/api-zenml`.

mod auth;
mod organizations;
mod people;
mod prefix;
mod tenants;
