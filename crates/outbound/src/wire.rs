//! What goes over wires: TLS to servers of a self-made authority, and a name whose address changes.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::Certificate;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// Whoever signs certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn trusted(&self) -> Certificate {
        Certificate::from_der(self.0.der()).unwrap()
    }

    /// What a server of this name shows, at a time at which it counts or not.
    fn acceptor(&self, name: &str, over: bool) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if over {
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        }
        let certificate: CertificateDer<'static> = params.signed_by(&key, &self.0).unwrap().into();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Answers `hello` to whoever comes; counts who came, before anything is said.
async fn serve(at: (Ipv4Addr, u16), acceptor: TlsAcceptor) -> (u16, Arc<AtomicU32>) {
    let listener = TcpListener::bind(at).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let came = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&came);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 1024]).await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    });
    (port, came)
}

/// Where a name leads, one time after another: the way of a name that is rebound.
struct Rebound(Mutex<VecDeque<Ipv4Addr>>);

impl Rebound {
    fn of(addresses: &[Ipv4Addr]) -> Self {
        Self(Mutex::new(addresses.iter().copied().collect()))
    }
}

impl Resolve for Rebound {
    fn resolve(&self, _: Name) -> Resolving {
        let next = self.0.lock().unwrap().pop_front().expect("the name is asked for once a connection");
        Box::pin(async move { checked(vec![(next, 0).into()], |address| address != INSIDE) })
    }
}

/// Stands for what is public.
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const INSIDE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

async fn ask(client: &Client, port: u16) -> Result<Fetched> {
    read(client.get(format!("https://id.example:{port}/")), 10).await
}

/// What is checked is what is connected to: a name that leads inside a moment later does not lead the client there, and is
/// refused with the next connection.
#[tokio::test]
async fn a_name_that_is_rebound_leads_nobody_inside() {
    let authority = Authority::new();
    let (port, outside) = serve((OUTSIDE, 0), authority.acceptor("id.example", false)).await;
    let (_, inside) = serve((Ipv4Addr::LOCALHOST, port), authority.acceptor("id.example", false)).await;
    let names = Rebound::of(&[OUTSIDE, Ipv4Addr::LOCALHOST]);
    let client = public(names).tls_certs_only([authority.trusted()]).build().unwrap();
    assert_eq!(ask(&client, port).await.unwrap().body, b"hello");
    assert_eq!(ask(&client, port).await.unwrap_err().kind, Kind::Unavailable);
    assert_eq!((outside.load(Ordering::Relaxed), inside.load(Ordering::Relaxed)), (1, 0));
}

#[tokio::test]
async fn who_shows_no_good_certificate_is_told_nothing() {
    let (authority, other) = (Authority::new(), Authority::new());
    for (what, by, name, over, is_good) in [
        ("good", &authority, "id.example", false, true),
        ("of another authority", &other, "id.example", false, false),
        ("of another name", &authority, "other.example", false, false),
        ("over", &authority, "id.example", true, false),
    ] {
        let (port, came) = serve((OUTSIDE, 0), by.acceptor(name, over)).await;
        let client = public(Rebound::of(&[OUTSIDE])).tls_certs_only([authority.trusted()]);
        let asked = ask(&client.build().unwrap(), port).await;
        assert_eq!(asked.is_ok(), is_good, "{what}");
        assert!(asked.is_ok_and(|fetched| fetched.body == b"hello") == is_good, "{what}");
        assert_eq!(came.load(Ordering::Relaxed), 1, "{what}");
    }
    // The authorities of the system know none of these.
    let (port, _) = serve((OUTSIDE, 0), authority.acceptor("id.example", false)).await;
    let client = public(Rebound::of(&[OUTSIDE])).build().unwrap();
    assert_eq!(ask(&client, port).await.unwrap_err().kind, Kind::Unavailable);
}
