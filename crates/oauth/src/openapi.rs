//! What the document of the API says of each route: a function for each operation, called like its handler.

use serde_json::{Value, json};
use tenantry_core::Kind;
use tenantry_core::oauth::{GrantType, Scopes};
use tenantry_http::openapi::{Api, Framing, Operation, Parameter, Shape};
use tenantry_http::{TokenEndpoint, TokenError};

use crate::bearer::{Bearers, Registration};
use crate::device::StartedLogin;
use crate::introspect::Told;
use crate::pages::Pages;
use crate::register::{Clients, Metadata, Registered};
use crate::token::Granted;

const HTML: &str = "text/html";
const FORM: &str = "application/x-www-form-urlencoded";
const ABOUT: &str = "OAuth 2.1 and OpenID Connect, for programs that act for people, and the pages on which people sign in and \
    allow that. Start at `/.well-known/openid-configuration`.";

/// Both parts in the document of the API.
pub fn api() -> [Api; 2] {
    let endpoints = Api::new("oauth", "OAuth", Framing::of::<TokenEndpoint>(error()), crate::endpoints())
        .about(ABOUT)
        .credential("bearer", json!({"type": "http", "scheme": "bearer"}))
        .path("client_id", "The client's id.");
    let pages = Api::new("pages", "Pages", Framing::of::<Pages>(page()), crate::pages())
        .about("What browsers show: sign-in, consent, one's sessions.");
    [endpoints, pages]
}

fn error() -> Shape {
    Shape::written::<TokenError>()
}

fn page() -> Shape {
    Shape::made(|_| json!({"type": "string"}))
}

fn object(required: &'static [&'static str]) -> Shape {
    Shape::made(move |_| json!({"type": "object", "required": required}))
}

fn form(required: &'static [&'static str], optional: &'static [&'static str]) -> Shape {
    Shape::made(move |_| {
        let text = |name: &&str| ((*name).to_owned(), json!({"type": "string"}));
        let properties: Value = required.iter().chain(optional).map(text).collect();
        json!({"type": "object", "properties": properties, "required": required})
    })
}

fn text(name: &'static str, about: &'static str) -> Parameter {
    Parameter::query(name, about, json!({"type": "string"}))
}

pub(crate) fn openid_configuration() -> Operation {
    Operation::new("openid_configuration", "What the server offers, for OpenID Connect")
        .about("OpenID Connect Discovery 1.0.")
        .open()
        .answers(
            200,
            "The configuration.",
            object(&["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"]),
        )
}

pub(crate) fn authorization_server() -> Operation {
    Operation::new("authorization_server", "What the server offers, for OAuth")
        .about("RFC 8414.")
        .open()
        .answers(
            200,
            "The metadata.",
            object(&["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"]),
        )
}

pub(crate) fn jwks() -> Operation {
    Operation::new("jwks", "The keys that verify what the server signs")
        .about("RFC 7517. A key is published a day before it signs.")
        .open()
        .answers(200, "The keys.", object(&["keys"]))
}

pub(crate) fn issue_token() -> Operation {
    let grants: Vec<_> = GrantType::ALL.iter().map(|grant| grant.word()).collect();
    let about = format!(
        "RFC 6749, section 3.2. A code is spent once, a refresh token exchanged once; the client proves itself in the form \
         or by a Basic header. Grants: {}. Scopes: {}.",
        grants.join(", "),
        Scopes::ALL
    );
    let more = &[
        "client_id",
        "client_secret",
        "code",
        "redirect_uri",
        "code_verifier",
        "refresh_token",
        "device_code",
        "scope",
        "resource",
    ];
    Operation::new("issue_token", "Exchange a code, a refresh token or a secret for tokens")
        .about(about)
        .open()
        .reads(FORM, form(&["grant_type"], more))
        .answers(200, "Tokens.", Shape::written::<Granted>())
        .refuses(&[Kind::Invalid, Kind::Unauthenticated, Kind::Unsupported, Kind::RateLimited])
}

pub(crate) fn start_device_login() -> Operation {
    Operation::new("start_device_login", "Begin to log a device in")
        .about("RFC 8628. A person confirms the code at `/login/device`; the program asks the token endpoint until then.")
        .open()
        .reads(FORM, form(&[], &["client_id", "client_secret", "scope"]))
        .answers(200, "The codes.", Shape::written::<StartedLogin>())
        .refuses(&[Kind::Invalid, Kind::Unauthenticated, Kind::Forbidden, Kind::RateLimited])
}

