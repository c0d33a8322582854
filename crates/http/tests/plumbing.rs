//! A small dialect over a core whose database is away: what the plumbing itself answers, and what it logs.

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::StreamExt;
use tenantry_core::Error;
use tenantry_core::credential::{Secret, TokenKind};
use tenantry_http::{
    Authenticated, Dialect, Form, Json, Limits, Observer, Query, Refusal, Refused, Segments, Served,
    TrustedProxies, bearer, enclose, observe,
};
use tenantry_testkit::away::Away;
use tower::ServiceExt;

struct Small;

impl Dialect for Small {
    fn refuse(refusal: &Refusal) -> Response {
        let (status, text) = match refusal {
            Refusal::Core(error) | Refusal::Query(error) => {
                (StatusCode::IM_A_TEAPOT, error.public().to_owned())
            }
            Refusal::UnknownRoute => (StatusCode::NOT_FOUND, "route".to_owned()),
            Refusal::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method".to_owned()),
            Refusal::BodyTooLarge { limit } => (StatusCode::PAYLOAD_TOO_LARGE, format!("limit {limit}")),
            Refusal::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, "body".to_owned()),
            Refusal::UnsupportedMediaType { expected } => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, (*expected).to_owned())
            }
            Refusal::MalformedBody { message } => (StatusCode::BAD_REQUEST, message.clone()),
            Refusal::Timeout => (StatusCode::GATEWAY_TIMEOUT, "timeout".to_owned()),
            Refusal::Panicked { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "fault".to_owned()),
        };
        (status, text).into_response()
    }

    fn credential(headers: &HeaderMap) -> Result<Option<String>, Error> {
        bearer(headers)
    }
}

fn app() -> Router {
    Log::of_the_process();
    let limits = Limits {
        body_bytes: 64,
        body: Duration::from_millis(20),
        request: Duration::from_millis(50),
        ..Limits::default()
    };
    let served = Served::new(Away::core(), "https://tenantry.example/", limits);
    let routes = Router::new()
        .route("/who", get(async |who: Authenticated<Small>| format!("{:?}", who.caller)))
        .route("/things/{a}/{b}", get(async |Segments([a, b]): Segments<2>| format!("{a:?} {b:?}")))
        .route("/query", get(first_of_query))
        .route("/json", post(async |json: Json<Small>| json.body.to_string()))
        .route("/form", post(async |form: Form<Small>| form.get("a").unwrap_or("none").to_owned()))
        .route("/panic", get(panics))
        .route("/slow", get(async || tokio::time::sleep(Duration::from_secs(5)).await));
    observe(
        enclose::<Small>(routes, served),
        Observer {
            clock: Arc::new(Away),
            ids: Arc::new(Away),
            core: Away::core(),
            proxies: TrustedProxies::default(),
        },
    )
}

async fn first_of_query(query: Query<Small>) -> Result<String, Refused<Small>> {
    Ok(query.one("a")?.unwrap_or("none").to_owned())
}

async fn panics() {
    panic!("the secret of the panic");
}

async fn send(request: Request<Body>) -> (StatusCode, String, HeaderMap) {
    let response = app().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.expect("the whole body");
    (parts.status, String::from_utf8(bytes.to_vec()).expect("text"), parts.headers)
}

fn request(method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path)
}

#[tokio::test]
async fn every_refusal_has_the_dialects_shape() {
    let long = "x".repeat(65);
    let deep = "[".repeat(60);
    let cases: [(&str, &str, &str, &str, u16, &str); 18] = [
        ("GET", "/nowhere", "", "", 404, "route"),
        ("OPTIONS", "/nowhere", "", "", 404, "route"),
        ("DELETE", "/who", "", "", 405, "method"),
        ("GET", "/who", "", "", 418, "a credential is required"),
        ("GET", "/query?a=1", "", "", 200, "1"),
        ("GET", "/query?a=1&a=2", "", "", 418, "a: expected at most one value"),
        ("GET", "/query?b=%ff", "", "", 418, "b: the value has bytes that are not UTF-8"),
        ("POST", "/json", "", "{}", 415, "application/json"),
        ("POST", "/json", "text/json", "{}", 415, "application/json"),
        ("POST", "/json", "application/json; charset=utf-8", "{}", 200, "{}"),
        ("POST", "/json", "application/merge-patch+json", "[1]", 200, "[1]"),
        ("POST", "/json", "application/json", &long, 413, "limit 64"),
        (
            "POST",
            "/json",
            "application/json",
            &deep,
            400,
            "not JSON: EOF while parsing a list at line 1 column 60",
        ),
        ("POST", "/form", "application/json", "a=1", 415, "application/x-www-form-urlencoded"),
        ("POST", "/form", "application/x-www-form-urlencoded", "a=1", 200, "1"),
        ("POST", "/form", "application/x-www-form-urlencoded", &long, 413, "limit 64"),
        ("GET", "/panic", "", "", 500, "fault"),
        ("GET", "/slow", "", "", 504, "timeout"),
    ];
    for (method, path, media_type, body, status, text) in cases {
        let mut request = request(method, path);
        if !media_type.is_empty() {
            request = request.header("content-type", media_type);
        }
        let got = send(request.body(Body::from(body.to_owned())).unwrap()).await;
        assert_eq!((got.0.as_u16(), got.1.as_str()), (status, text), "{method} {path} {body}");
    }
}

