//! An issuer of our own, which is as hostile as a test wants: people "sign in" there by asking for a code.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// What the issuers below one origin know and do, by their names.
#[derive(Clone, Default)]
pub(super) struct Shared {
    /// What is answered in place of what would be, by path.
    pub(super) instead: Arc<Mutex<HashMap<String, Value>>>,
    /// How often each path was asked for.
    pub(super) asked: Arc<Mutex<HashMap<String, u32>>>,
    /// The ID token of each code.
    codes: Arc<Mutex<HashMap<String, String>>>,
    /// The last form that the token endpoint got, and its `Authorization`.
    pub(super) redeemed: Arc<Mutex<Option<Redeemed>>>,
}

/// A form, and the `Authorization` that came with it.
type Redeemed = (HashMap<String, String>, String);

/// A server of issuers: each path below it is one.
pub(super) struct Issuers {
    pub(super) origin: String,
    pub(super) state: Shared,
}

impl Issuers {
    /// On a thread and a port of its own, until the process ends.
    pub(super) fn start() -> Self {
        let state = Shared::default();
        let router = Router::new()
            .route("/{name}/.well-known/openid-configuration", get(discovery))
            .route("/{name}/keys", get(keys))
            .route("/{name}/token", post(token))
            .with_state(state.clone());
        let (started, start) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                started.send(format!("http://{}", listener.local_addr().unwrap())).unwrap();
                axum::serve(listener, router).await.unwrap();
            });
        });
        Self { origin: start.recv().unwrap(), state }
    }

    pub(super) fn url(&self, name: &str) -> String {
        format!("{}/{name}", self.origin)
    }

    /// Has a path answer something else from now on.
    pub(super) fn instead(&self, path: &str, answer: Value) {
        self.state.instead.lock().unwrap().insert(path.to_owned(), answer);
    }

    pub(super) fn asked(&self, path: &str) -> u32 {
        self.state.asked.lock().unwrap().get(path).copied().unwrap_or_default()
    }

    /// A code that is worth this ID token.
    pub(super) fn code(&self, id_token: String) -> String {
        let mut codes = self.state.codes.lock().unwrap();
        let code = format!("code-{}", codes.len());
        codes.insert(code.clone(), id_token);
        code
    }
}

/// The key of this name, made when it is first asked for.
pub(super) fn key(name: &str) -> EncodingKey {
    static KEYS: LazyLock<Mutex<HashMap<String, EncodingKey>>> = LazyLock::new(Mutex::default);
    KEYS.lock().unwrap().entry(name.to_owned()).or_insert_with(make).clone()
}

fn make() -> EncodingKey {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let text = STANDARD.encode(der.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n");
    EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()
}

pub(super) fn public(name: &str) -> Value {
    let mut jwk = Jwk::from_encoding_key(&key(name), Algorithm::RS256).unwrap();
    jwk.common.key_id = Some(name.to_owned());
    serde_json::to_value(jwk).unwrap()
}

/// A token that is signed with this key.
pub(super) fn signed(by: &str, kid: &str, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(kid.to_owned());
    jsonwebtoken::encode(&header, claims, &key(by)).unwrap()
}

/// A token with this header, which the key has signed whatever the header says.
pub(super) fn forged(by: &str, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key(by), Algorithm::RS256).unwrap();
    format!("{message}.{signature}")
}

fn answer(state: &Shared, path: &str, usual: Value) -> Response {
    *state.asked.lock().unwrap().entry(path.to_owned()).or_default() += 1;
    let instead = state.instead.lock().unwrap().get(path).cloned();
    match instead {
        Some(Value::String(location)) => (StatusCode::FOUND, [("location", location)]).into_response(),
        Some(other) => Json(other).into_response(),
        None => Json(usual).into_response(),
    }
}

async fn discovery(State(state): State<Shared>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let issuer = format!("http://{}/{name}", headers["host"].to_str().unwrap());
    let usual = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "authorization_response_iss_parameter_supported": name == "named",
    });
    answer(&state, &format!("/{name}/.well-known/openid-configuration"), usual)
}

async fn keys(State(state): State<Shared>, Path(name): Path<String>) -> Response {
    let own = if name == "evil" { "evil" } else { "honest" };
    answer(&state, &format!("/{name}/keys"), json!({"keys": [public(own)]}))
}

async fn token(
    State(state): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let shown = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let id_token = state.codes.lock().unwrap().remove(&form["code"]);
    *state.redeemed.lock().unwrap() = Some((form, shown.unwrap_or_default()));
    match id_token {
        Some(id_token) => answer(
            &state,
            &format!("/{name}/token"),
            json!({"access_token": "x", "token_type": "Bearer", "id_token": id_token}),
        ),
        None => (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response(),
    }
}