pub(crate) fn introspect() -> Operation {
    Operation::new("introspect", "What one of the client's tokens is good for")
        .about("RFC 7662. Of tokens that are not the client's own, nothing is told.")
        .open()
        .reads(FORM, form(&["token"], &["token_type_hint", "client_id", "client_secret"]))
        .answers(200, "What it is good for.", Shape::written::<Told>())
        .refuses(&[Kind::Invalid, Kind::Unauthenticated, Kind::RateLimited])
}

pub(crate) fn revoke() -> Operation {
    Operation::new("revoke", "End one of the client's tokens")
        .about("RFC 7009. With a refresh token, or a signed access token, everything that came of the same consent ends.")
        .open()
        .reads(FORM, form(&["token"], &["token_type_hint", "client_id", "client_secret"]))
        .answers_nothing(200, "It does not count (any more).")
        .refuses(&[Kind::Invalid, Kind::Unauthenticated, Kind::RateLimited])
}

pub(crate) fn userinfo(name: &'static str) -> Operation {
    Operation::new(name, "Who the person is")
        .about("OpenID Connect Core, section 5.3: as far as the person allowed.")
        .answers(200, "The claims.", object(&["sub"]))
        .refuses(&[Kind::Unauthenticated, Kind::Forbidden, Kind::RateLimited])
        .framed(Framing::of::<Bearers>(error()))
}

pub(crate) fn register_client() -> Operation {
    Operation::new("register_client", "Register a client")
        .about("RFC 7591, for the server's administrators. The secret is shown this once.")
        .reads("application/json", Shape::read::<Metadata>())
        .answers(201, "The client.", Shape::written::<Registered>())
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::Unauthenticated, Kind::RateLimited])
        .framed(Framing::of::<Registration>(error()))
}

pub(crate) fn list_clients() -> Operation {
    Operation::new("list_clients", "List clients")
        .about("For the server's administrators, the newest first.")
        .answers(200, "The clients.", Shape::written::<Clients>())
        .refuses(&[Kind::Forbidden, Kind::Unauthenticated, Kind::RateLimited])
        .framed(Framing::of::<Bearers>(error()))
}

pub(crate) fn get_client() -> Operation {
    Operation::new("get_client", "Get a client")
        .about("For the server's administrators.")
        .answers(200, "The client.", Shape::written::<Registered>())
        .refuses(&[Kind::Forbidden, Kind::Unauthenticated, Kind::NotFound, Kind::RateLimited])
        .framed(Framing::of::<Bearers>(error()))
}

pub(crate) fn delete_client() -> Operation {
    Operation::new("delete_client", "Remove a client")
        .about("For the server's administrators. What people allowed it ends.")
        .answers_nothing(204, "It is gone.")
        .refuses(&[Kind::Forbidden, Kind::Unauthenticated, Kind::NotFound, Kind::RateLimited])
        .framed(Framing::of::<Bearers>(error()))
}

pub(crate) fn ask() -> Operation {
    Operation::new("ask", "Ask a person whether a client may act for them")
        .about("RFC 6749, section 4.1, with PKCE (S256) always.")
        .open()
        .takes([
            text("client_id", "The client."),
            text("redirect_uri", "A registered address of the client."),
            text("response_type", "`code`."),
            text("scope", "Words with spaces between them."),
            text("state", "Given back to the client."),
            text("nonce", "Given back in the ID token."),
            text("code_challenge", "The SHA-256 of a secret of the client, in base64url."),
            text("code_challenge_method", "`S256`."),
            text("resource", "Another resource that the tokens are for (RFC 8707)."),
            text("prompt", "Some of `none`, `login`, `consent`."),
            text("max_age", "Seconds since the sign-in at most."),
            text("login_hint", "Who is to sign in."),
            text("id_token_hint", "An ID token of the client: nobody but its person is to answer."),
        ])
        .answers_text(200, "What the client asks for.", HTML)
        .answers_nothing(303, "To the sign-in, or to the client.")
        .refuses(&[Kind::Invalid, Kind::RateLimited])
}

