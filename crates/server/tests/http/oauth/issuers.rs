//! Signing in with external issuers, and calling the API with their tokens: against issuers of our own, which are hostile.
//! Who is linked with whom is tested over the store; here is what goes over wires.

use base64::Engine as _;
use serde_json::{Value, json};
use sha2::Digest;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::issuer::{ClientSecret, Issuer, IssuerChange, IssuerOf, NewIssuer};
use tenantry_core::settings::Settings;
use tenantry_server::demo;

use super::App;
use super::browser::{Browser, between};
use super::issuer::{Issuers, forged, public, signed};
use crate::harness::{Answer, Engine, TestServer, client};

/// What makes a token of claims.
type Maker = Box<dyn Fn(Value) -> String>;

macro_rules! both_with_issuers {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $name() { super::$name(&super::Scene::new($crate::harness::Engine::Sqlite)).await; })*
        }
        mod on_postgres {
            $(#[tokio::test] async fn $name() { super::$name(&super::Scene::new($crate::harness::Engine::Postgres)).await; })*
        }
    };
}

pub(super) use both_with_issuers;

both_with_issuers!(
    a_person_links_an_account_and_comes_in_by_it,
    tokens_of_no_good_open_nothing,
    id_tokens_of_no_good_begin_no_session,
    an_answer_of_one_issuer_is_none_of_another,
    keys_are_fetched_seldom_and_bounded,
    issuers_that_lie_are_not_asked,
    an_organization_s_issuer_reaches_no_further,
);

/// A server that may ask issuers at a loopback address.
pub(super) struct Scene {
    pub(super) server: TestServer,
    pub(super) issuers: Issuers,
}

impl Scene {
    pub(super) fn new(engine: Engine) -> Self {
        let issuers = Issuers::start();
        let settings = Settings { outbound_allow: vec![issuers.origin.clone()], ..demo::settings() };
        let server = TestServer::with(engine, settings);
        Self { server, issuers }
    }

    /// Has the server trust one of the issuers.
    pub(super) async fn trust(&self, name: &str, of: IssuerOf) -> Issuer {
        let root = self.server.core.authenticate(self.server.token("root")).await.unwrap();
        let new = NewIssuer {
            url: self.issuers.url(name),
            rest: IssuerChange {
                title: Some(format!("The <{name}>")),
                client_id: Some("us".to_owned()),
                client_secret: Some(ClientSecret("s&cret".to_owned().into())),
                audience: Some(Some("api".to_owned())),
                ..IssuerChange::default()
            },
        };
        self.server.core.create_issuer(&root, of, new).await.unwrap()
    }

    /// An ID token of an issuer for a sign-in.
    fn id_claims(&self, name: &str, nonce: &str) -> Value {
        let mut claims = self.api_claims(name);
        claims["aud"] = "us".into();
        claims["nonce"] = nonce.into();
        claims
    }

    pub(super) fn api_claims(&self, name: &str) -> Value {
        let now = self.server.core.clock().now().as_micros() / 1_000_000;
        json!({"iss": self.issuers.url(name), "sub": "a-1", "aud": "api", "iat": now, "exp": now + 300})
    }

    /// Follows the way to an issuer and brings a code back that is worth the token that `make` makes of the claims.
    pub(super) async fn come_back(
        &self,
        browser: &mut Browser<'_>,
        departure: &str,
        (name, more): (&str, &[(&str, &str)]),
        make: impl Fn(Value) -> String,
    ) -> Answer {
        let code = self.issuers.code(make(self.id_claims(name, &parameter(departure, "nonce"))));
        let mut pairs = vec![("code", code), ("state", parameter(departure, "state"))];
        for (known, value) in more {
            pairs.retain(|(name, _)| name != known);
            pairs.push((known, (*value).to_owned()));
        }
        let pairs = pairs.iter().map(|(name, value)| (*name, value.as_str()));
        browser.get(&format!("/login/issuer/callback?{}", tenantry_http::encode_query(pairs))).await
    }

