//! The behaviour suite: what the core promises over a database, asked of both engines in the same words.
//!
//! A behaviour is a function that gets a core over a fresh database. `on_both_engines!` makes two tests of it. What only
//! one engine does stands in `sqlite_only` and `postgres_only`.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

/// Makes a test on each engine of every behaviour.
macro_rules! on_both_engines {
    ($($behaviour:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(tenantry_testkit::TestCore::sqlite().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(tenantry_testkit::TestCore::postgres().await).await;
            })*
        }
    };
}

mod accounts;
mod addresses;
mod api_keys;
mod asking;
mod audit;
mod browser;
mod chains;
mod clients;
mod content;
mod credentials;
mod device;
mod hearsay;
mod histories;
mod inside;
mod invitations;
mod isolation;
mod issuers;
mod issuers_of_organizations;
mod jumps;
mod life;
mod links;
mod lists;
mod load;
mod mail;
mod members;
mod oauth;
mod once;
mod organizations;
mod pages;
mod postgres_only;
mod project_roles;
mod races;
mod reach;
mod roles;
mod server_roles;
mod servers;
mod shares;
mod sqlite_only;
mod survival;
mod teams;
mod text;
mod texts;
mod throttling;
mod tokens;
mod trail;
mod usage;
mod users;
mod walks;
mod workspaces;
