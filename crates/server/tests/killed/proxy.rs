//! A way to PostgreSQL on which the answers to commits can get lost.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Passes everything on, until it is told to lose what is answered to commits from then on.
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    losing: Arc<AtomicBool>,
}

impl Proxy {
    /// A proxy of the server at this address.
    pub(crate) fn of(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let losing = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&losing);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                pass(client, TcpStream::connect(server).unwrap(), &told);
            }
        });
        Self { address, losing }
    }

    /// Loses the answer to every commit from now on, or no longer.
    pub(crate) fn lose(&self, losing: bool) {
        self.losing.store(losing, Ordering::SeqCst);
    }
}

fn pass(client: TcpStream, server: TcpStream, losing: &Arc<AtomicBool>) {
    let committed = Arc::new(AtomicBool::new(false));
    let (noted, losing) = (Arc::clone(&committed), Arc::clone(losing));
    let (there, back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    thread::spawn(move || {
        copy(client, there, |bytes| {
            let commits = bytes.windows(6).any(|word| word == b"COMMIT");
            noted.fetch_or(commits && losing.load(Ordering::SeqCst), Ordering::SeqCst);
            true
        });
    });
    thread::spawn(move || copy(server, back, |_| !committed.load(Ordering::SeqCst)));
}

/// Copies what passes until one side ends.
fn copy(mut from: TcpStream, mut to: TcpStream, mut passes: impl FnMut(&[u8]) -> bool) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if passes(&bytes[..count]) && to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