#[tokio::test]
async fn a_body_of_unknown_length_is_cut_off_too() {
    let chunks = futures_util::stream::iter((0..9).map(|_| Ok::<_, std::io::Error>("12345678")));
    let request = request("POST", "/json").header("content-type", "application/json");
    let got = send(request.body(Body::from_stream(chunks)).unwrap()).await;
    assert_eq!((got.0.as_u16(), got.1.as_str()), (413, "limit 64"));
}

/// Neither one that is read nor one that is too large to be kept; and what is left of it is no next request.
#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    for (path, media_type, announced, refused) in [
        ("/json", "application/json", "2", (408, "body")),
        ("/json", "application/json", "65", (413, "limit 64")),
        ("/form", "application/x-www-form-urlencoded", "2", (408, "body")),
    ] {
        let request = request("POST", path).header("content-type", media_type);
        let begun = futures_util::stream::iter([Ok::<_, std::io::Error>("{")]);
        let body = Body::from_stream(begun.chain(futures_util::stream::pending()));
        let got = send(request.header("content-length", announced).body(body).unwrap()).await;
        assert_eq!((got.0.as_u16(), got.1.as_str()), refused, "{path} {announced}");
        assert_eq!(got.2["connection"], "close");
    }
}

#[tokio::test]
async fn a_path_tells_its_methods() {
    for (method, status) in [("OPTIONS", 204), ("DELETE", 405)] {
        let got = send(request(method, "/who").body(Body::empty()).unwrap()).await;
        assert_eq!((got.0.as_u16(), &got.2["allow"]), (status, &"GET,HEAD".parse().unwrap()));
    }
    let head = send(request("HEAD", "/query?a=1").body(Body::empty()).unwrap()).await;
    assert_eq!((head.0.as_u16(), head.1.as_str()), (200, ""));
}

#[tokio::test]
async fn malformed_segments_name_nothing() {
    for (path, text) in [
        ("/things/a%20b/%C3%B8", r#""a b" "ø""#),
        ("/things/a%2Fb/c", r#""a/b" "c""#),
        ("/things/a/%00", r#""a" """#),
        ("/things/a/%ff", r#""" """#),
    ] {
        assert_eq!(send(request("GET", path).body(Body::empty()).unwrap()).await.1, text, "{path}");
    }
}

#[tokio::test]
async fn repeats_a_well_formed_request_id_and_makes_one_otherwise() {
    let longest = "x".repeat(128);
    let too_long = "x".repeat(129);
    let made = "00000000-0000-0000-0000-000000000007";
    for (given, expected) in
        [("abc-1", "abc-1"), (&longest, &longest), (&too_long, made), ("a b", made), ("", made)]
    {
        let request = request("GET", "/nowhere").header("x-request-id", given);
        assert_eq!(send(request.body(Body::empty()).unwrap()).await.2["x-request-id"], expected);
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// One for all tests: whether a line is logged at all is remembered for the process, so a subscriber of one test
    /// alone misses lines that others came to first.
    fn of_the_process() -> Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        let begin = || {
            let log = Self::default();
            let writer = log.clone();
            let format = tracing_subscriber::fmt().with_ansi(false).without_time();
            format.with_writer(move || writer.clone()).init();
            log
        };
        LOG.get_or_init(begin).clone()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The causes of faults are for the log alone, and the log never has a path, a query or a secret.
#[tokio::test]
async fn logs_templates_and_faults() {
    let secret = Secret::random(TokenKind::PersonalAccess, &Away);
    let who = request("GET", "/who?hush=1").header("authorization", format!("Bearer {}", secret.expose()));
    let away = send(who.header("x-request-id", "r1").body(Body::empty()).unwrap()).await;
    let panicked =
        send(request("GET", "/panic").header("x-request-id", "r2").body(Body::empty()).unwrap()).await;
    send(request("GET", "/things/hush/hush").header("x-request-id", "r3").body(Body::empty()).unwrap()).await;
    send(request("GET", "/hush").header("x-request-id", "r4").body(Body::empty()).unwrap()).await;

    assert_eq!(away.1, "the server is busy or its database is away, try again");
    assert_eq!(panicked.1, "fault");
    let log = String::from_utf8(Log::of_the_process().0.lock().unwrap().clone()).unwrap();
    let own = ["r1", "r2", "r3", "r4"].map(|id| format!("request_id=\"{id}\""));
    let lines = log.lines().map(str::trim).filter(|line| own.iter().any(|id| line.contains(id)));
    let lines: Vec<&str> = lines.collect();
    assert_eq!(
        lines,
        [
            "ERROR tenantry_http::observe: store.unavailable: the server is busy or its database is away, \
             try again: the disk is on fire request_id=\"r1\" method=GET route=\"/who\" status=418",
            "INFO access: answered request_id=\"r1\" method=GET route=\"/who\" status=418 micros=0",
            "ERROR tenantry_http::observe: panicked: the secret of the panic \
             request_id=\"r2\" method=GET route=\"/panic\" status=500",
            "INFO access: answered request_id=\"r2\" method=GET route=\"/panic\" status=500 micros=0",
            "INFO access: answered request_id=\"r3\" method=GET route=\"/things/{a}/{b}\" status=200 micros=0",
            "INFO access: answered request_id=\"r4\" method=GET route=\"unknown\" status=404 micros=0",
        ]
    );
}
