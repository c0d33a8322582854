//! The core of Tenantry: organizations, workspaces, the principals who may enter them, and with which role.
//!
//! Every use case is a method of [`Core`], in the file `service.rs` of the resource that it is about, and reads in this
//! order: authorise ([`authz`]), load, decide, write, record ([`audit`]). The store commits, retries and acknowledges.
//!
//! Nothing in here knows a web framework, SQL, a file or the environment; time, chance and settings are given.

pub mod audit;
pub mod authz;
pub mod browser;
pub mod caller;
mod checks;
pub mod clock;
pub mod credential;
pub mod device;
pub mod doctor;
pub mod error;
pub mod filter;
pub mod grant;
pub mod idempotency;
pub mod ids;
pub mod invitation;
pub mod issuer;
pub mod link;
pub mod mail;
pub mod oauth;
pub mod organization;
pub mod page;
pub mod permission;
pub mod preferences;
pub mod principal;
pub mod project;
pub mod purge;
pub mod resource;
pub mod role;
pub mod seal;
pub mod service_account;
pub mod settings;
pub mod signing;
pub mod store;
pub mod team;
pub mod text;
pub mod throttle;
pub mod usage;
mod uses;
pub mod version;
pub mod workspace;

use std::sync::Arc;

use audit::{Act, Between, Denials};
use caller::Caller;
use clock::{Clock, Entropy};
use credential::Passwords;
use ids::IdSource;
use issuer::Issuers;
use seal::Seal;
use settings::Settings;
use store::{Engine, Rehearsing, Store};
use uses::Uses;
pub use uses::{Shower, Use};
use workspace::{Anchors, Servers};

pub use error::{Error, Kind, Result};

/// What a core is made of: everything that it may not make for itself.
pub struct Parts {
    /// The way to the database.
    pub store: Store,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids.
    pub ids: Arc<dyn IdSource>,
    /// Makes secrets.
    pub entropy: Arc<dyn Entropy>,
    /// Hashes passwords.
    pub passwords: Arc<dyn Passwords>,
    /// Encrypts what is kept to be used again.
    pub seal: Arc<dyn Seal>,
    /// Asks external issuers.
    pub issuers: Arc<dyn Issuers>,
    /// Asks the servers of workspaces.
    pub servers: Arc<dyn Servers>,
    /// What people may do.
    pub settings: Settings,
}

/// Every use case of a server. A clone is the same core.
#[derive(Clone)]
pub struct Core {
    store: Store,
    /// The same, also in a rehearsal and in a request that is done once: for what is counted whatever becomes of a request.
    counting: Store,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    entropy: Arc<dyn Entropy>,
    passwords: Arc<dyn Passwords>,
    seal: Arc<dyn Seal>,
    issuers: Arc<dyn Issuers>,
    servers: Arc<dyn Servers>,
    settings: Arc<Settings>,
    uses: Arc<Uses>,
    anchors: Arc<Anchors>,
    denials: Arc<Denials>,
}

impl Core {
    /// The core of a server.
    pub fn new(parts: Parts) -> Self {
        let Parts { store, clock, ids, entropy, passwords, seal, issuers, servers, settings } = parts;
        Self {
            counting: store.clone(),
            store,
            clock,
            ids,
            entropy,
            passwords,
            seal,
            issuers,
            servers,
            settings: Arc::new(settings),
            uses: Arc::default(),
            anchors: Arc::default(),
            denials: Arc::default(),
        }
    }

    /// The way to the database.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The clock by which requests are judged.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// The source of secrets.
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    fn passwords(&self) -> &dyn Passwords {
        &*self.passwords
    }

    /// What encrypts what is kept to be used again.
    pub fn seal(&self) -> Arc<dyn Seal> {
        Arc::clone(&self.seal)
    }

    fn issuers(&self) -> &dyn Issuers {
        &*self.issuers
    }

    /// The settings of the server.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    fn uses(&self) -> &Uses {
        &self.uses
    }

    fn anchors(&self) -> Arc<Anchors> {
        Arc::clone(&self.anchors)
    }

    fn denials(&self) -> &Denials {
        &self.denials
    }

    /// The same use cases, none of which leaves anything behind: they do everything but the commit.
    pub fn rehearsal(&self) -> Self {
        self.over(Arc::new(Rehearsing(self.store.engine())))
    }

    /// The same use cases over another engine.
    fn over(&self, engine: Arc<dyn Engine>) -> Self {
        Self { store: Store::new(engine), ..self.clone() }
    }

    /// What a change carries whose caller the transaction finds out.
    fn between(&self) -> Between {
        Between { now: self.clock.now(), ids: Arc::clone(&self.ids) }
    }

    /// What a change of this caller carries.
    fn act(&self, caller: &Caller) -> Act {
        Act { caller: caller.clone(), now: self.clock.now(), ids: Arc::clone(&self.ids) }
    }
}