    /// Links ada with `a-1` of the issuer.
    pub(super) async fn link(&self, issuer: &Issuer, name: &str) {
        let mut browser = Browser::of(&self.server, "ada").await;
        let page = browser.get("/login/account").await;
        let form = [("form_token", token_of(&page)), ("issuer", issuer.id.to_string())];
        let form = form.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let page = browser.post("/login/account", &form).await;
        let departure = between(&page.text, "<a href=\"", "\"").unwrap().replace("&#38;", "&");
        let back = self.come_back(&mut browser, &departure, (name, &[]), honest);
        let back = back.await;
        assert_eq!(
            (back.status, back.headers["location"].to_str().unwrap()),
            (303, "/login/account"),
            "{}",
            back.text
        );
    }

    /// Where a browser is sent that wants to sign in with the issuer.
    pub(super) async fn depart(&self, browser: &mut Browser<'_>, issuer: &Issuer) -> String {
        let answer =
            browser.get(&format!("/login/issuer?issuer={}&return_to=%2Flogin%2Fdevice", issuer.id)).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        answer.headers["location"].to_str().unwrap().to_owned()
    }

    pub(super) async fn me(&self, token: &str) -> Answer {
        self.server.get(token, "/api/v1/me").await
    }
}

/// The token that the honest issuer makes of these claims.
#[expect(clippy::needless_pass_by_value, reason = "makers of tokens take claims to change them")]
pub(super) fn honest(claims: Value) -> String {
    signed("honest", "honest", &claims)
}

pub(super) fn token_of(page: &Answer) -> String {
    between(&page.text, "name=\"form_token\" value=\"", "\"").unwrap().to_owned()
}

pub(super) fn parameter(address: &str, name: &str) -> String {
    let url = url::Url::parse(address).unwrap();
    url.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned()
}

fn has_session(browser: &Browser<'_>) -> bool {
    browser.cookies.contains_key("__Host-tenantry")
}

async fn a_person_links_an_account_and_comes_in_by_it(scene: &Scene) {
    let issuer = scene.trust("honest", IssuerOf::Server).await;
    scene.link(&issuer, "honest").await;
    let mut browser = Browser::new(&scene.server);
    let page = browser.get("/login?return_to=%2Flogin%2Fdevice").await;
    let way = between(&page.text, "<a class=\"button\" href=\"", "\"").unwrap().replace("&#38;", "&");
    assert!(page.text.contains("Sign in with The &#60;honest&#62;"), "{}", page.text);
    let departure = browser.get(&way).await;
    let departure = departure.headers["location"].to_str().unwrap().to_owned();
    assert!(departure.starts_with(&format!("{}/authorize?", scene.issuers.url("honest"))), "{departure}");
    assert_eq!(parameter(&departure, "redirect_uri"), format!("{}/login/issuer/callback", scene.server.url));
    assert_eq!(
        ["response_type", "client_id", "scope", "code_challenge_method"]
            .map(|name| parameter(&departure, name)),
        ["code", "us", "openid email profile", "S256"]
    );
    let back = scene.come_back(&mut browser, &departure, ("honest", &[]), honest);
    let back = back.await;
    assert_eq!(
        (back.status, back.headers["location"].to_str().unwrap()),
        (303, "/login/device"),
        "{}",
        back.text
    );
    assert!(has_session(&browser) && !browser.cookies.contains_key("__Host-tenantry-issuer"));
    let (form, shown) = scene.issuers.state.redeemed.lock().unwrap().clone().unwrap();
    let mut names: Vec<_> = form.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["code", "code_verifier", "grant_type", "redirect_uri"]);
    // RFC 6749, section 2.3.1: `us:s%26cret`.
    assert_eq!(shown, "Basic dXM6cyUyNmNyZXQ=");
    let challenge =
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(&form["code_verifier"]));
    assert_eq!(parameter(&departure, "code_challenge"), challenge);
    let account = browser.get("/login/account").await;
    assert!(account.text.contains("The &#60;honest&#62;: a-1"), "{}", account.text);
    // The same answer again counts for nothing: what it fits is forgotten.
    let mut other = Browser::new(&scene.server);
    let again = scene.come_back(&mut other, &departure, ("honest", &[]), honest);
    assert_eq!(again.await.status, 403);
    let me = scene.me(&signed("honest", "honest", &scene.api_claims("honest"))).await.expect(200);
    assert_eq!(me["email"], scene.me(scene.server.token("ada")).await.expect(200)["email"]);
}