pub(crate) fn answer() -> Operation {
    Operation::new("answer", "Say whether a client may act")
        .about(
            "The form of the page: what was asked for, and `decision`, `allow` or `deny`. A form without `decision` and \
             `form_token` is a client's question, which is asked by GET from there.",
        )
        .open()
        .reads(FORM, form(&["client_id", "redirect_uri"], &["form_token", "decision"]))
        .answers_nothing(303, "To the client, or to the question.")
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::RateLimited])
}

pub(crate) fn ask_to_sign_out() -> Operation {
    Operation::new("ask_to_sign_out", "Ask whether somebody wants to sign out")
        .about("OpenID Connect RP-Initiated Logout 1.0.")
        .open()
        .takes([
            text("id_token_hint", "An ID token of the client."),
            text("client_id", "The client."),
            text("post_logout_redirect_uri", "A registered address of the client."),
            text("state", "Given back to the client."),
        ])
        .answers_text(200, "The question, or that nobody is signed in.", HTML)
        .answers_nothing(303, "To the client.")
        .refuses(&[Kind::Invalid, Kind::RateLimited])
}

pub(crate) fn sign_out() -> Operation {
    Operation::new("sign_out", "Sign out")
        .about("The form of the page.")
        .open()
        .reads(FORM, form(&["form_token"], &[]))
        .answers_text(200, "It is done.", HTML)
        .answers_nothing(303, "To the client.")
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::RateLimited])
}

pub(crate) fn show_sign_in() -> Operation {
    Operation::new("show_sign_in", "The form for signing in")
        .open()
        .takes([
            text("return_to", "The page to go to afterwards."),
            text("login_hint", "Who is to sign in."),
            text("organization", "An organization whose own issuers are offered too."),
        ])
        .answers_text(200, "The form.", HTML)
        .refuses(&[Kind::Invalid, Kind::RateLimited])
}

pub(crate) fn sign_in() -> Operation {
    Operation::new("sign_in", "Sign in with a password")
        .about("The form of the page. Begins a session, and ends the one that the browser had. Without a password, shows how \
             whoever goes by the `login` can sign in.")
        .open()
        .reads(FORM, form(&["form_token", "login"], &["password", "return_to", "organization"]))
        .answers_text(200, "The form.", HTML)
        .answers_nothing(303, "To the page that was wanted.")
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::Unauthenticated, Kind::Conflict, Kind::RateLimited])
}

pub(crate) fn show_account() -> Operation {
    Operation::new("show_account", "Where one is signed in, and what one allowed")
        .open()
        .answers_text(200, "The page.", HTML)
        .answers_nothing(303, "To the sign-in.")
}

pub(crate) fn end_of_account() -> Operation {
    Operation::new("end_of_account", "End a session, or what a client may do")
        .about("The form of the page; `id` is that of a session, or `others`; `client` one that was allowed something; \
             `identity` one that is linked, `issuer` one to link an account of.")
        .open()
        .reads(FORM, form(&["form_token"], &["id", "client", "identity", "issuer"]))
        .answers_text(200, "The way to the issuer.", HTML)
        .answers_nothing(303, "To the page.")
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::NotFound, Kind::RateLimited, Kind::Unavailable])
}

pub(crate) fn show_device() -> Operation {
    Operation::new("show_device", "Ask whether a device may log in")
        .about("RFC 8628, section 3.3. The code in the address confirms nothing.")
        .open()
        .takes([text("code", "The code that the program shows."), text("user_code", "The same.")])
        .answers_text(200, "The question, or a form for the code.", HTML)
        .answers_nothing(303, "To the sign-in.")
        .refuses(&[Kind::Invalid, Kind::RateLimited])
}

pub(crate) fn decide_device() -> Operation {
    Operation::new("decide_device", "Say whether a device may log in")
        .about("The form of the page; `decision` is `approve` or `deny`.")
        .open()
        .reads(FORM, form(&["form_token", "code", "decision"], &["trusted"]))
        .answers_text(200, "It is done.", HTML)
        .answers_nothing(303, "To the sign-in.")
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::RateLimited])
}

