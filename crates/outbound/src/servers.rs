//! Servers of workspaces, whose addresses these tell themselves.

use async_trait::async_trait;
use tenantry_core::Result;
use tenantry_core::settings::Settings;
use tenantry_core::workspace::{Health, Servers};
use url::Url;

use crate::guarded::{Asked, Guarded};

/// Servers of workspaces, asked through a guarded client.
pub struct WorkspaceServers(Guarded);

impl WorkspaceServers {
    /// Servers on the public internet, and those that these settings allow.
    pub fn new(settings: &Settings) -> Result<Self> {
        Guarded::new(settings).map(Self)
    }
}

#[async_trait]
impl Servers for WorkspaceServers {
    async fn health(&self, server_url: &str) -> Health {
        let Some(address) = health_address(server_url) else { return Health::Unasked };
        match self.0.ask(&address).await {
            Asked::Answered(status) if status.is_success() => Health::Up,
            Asked::Answered(_) | Asked::Silent => Health::Down,
            Asked::NotAllowed => Health::Unasked,
        }
    }
}

/// `/health` below the address of a ZenML server.
fn health_address(server_url: &str) -> Option<Url> {
    let mut address = Url::parse(server_url).ok()?;
    address.set_query(None);
    address.set_fragment(None);
    address.path_segments_mut().ok()?.pop_if_empty().push("health");
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    #[test]
    fn health_is_asked_below_the_address() {
        for (server, address) in [
            ("https://r.example", "https://r.example/health"),
            ("https://r.example/", "https://r.example/health"),
            ("https://r.example/zenml/?a=b#c", "https://r.example/zenml/health"),
        ] {
            assert_eq!(health_address(server).unwrap().as_str(), address);
        }
        assert_eq!(health_address("mailto:ada@r.example"), None);
    }

    /// Answers everybody with this status, and says who came.
    async fn serve(status: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 1024];
                let read = stream.read(&mut request).await.unwrap();
                assert!(request[..read].starts_with(b"GET /health HTTP/1.1\r\n"));
                let answer = format!("HTTP/1.1 {status}\r\nlocation: /\r\ncontent-length: 0\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        origin
    }

    #[tokio::test]
    async fn only_a_success_is_up() {
        for (status, health) in [
            ("200 OK", Health::Up),
            ("204 No Content", Health::Up),
            ("302 Found", Health::Down),
            ("404 Not Found", Health::Down),
            ("503 Service Unavailable", Health::Down),
        ] {
            let origin = serve(status).await;
            let settings = Settings { outbound_allow: vec![origin.clone()], ..Settings::default() };
            let servers = WorkspaceServers::new(&settings).unwrap();
            assert_eq!(servers.health(&origin).await, health, "{status}");
            // Nobody goes there whom the operator does not let.
            let servers = WorkspaceServers::new(&Settings::default()).unwrap();
            assert_eq!(servers.health(&origin).await, Health::Unasked);
        }
    }

    /// A name that leads inside is found out on the way, and says nothing of the server behind it.
    #[tokio::test]
    async fn who_may_not_be_asked_is_not_down() {
        let servers = WorkspaceServers::new(&Settings::default()).unwrap();
        for unasked in
            ["https://localhost:8443", "https://10.0.0.1", "http://r.example", "https://a:b@r.example"]
        {
            assert_eq!(servers.health(unasked).await, Health::Unasked, "{unasked}");
        }
        assert_eq!(servers.health("https://nobody.invalid").await, Health::Down);
    }
}