/// Tokens that another key, or nobody, has signed, made of sound claims.
fn forgeries(claims: &Value) -> Vec<(&'static str, String)> {
    let header = |more: Value| {
        let mut header = json!({"alg": "RS256", "kid": "honest", "typ": "JWT"});
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        header
    };
    let unsigned = |alg: &str| {
        let token = forged("honest", &header(json!({"alg": alg})), claims);
        format!("{}.", token.rsplit_once('.').unwrap().0)
    };
    // The public key, as a secret of HS256.
    let secret = jsonwebtoken::EncodingKey::from_secret(public("honest").to_string().as_bytes());
    let mut symmetric = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    symmetric.kid = Some("honest".to_owned());
    let key = public("evil");
    vec![
        ("another key", signed("evil", "honest", claims)),
        ("another key by its name", signed("evil", "evil", claims)),
        ("none", unsigned("none")),
        ("None", unsigned("None")),
        ("no signature", unsigned("RS256")),
        ("HS256", jsonwebtoken::encode(&symmetric, claims, &secret).unwrap()),
        ("an algorithm that is not trusted", forged("honest", &header(json!({"alg": "PS256"})), claims)),
        ("jwk", forged("evil", &header(json!({"jwk": key})), claims)),
        ("jwk of the issuer", forged("honest", &header(json!({"jwk": public("honest")})), claims)),
        ("jku", forged("evil", &header(json!({"jku": "https://evil.example/keys"})), claims)),
        ("x5u", forged("evil", &header(json!({"x5u": "https://evil.example/x"})), claims)),
        ("x5c", forged("evil", &header(json!({"x5c": ["AA=="]})), claims)),
        ("crit", forged("honest", &header(json!({"crit": ["exp"]})), claims)),
        ("kid of another form", forged("honest", &header(json!({"kid": 1})), claims)),
        ("kid as a path", forged("honest", &header(json!({"kid": "../../honest"})), claims)),
        ("changed", {
            let token = signed("honest", "honest", claims);
            let (head, signature) = token.rsplit_once('.').unwrap();
            let mut other = claims.clone();
            other["sub"] = "root".into();
            let other = signed("honest", "honest", &other);
            assert_ne!(head, other.rsplit_once('.').unwrap().0);
            format!("{}.{signature}", other.rsplit_once('.').unwrap().0)
        }),
    ]
}

async fn tokens_of_no_good_open_nothing(scene: &Scene) {
    let issuer = scene.trust("honest", IssuerOf::Server).await;
    scene.trust("evil", IssuerOf::Server).await;
    scene.link(&issuer, "honest").await;
    let claims = scene.api_claims("honest");
    scene.me(&signed("honest", "honest", &claims)).await.expect(200);
    for (what, token) in forgeries(&claims) {
        assert_eq!(scene.me(&token).await.status, 401, "{what}");
    }
    // Another trusted issuer speaks for itself, about people of its own.
    let evil = scene.api_claims("evil");
    assert_eq!(scene.me(&signed("evil", "evil", &evil)).await.status, 401);
    assert_eq!(scene.me(&signed("evil", "evil", &claims)).await.status, 401);
    let now = claims["iat"].as_i64().unwrap();
    for (name, value) in [
        ("aud", json!("us")),
        ("aud", json!("else")),
        ("aud", Value::Null),
        ("iss", json!("https://nobody.example")),
        ("exp", json!(now - 61)),
        ("exp", json!("soon")),
        ("nbf", json!(now + 120)),
        ("sub", json!("b-2")),
        ("sub", json!(7)),
        ("nonce", json!("n")),
    ] {
        let mut other = claims.clone();
        other[name] = value.clone();
        let answer = scene.me(&signed("honest", "honest", &other)).await;
        assert_eq!(answer.status, 401, "{name} {value}");
    }
    let typed =
        |kind: &str| forged("honest", &json!({"alg": "RS256", "kid": "honest", "typ": kind}), &claims);
    scene.me(&typed("at+jwt")).await.expect(200);
    assert_eq!(scene.me(&typed("logout+jwt")).await.status, 401);
    let nameless = forged("honest", &json!({"alg": "RS256"}), &claims);
    scene.me(&nameless).await.expect(200);
    // Every dialect takes the good one.
    let good = signed("honest", "honest", &claims);
    for path in ["/workspace/orgs", "/api/v1/user", "/users/me", "/api/v1/organizations"] {
        let (ours, theirs) =
            (scene.server.get(scene.server.token("ada"), path).await, scene.server.get(&good, path).await);
        assert_eq!(ours.status, theirs.status, "{path}: {}", theirs.text);
    }
}