pub(crate) fn show_invitation() -> Operation {
    Operation::new("show_invitation", "What an invitation offers")
        .about("Looking spends nothing. To who is not signed in and shows the secret, an account is offered for an address that \
            has none.")
        .open()
        .takes([
            text("organization", "The organization's id."),
            text("invitation", "The invitation's id."),
            text("secret", "Its secret."),
        ])
        .answers_text(200, "What is offered.", HTML)
        .answers_text(404, "There is none for who is signed in.", HTML)
        .answers_nothing(303, "To the sign-in.")
        .refuses(&[Kind::Invalid, Kind::RateLimited])
}

pub(crate) fn answer_invitation() -> Operation {
    Operation::new("answer_invitation", "Answer an invitation")
        .about("The form of the page; `decision` is `accept` or `decline`, or `join` with `name` and `password` of who has \
            no account.")
        .open()
        .reads(FORM, form(&["form_token", "organization", "invitation", "decision"], &["secret", "name", "password"]))
        .answers_text(200, "It is done.", HTML)
        .answers_nothing(303, "To the sign-in.")
        .refuses(&[
            Kind::Invalid,
            Kind::Forbidden,
            Kind::NotFound,
            Kind::Precondition,
            Kind::AlreadyExists,
            Kind::RateLimited,
            Kind::Unavailable,
        ])
}

pub(crate) fn begin_with_issuer() -> Operation {
    Operation::new("begin_with_issuer", "Sign in with an external issuer")
        .about("OpenID Connect Core, section 3.1, with `state`, `nonce` and PKCE, all of which stay in the browser's cookie.")
        .open()
        .takes([
            text("issuer", "The issuer's id, as the sign-in page has it."),
            text("return_to", "The page to go to afterwards."),
            text("login_hint", "Who is to sign in; the issuer is told."),
        ])
        .answers_text(200, "A question, where a page of another site led here.", HTML)
        .answers_nothing(303, "To the issuer.")
        .answers_text(404, "Nobody trusts such an issuer.", HTML)
        .refuses(&[Kind::Invalid, Kind::RateLimited, Kind::Unavailable])
}

pub(crate) fn finish_with_issuer() -> Operation {
    Operation::new("finish_with_issuer", "Come back from an external issuer")
        .about(
            "Begins a session of whom the issuer means, or links an account with that of who is signed in.",
        )
        .open()
        .takes([
            text("code", "The code."),
            text("state", "What was sent along."),
            text("iss", "The issuer (RFC 9207)."),
            text("error", "Why there is no code."),
        ])
        .answers_nothing(303, "To the page that was wanted.")
        .answers_text(403, "What came back does not count.", HTML)
        .refuses(&[Kind::Invalid, Kind::RateLimited, Kind::Unavailable])
}

pub(crate) fn show_password(name: &'static str) -> Operation {
    Operation::new(name, "The form for a password")
        .about("With a link's `secret` for a new password, without for asking for such a link. Looking spends nothing.")
        .open()
        .takes([text("secret", "The secret of the link.")])
        .answers_text(200, "The form.", HTML)
        .answers_text(404, "The link does not count.", HTML)
        .refuses(&[Kind::Invalid, Kind::RateLimited])
}

pub(crate) fn set_password(name: &'static str) -> Operation {
    Operation::new(name, "Set a password, or ask for a link")
        .about(
            "The form of the page. Whether there is an account makes no difference to who asks for a link.",
        )
        .open()
        .reads(FORM, form(&["form_token"], &["secret", "password", "login", "return_to"]))
        .answers_text(200, "It is done.", HTML)
        .answers_text(404, "The link does not count.", HTML)
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::RateLimited])
}

pub(crate) fn show_address() -> Operation {
    Operation::new("show_address", "Ask whether an address is to be confirmed")
        .about("Looking spends nothing.")
        .open()
        .takes([text("secret", "The secret of the link.")])
        .answers_text(200, "The question.", HTML)
        .answers_text(404, "The link does not count.", HTML)
        .refuses(&[Kind::Invalid, Kind::RateLimited])
}

pub(crate) fn confirm_address() -> Operation {
    Operation::new("confirm_address", "Confirm an address")
        .about("The form of the page.")
        .open()
        .reads(FORM, form(&["form_token", "secret"], &[]))
        .answers_text(200, "It is done.", HTML)
        .answers_text(404, "The link does not count.", HTML)
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::RateLimited])
}

pub(crate) fn style() -> Operation {
    Operation::new("style", "How pages look").open().answers_text(200, "A style sheet.", "text/css")
}
