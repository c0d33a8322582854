//! Servers of workspaces that answer whatever a test wants.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use tenantry_core::workspace::{Health, Servers};

/// Every server, and each is down until a test says otherwise.
#[derive(Debug, Default)]
pub struct PlainServers {
    health: Mutex<HashMap<String, Health>>,
    asked: Mutex<Vec<String>>,
}

impl PlainServers {
    /// The server at this address answers so from now on.
    pub fn set(&self, url: &str, health: Health) {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).insert(url.to_owned(), health);
    }

    /// Which servers were asked since the last look.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Servers for PlainServers {
    async fn health(&self, server_url: &str) -> Health {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(server_url.to_owned());
        let health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.get(server_url).copied().unwrap_or(Health::Down)
    }
}