async fn id_tokens_of_no_good_begin_no_session(scene: &Scene) {
    let issuer = scene.trust("honest", IssuerOf::Server).await;
    scene.link(&issuer, "honest").await;
    let now = scene.api_claims("honest")["iat"].as_i64().unwrap();
    let with = |name: &'static str, value: Value| {
        move |mut claims: Value| {
            claims[name] = value.clone();
            signed("honest", "honest", &claims)
        }
    };
    let mut makers: Vec<(String, Maker)> = vec![];
    for (name, value) in [
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("aud", json!("else")),
        ("aud", json!(["us", "else"])),
        ("azp", json!("else")),
        ("iss", json!(scene.issuers.url("evil"))),
        ("exp", json!(now - 61)),
        ("nbf", json!(now + 120)),
        ("sub", json!("")),
    ] {
        makers.push((format!("{name} {value}"), Box::new(with(name, value))));
    }
    for at in 0..forgeries(&json!({})).len() {
        makers.push((format!("forgery {at}"), Box::new(move |claims| forgeries(&claims).swap_remove(at).1)));
    }
    makers.push(("no token".to_owned(), Box::new(|_| "x".to_owned())));
    for (at, (what, make)) in makers.iter().enumerate() {
        let mut browser = Browser::new(&scene.server);
        let departure = scene.depart(&mut browser, &issuer).await;
        // Each from a network of its own: so many guesses from one would be refused unheard.
        browser.source = Some(format!("10.9.{at}.1"));
        let back = scene.come_back(&mut browser, &departure, ("honest", &[]), make).await;
        assert_eq!(back.status, 403, "{what}: {}", back.text);
        assert!(!has_session(&browser), "{what}");
    }
    // A code that the issuer does not know, a denial, another state, none.
    for more in [
        &[("code", "made-up")][..],
        &[("error", "access_denied")],
        &[("state", "x")],
        &[("iss", "https://evil.example")],
    ] {
        let mut browser = Browser::new(&scene.server);
        let departure = scene.depart(&mut browser, &issuer).await;
        let back = scene.come_back(&mut browser, &departure, ("honest", more), honest);
        let back = back.await;
        assert_eq!((back.status, has_session(&browser)), (403, false), "{more:?}");
    }
    // Another browser's answer, with a good code.
    let (mut victim, mut attacker) = (Browser::new(&scene.server), Browser::new(&scene.server));
    let departure = scene.depart(&mut attacker, &issuer).await;
    scene.depart(&mut victim, &issuer).await;
    let back = scene.come_back(&mut victim, &departure, ("honest", &[]), honest);
    assert_eq!((back.await.status, has_session(&victim)), (403, false));
    // Nor is anybody sent to an issuer by another site without being asked.
    let mut browser = Browser::new(&scene.server);
    let way = format!("{}/login/issuer?issuer={}&login_hint=ann", scene.server.url, issuer.id);
    let asked = browser.send(client().get(&way).header("sec-fetch-site", "cross-site")).await;
    assert_eq!((asked.status, asked.headers.get("set-cookie")), (200, None));
    let onward = between(&asked.text, "<a href=\"", "\"").unwrap().replace("&#38;", "&");
    let went = client().get(format!("{}{onward}", scene.server.url)).header("sec-fetch-site", "same-origin");
    assert!(parameter(browser.send(went).await.headers["location"].to_str().unwrap(), "login_hint") == "ann");
    // Nobody is sent elsewhere afterwards.
    let mut browser = Browser::new(&scene.server);
    let way = format!("/login/issuer?issuer={}&return_to=https%3A%2F%2Fevil.example%2F", issuer.id);
    let departure = browser.get(&way).await.headers["location"].to_str().unwrap().to_owned();
    let back = scene.come_back(&mut browser, &departure, ("honest", &[]), honest);
    assert_eq!(back.await.headers["location"], "/login/account");
}

async fn an_answer_of_one_issuer_is_none_of_another(scene: &Scene) {
    let named = scene.trust("named", IssuerOf::Server).await;
    let evil = scene.trust("evil", IssuerOf::Server).await;
    scene.trust("honest", IssuerOf::Server).await;
    // The browser left for the evil one, which sent it on to the honest one with the same state.
    let mut browser = Browser::new(&scene.server);
    let departure = scene.depart(&mut browser, &evil).await;
    let told = [("iss", scene.issuers.url("named"))];
    let told: Vec<_> = told.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let back = scene.come_back(&mut browser, &departure, ("named", &told), honest);
    assert_eq!(back.await.status, 403);
    assert!(scene.issuers.state.redeemed.lock().unwrap().is_none(), "no code goes to another issuer");
    // One that promises to name itself is not believed without.
    let departure = scene.depart(&mut browser, &named).await;
    let back = scene.come_back(&mut browser, &departure, ("named", &[]), honest);
    assert_eq!(back.await.status, 403);
    assert!(scene.issuers.state.redeemed.lock().unwrap().is_none());
    // A token of the honest one, from the evil one's endpoint.
    let departure = scene.depart(&mut browser, &evil).await;
    let back = scene.come_back(&mut browser, &departure, ("honest", &[]), honest);
    assert_eq!((back.await.status, has_session(&browser)), (403, false));
}

async fn keys_are_fetched_seldom_and_bounded(scene: &Scene) {
    let issuer = scene.trust("honest", IssuerOf::Server).await;
    scene.link(&issuer, "honest").await;
    let before = scene.issuers.asked("/honest/keys");
    assert_eq!(before, 1);
    let claims = scene.api_claims("honest");
    let asking = (0..8).map(async |number| {
        let unknown = signed("evil", &format!("kid-{number}"), &claims);
        assert_eq!(scene.me(&unknown).await.status, 401);
    });
    futures_util::future::join_all(asking).await;
    assert!(scene.issuers.asked("/honest/keys") <= before + 1, "an unknown key is asked for once in a while");
    scene.me(&signed("honest", "honest", &claims)).await.expect(200);
    assert_eq!(scene.issuers.asked("/honest/.well-known/openid-configuration"), 1);
    // Too much of anything.
    for (name, document) in [
        ("many", json!({"keys": vec![public("honest"); 101]})),
        ("large", json!({"keys": [public("honest")], "more": "x".repeat(300 * 1024)})),
        ("odd", json!({"keys": "none"})),
    ] {
        scene.issuers.instead(&format!("/{name}/keys"), document);
        scene.trust(name, IssuerOf::Server).await;
        let answer = scene.me(&signed("honest", "honest", &scene.api_claims(name))).await;
        assert_eq!(answer.status, 503, "{name}: {}", answer.text);
        assert!(!answer.text.contains("127.0.0.1"), "{}", answer.text);
    }
    // Keys of other kinds and for other uses are passed over.
    let mut encrypting = public("honest");
    encrypting["use"] = "enc".into();
    let odd = json!({"keys": [{"kty": "oct", "k": "AAAA", "kid": "honest"}, {"kty": "new"}, encrypting]});
    scene.issuers.instead("/other/keys", odd);
    scene.trust("other", IssuerOf::Server).await;
    assert_eq!(scene.me(&signed("honest", "honest", &scene.api_claims("other"))).await.status, 401);
}

async fn issuers_that_lie_are_not_asked(scene: &Scene) {
    let honest_url = scene.issuers.url("honest");
    let document = |issuer: &str, keys: &str, authorize: &str| {
        json!({
            "issuer": issuer,
            "authorization_endpoint": authorize,
            "token_endpoint": format!("{honest_url}/token"),
            "jwks_uri": keys,
        })
    };
    let (own, keys) = (|name: &str| scene.issuers.url(name), format!("{honest_url}/keys"));
    let lies = [
        ("mismatch", document(&honest_url, &keys, &format!("{honest_url}/authorize"))),
        ("slash", document(&format!("{}/", own("slash")), &keys, &format!("{honest_url}/authorize"))),
        (
            "metadata",
            document(&own("metadata"), "http://169.254.169.254/keys", &format!("{honest_url}/authorize")),
        ),
        (
            "inside",
            document(&own("inside"), "https://[::ffff:127.0.0.1]/keys", &format!("{honest_url}/authorize")),
        ),
        ("file", document(&own("file"), "file:///etc/passwd", &format!("{honest_url}/authorize"))),
        ("script", document(&own("script"), &keys, "javascript:alert(1)")),
        ("plain", document(&own("plain"), &keys, "http://id.example/authorize")),
        ("elsewhere", Value::String(format!("{honest_url}/.well-known/openid-configuration"))),
        ("nothing", json!(["x"])),
    ];
    for (name, lie) in lies {
        scene.issuers.instead(&format!("/{name}/.well-known/openid-configuration"), lie);
        let issuer = scene.trust(name, IssuerOf::Server).await;
        let answer = Browser::new(&scene.server).get(&format!("/login/issuer?issuer={}", issuer.id)).await;
        assert_eq!(answer.status, 503, "{name}: {}", answer.text);
        let answer = scene.me(&signed("honest", "honest", &scene.api_claims(name))).await;
        assert_eq!(answer.status, 503, "{name}: {}", answer.text);
    }
    assert_eq!(scene.issuers.asked("/honest/.well-known/openid-configuration"), 0, "redirects lead nowhere");
    // Keys behind a redirect are none.
    scene.issuers.instead("/moved/keys", Value::String(keys.clone()));
    scene.trust("moved", IssuerOf::Server).await;
    let answer = scene.me(&signed("honest", "honest", &scene.api_claims("moved"))).await;
    assert_eq!((answer.status, scene.issuers.asked("/honest/keys")), (503, 0));
}

async fn an_organization_s_issuer_reaches_no_further(scene: &Scene) {
    let northwind = OrganizationRef::Name("northwind".to_owned());
    let issuer = scene.trust("honest", IssuerOf::Organization(northwind)).await;
    scene.link(&issuer, "honest").await;
    // It is offered to who asks for the organization.
    let offered = |page: &Answer| page.text.contains("Sign in with The");
    let mut browser = Browser::new(&scene.server);
    assert!(!offered(&browser.get("/login").await));
    assert!(offered(&browser.get("/login?organization=northwind").await));
    assert!(!offered(&browser.get("/login?organization=southgate").await));
    let departure = scene.depart(&mut browser, &issuer).await;
    let back = scene.come_back(&mut browser, &departure, ("honest", &[]), honest);
    assert_eq!(back.await.status, 303);
    // Of the account it sees no more than the name, and ends nothing of it.
    let mut whole = Browser::of(&scene.server, "ada").await;
    let account = browser.get("/login/account").await;
    assert!(account.text.contains("for one organization alone") && !account.text.contains("End all other"));
    let form = [("form_token", token_of(&account)), ("id", "others".to_owned())];
    let form = form.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    assert_eq!(browser.post("/login/account", &form).await.status, 403);
    // What a client is allowed there counts there alone, which is said, and is asked for again where the whole account is.
    let app = App::new(&scene.server).await;
    let question = app.question(&[("scope", "api")]);
    let asked = browser.get(&question).await;
    assert!(asked.text.contains(", in northwind alone."), "{}", asked.text);
    super::parameter(&browser.fill(&asked, &[("decision", "allow")]).await, "code");
    super::parameter(&browser.get(&question).await, "code");
    let asked = whole.get(&question).await;
    assert!(asked.status == 200 && !asked.text.contains("alone"), "{}", asked.text);
    drop(whole);
    let token = signed("honest", "honest", &scene.api_claims("honest"));
    let path = |key: &str| format!("/api/v1/organizations/{}/workspaces", scene.server.organization(key));
    scene.server.get(&token, &path("northwind")).await.expect(200);
    let foreign = scene.server.get(&token, &path("southgate")).await;
    let nobody = scene
        .server
        .get(&token, "/api/v1/organizations/0190b0a0-0000-7000-8000-0000000000aa/workspaces")
        .await;
    assert_eq!((foreign.status, nobody.status), (403, 403));
    for path in ["/api/v1/me/tokens", "/api/v1/me/sessions", "/api/v1/users"] {
        assert_eq!(scene.server.get(&token, path).await.status, 403, "{path}");
    }
}
