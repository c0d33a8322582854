//! Issuers that the whole server trusts: who comes in by their word, and when no more. What tokens must say is tested in the
//! core, signatures in `tenantry-outbound`.

use serde_json::{Value, json};
use tenantry_core::browser::{BrowserSession, Origin};
use tenantry_core::clock::Clock;
use tenantry_core::error::Kind;
use tenantry_core::issuer::{
    Arrival, ClientSecret, Departure, IDENTITIES_MAX, ISSUERS_MAX, Issuer, IssuerAnswer, IssuerChange,
    IssuerOf, Journey, NewIssuer,
};
use tenantry_core::{Result, Shower};
use tenantry_testkit::issuers::PlainIssuers;
use tenantry_testkit::{Member, TestCore};
use zeroize::Zeroizing;

use crate::asking::{first_page, kind, reason, refusal};
use crate::browser::{person, sign_in};

on_both_engines!(
    a_person_links_an_account_and_signs_in_by_it,
    an_address_links_where_both_sides_had_it_proved,
    newcomers_come_in_from_the_domains_alone,
    an_answer_counts_in_the_browser_that_left,
    what_came_of_an_issuer_ends_with_it,
    tokens_of_an_issuer_open_the_api_for_whom_it_means,
    who_is_suspended_is_refused_at_once,
    issuers_are_the_administrators_business,
    who_has_to_sign_in_anew_has_to_there_too,
    a_person_links_so_many_accounts_of_an_issuer,
    the_server_trusts_so_many_issuers,
);

pub(crate) const URL: &str = "https://id.example";
pub(crate) const RETURN: Departure<'_> = Departure {
    redirect_uri: "https://us.example/login/issuer/callback",
    return_to: "/login/device",
    login_hint: None,
    anew: false,
    max_age: None,
};

/// What an issuer is made of, with other terms.
pub(crate) fn new(rest: IssuerChange) -> NewIssuer {
    NewIssuer {
        url: URL.to_owned(),
        rest: IssuerChange {
            title: Some("Id".to_owned()),
            client_id: Some("us".to_owned()),
            client_secret: Some(ClientSecret(Zeroizing::new("secret".to_owned()))),
            ..rest
        },
    }
}

pub(crate) fn words(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// An issuer that the server trusts.
pub(crate) async fn trusted(core: &TestCore, root: &Member, rest: IssuerChange) -> Issuer {
    core.create_issuer(&root.caller, IssuerOf::Server, new(rest)).await.unwrap()
}

/// What a browser brings back from an issuer that calls its person so.
pub(crate) async fn answer(
    core: &TestCore,
    issuer: &Issuer,
    who: &Value,
    own: Option<&BrowserSession>,
) -> (String, IssuerAnswer) {
    let caller = own.map(|own| &own.caller);
    journey(core, core.begin_issuer_sign_in(issuer.id, RETURN, caller).await.unwrap(), issuer, who)
}

/// What comes of a journey to an issuer that calls its person so.
fn journey(core: &TestCore, journey: Journey, issuer: &Issuer, who: &Value) -> (String, IssuerAnswer) {
    let parameter = |name: &str| {
        let found = journey.address.split(['?', '&']).find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        found.unwrap().to_owned()
    };
    let now = seconds(core);
    let mut claims =
        json!({"iss": issuer.url, "aud": "us", "exp": now + 60, "iat": now, "nonce": parameter("nonce")});
    for (name, value) in who.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let answer = IssuerAnswer {
        code: Some(claims.to_string()),
        state: Some(parameter("state")),
        ..IssuerAnswer::default()
    };
    (journey.kept, answer)
}

pub(crate) async fn arrive(core: &TestCore, issuer: &Issuer, who: &Value) -> Result<Arrival> {
    let (kept, answer) = answer(core, issuer, who, None).await;
    core.finish_issuer_sign_in(Some(&kept), answer, RETURN.redirect_uri, (Origin::default(), None, None))
        .await
}

/// The session of who comes in.
pub(crate) async fn enter(core: &TestCore, issuer: &Issuer, who: &Value) -> BrowserSession {
    let arrived = arrive(core, issuer, who).await.unwrap();
    assert_eq!(arrived.return_to, RETURN.return_to);
    core.browser_session(arrived.session.unwrap().secret.expose()).await.unwrap()
}

/// Links an account with that of who is signed in.
pub(crate) async fn link(
    core: &TestCore,
    issuer: &Issuer,
    who: &Value,
    own: &BrowserSession,
) -> Result<Arrival> {
    let (kept, answer) = answer(core, issuer, who, Some(own)).await;
    core.finish_issuer_sign_in(Some(&kept), answer, RETURN.redirect_uri, (Origin::default(), None, Some(own)))
        .await
}

/// A person who is signed in with a password.
pub(crate) async fn signed_in(core: &TestCore, root: &Member, name: &str) -> BrowserSession {
    person(core, root, name).await;
    core.browser_session(sign_in(core, name).await.secret.expose()).await.unwrap()
}

/// The time, as tokens tell it.
fn seconds(core: &TestCore) -> i64 {
    core.clock().now().as_micros() / 1_000_000
}

pub(crate) fn verified(subject: &str, email: &str) -> Value {
    json!({"sub": subject, "email": email, "email_verified": true})
}

/// As if the person had used a link that was mailed to the address.
pub(crate) fn prove_address(core: &TestCore, email: &str) {
    core.sql(&format!("UPDATE principals SET email_verified_at = 1 WHERE email = '{email}'"));
}

async fn a_person_links_an_account_and_signs_in_by_it(core: TestCore) {
    let root = core.root().await;
    let issuer = trusted(&core, &root, IssuerChange::default()).await;
    let (ann, bob) = (signed_in(&core, &root, "ann").await, signed_in(&core, &root, "bob").await);
    let who = json!({"sub": "a-1"});
    assert_eq!(reason(arrive(&core, &issuer, &who).await), "identity.unknown");
    assert!(link(&core, &issuer, &who, &ann).await.unwrap().session.is_none());
    link(&core, &issuer, &who, &ann).await.unwrap();
    assert_eq!(reason(link(&core, &issuer, &who, &bob).await), "identity.taken");
    let entered = enter(&core, &issuer, &who).await;
    assert_eq!(entered.caller.principal, ann.caller.principal);
    assert_eq!(entered.caller.narrowing, ann.caller.narrowing);
    // Two subjects may mean one person.
    link(&core, &issuer, &json!({"sub": "a-2"}), &entered).await.unwrap();
    let own = core.list_own_identities(&ann.caller).await.unwrap();
    let subjects: Vec<_> = own.iter().map(|identity| identity.subject.as_str()).collect();
    assert_eq!(subjects, ["a-1", "a-2"]);
    assert_eq!(core.list_own_identities(&bob.caller).await.unwrap(), []);

    assert_eq!(kind(core.unlink_identity(&bob.caller, own[0].credential.id).await), Kind::NotFound);
    core.unlink_identity(&ann.caller, own[0].credential.id).await.unwrap();
    // Who was ended stays so until the person links it again.
    assert_eq!(kind(arrive(&core, &issuer, &who).await), Kind::Unauthenticated);
    link(&core, &issuer, &who, &ann).await.unwrap();
    enter(&core, &issuer, &who).await;
}

async fn an_address_links_where_both_sides_had_it_proved(core: TestCore) {
    let root = core.root().await;
    let terms = IssuerChange { domains: Some(words(&["example.org"])), ..IssuerChange::default() };
    let issuer = trusted(&core, &root, terms).await;
    let ann = person(&core, &root, "ann").await;
    let named = json!({"sub": "a", "email": "ann@example.org"});
    let denied = json!({"sub": "a", "email": "ann@example.org", "email_verified": false});
    let proved = verified("a", "Ann@Example.org");
    for who in [&named, &denied, &proved] {
        assert_eq!(kind(arrive(&core, &issuer, who).await), Kind::Unauthenticated, "{who}");
    }
    prove_address(&core, "ann@example.org");
    for who in [&named, &denied] {
        assert_eq!(reason(arrive(&core, &issuer, who).await), "identity.unknown", "{who}");
    }
    // A sign-in name that looks like the address is no address.
    person(&core, &root, "bob").await;
    prove_address(&core, "bob@example.org");
    assert_eq!(reason(arrive(&core, &issuer, &verified("b", "bob")).await), "identity.unknown");
    assert_eq!(enter(&core, &issuer, &proved).await.caller.principal, ann);
    // From then on the subject alone counts.
    assert_eq!(enter(&core, &issuer, &verified("a", "bob@example.org")).await.caller.principal, ann);
    // Another domain's addresses are not the issuer's to tell.
    let elsewhere = IssuerChange { domains: Some(words(&["example.net"])), ..IssuerChange::default() };
    core.update_issuer(&root.caller, IssuerOf::Server, issuer.id, elsewhere).await.unwrap();
    assert_eq!(reason(arrive(&core, &issuer, &verified("c", "bob@example.org")).await), "identity.unknown");
}

async fn newcomers_come_in_from_the_domains_alone(core: TestCore) {
    let root = core.root().await;
    let terms = IssuerChange { domains: Some(words(&["Example.NET"])), ..IssuerChange::default() };
    let issuer = trusted(&core, &root, terms).await;
    let kim = verified("k", "kim@example.net");
    assert_eq!(reason(arrive(&core, &issuer, &kim).await), "identity.unknown");
    let admitting = IssuerChange { admits_newcomers: Some(true), ..IssuerChange::default() };
    core.update_issuer(&root.caller, IssuerOf::Server, issuer.id, admitting).await.unwrap();
    for who in [
        verified("k", "kim@example.org"),
        verified("k", "kim@sub.example.net"),
        verified("k", "kim@example.org@example.net"),
        verified("k", "kim"),
        json!({"sub": "k", "email": "kim@example.net"}),
        json!({"sub": "k"}),
    ] {
        assert_eq!(reason(arrive(&core, &issuer, &who).await), "identity.unknown", "{who}");
    }
    let mut called = kim.clone();
    called["name"] = "Kim".into();
    let entered = enter(&core, &issuer, &called).await;
    assert_eq!(
        (entered.person.email.as_deref(), entered.person.shown_name()),
        (Some("kim@example.net"), "Kim")
    );
    let account = core.get_account(&root.caller, entered.person.id).await.unwrap();
    assert!(account.email_verified_at.is_some() && !account.has_password && !account.is_administrator);
    assert_eq!(enter(&core, &issuer, &kim).await.person.id, entered.person.id);
    // Another subject of the same address, which is proved on both sides.
    assert_eq!(enter(&core, &issuer, &verified("k2", "kim@example.net")).await.person.id, entered.person.id);
}

async fn an_answer_counts_in_the_browser_that_left(core: TestCore) {
    let root = core.root().await;
    let issuer = trusted(&core, &root, IssuerChange::default()).await;
    let ann = signed_in(&core, &root, "ann").await;
    let who = json!({"sub": "a"});
    link(&core, &issuer, &who, &ann).await.unwrap();
    let (mine, brought) = answer(&core, &issuer, &who, None).await;
    let (other, _) = answer(&core, &issuer, &who, None).await;
    let from = |n: u8| Origin { source: Some([192, 0, 2, n].into()), ..Origin::default() };
    let finish = async |kept: Option<&str>, answer: IssuerAnswer| {
        core.finish_issuer_sign_in(kept, answer, RETURN.redirect_uri, (from(1), None, None)).await
    };
    for kept in [None, Some(""), Some("x"), Some("eyJ"), Some(other.as_str())] {
        assert_eq!(reason(finish(kept, brought.clone()).await), "issuer.astray", "{kept:?}");
    }
    for state in [None, Some(String::new()), Some("x".to_owned())] {
        let answer = IssuerAnswer { state, ..brought.clone() };
        assert_eq!(reason(finish(Some(&mine), answer).await), "issuer.astray");
    }
    let of_another = IssuerAnswer { iss: Some("https://evil.example".to_owned()), ..brought.clone() };
    assert_eq!(reason(finish(Some(&mine), of_another).await), "issuer.astray");
    let denied = IssuerAnswer { error: Some("access_denied".to_owned()), ..brought.clone() };
    assert_eq!(reason(finish(Some(&mine), denied).await), "issuer.refused");
    assert_eq!(
        reason(finish(Some(&mine), IssuerAnswer { code: None, ..brought.clone() }).await),
        "issuer.refused"
    );
    // Who promises to name itself must.
    let named = NewIssuer { url: format!("{URL}/named"), ..new(IssuerChange::default()) };
    let named = core.create_issuer(&root.caller, IssuerOf::Server, named).await.unwrap();
    link_named(&core, &named, &who, &ann).await;
    let (kept, mute) = answer(&core, &named, &who, None).await;
    assert_eq!(reason(finish(Some(&kept), mute.clone()).await), "issuer.astray");
    let telling = IssuerAnswer { iss: Some(named.url.clone()), ..mute };
    assert!(finish(Some(&kept), telling).await.unwrap().session.is_some());
    // A token of another sign-in, or of another issuer.
    let (_, replayed) = answer(&core, &issuer, &who, None).await;
    let swapped = IssuerAnswer { code: replayed.code, ..brought.clone() };
    assert_eq!(kind(finish(Some(&mine), swapped).await), Kind::Unauthenticated);
    // Who is to link must be the one who left.
    let (linking, brought_to_link) = answer(&core, &issuer, &json!({"sub": "new"}), Some(&ann)).await;
    let bob = signed_in(&core, &root, "bob").await;
    for own in [None, Some(&bob)] {
        let finished = core.finish_issuer_sign_in(
            Some(&linking),
            brought_to_link.clone(),
            RETURN.redirect_uri,
            (from(2), None, own),
        );
        assert_eq!(reason(finished.await), "issuer.astray");
    }
    core.clock().advance_seconds(10 * 60);
    assert_eq!(reason(finish(Some(&mine), brought).await), "issuer.astray");
}

/// OpenID Connect Core, sections 3.1.2.1 and 3.1.3.7.
async fn who_has_to_sign_in_anew_has_to_there_too(core: TestCore) {
    let root = core.root().await;
    let issuer = trusted(&core, &root, IssuerChange::default()).await;
    let ann = signed_in(&core, &root, "ann").await;
    link(&core, &issuer, &json!({"sub": "a"}), &ann).await.unwrap();
    let come_back = async |departure: Departure<'_>, who: Value| {
        let begun = core.begin_issuer_sign_in(issuer.id, departure, None).await.unwrap();
        let address = begun.address.clone();
        let (kept, answer) = journey(&core, begun, &issuer, &who);
        let from = (Origin::default(), None, None);
        (address, core.finish_issuer_sign_in(Some(&kept), answer, RETURN.redirect_uri, from).await)
    };
    let (plain, arrived) = come_back(RETURN, json!({"sub": "a"})).await;
    assert!(arrived.is_ok() && !plain.contains("prompt=") && !plain.contains("max_age="), "{plain}");
    let (anew, arrived) = come_back(Departure { anew: true, ..RETURN }, json!({"sub": "a"})).await;
    assert!(arrived.is_ok() && anew.ends_with("&prompt=login"), "{anew}");
    let aged = Departure { max_age: Some(300), ..RETURN };
    let told = |ago: i64| json!({"sub": "a", "auth_time": seconds(&core) - ago});
    let (address, arrived) = come_back(aged, told(300)).await;
    assert!(arrived.is_ok() && address.ends_with("&max_age=300"), "{address}");
    for stale in [told(400), json!({"sub": "a"})] {
        let (_, refused) = come_back(aged, stale).await;
        assert_eq!(kind(refused), Kind::Unauthenticated);
    }
}

/// Else one account could fill the table.
async fn a_person_links_so_many_accounts_of_an_issuer(core: TestCore) {
    let root = core.root().await;
    let issuer = trusted(&core, &root, IssuerChange::default()).await;
    let ann = signed_in(&core, &root, "ann").await;
    for number in 0..IDENTITIES_MAX {
        link(&core, &issuer, &json!({"sub": number.to_string()}), &ann).await.unwrap();
    }
    assert_eq!(reason(link(&core, &issuer, &json!({"sub": "x"}), &ann).await), "identity.limit");
    // Those of another issuer, of another person, and ended ones are not counted.
    let other = NewIssuer { url: "https://b.example".to_owned(), ..new(IssuerChange::default()) };
    let other = core.create_issuer(&root.caller, IssuerOf::Server, other).await.unwrap();
    link(&core, &other, &json!({"sub": "0"}), &ann).await.unwrap();
    let bob = signed_in(&core, &root, "bob").await;
    link(&core, &issuer, &json!({"sub": "b"}), &bob).await.unwrap();
    let own = core.list_own_identities(&ann.caller).await.unwrap();
    core.unlink_identity(&ann.caller, own[0].credential.id).await.unwrap();
    link(&core, &issuer, &json!({"sub": "x"}), &ann).await.unwrap();
}

async fn the_server_trusts_so_many_issuers(core: TestCore) {
    let root = core.root().await;
    let trust = async |number: u64| {
        let numbered = NewIssuer { url: format!("{URL}/{number}"), ..new(IssuerChange::default()) };
        core.create_issuer(&root.caller, IssuerOf::Server, numbered).await
    };
    for number in 0..ISSUERS_MAX {
        trust(number).await.unwrap();
    }
    assert_eq!(reason(trust(ISSUERS_MAX).await), "issuer.limit");
}

async fn link_named(core: &TestCore, issuer: &Issuer, who: &Value, own: &BrowserSession) {
    let (kept, answer) = answer(core, issuer, who, Some(own)).await;
    let answer = IssuerAnswer { iss: Some(issuer.url.clone()), ..answer };
    let finish = core.finish_issuer_sign_in(
        Some(&kept),
        answer,
        RETURN.redirect_uri,
        (Origin::default(), None, Some(own)),
    );
    finish.await.unwrap();
}

async fn what_came_of_an_issuer_ends_with_it(core: TestCore) {
    let root = core.root().await;
    let terms = IssuerChange { audience: Some(Some("api".to_owned())), ..IssuerChange::default() };
    let issuer = trusted(&core, &root, terms).await;
    let ann = signed_in(&core, &root, "ann").await;
    let who = json!({"sub": "a"});
    link(&core, &issuer, &who, &ann).await.unwrap();
    let arrived = arrive(&core, &issuer, &who).await.unwrap().session.unwrap();
    let cookie = arrived.secret.expose();
    let renewed = core.renew_browser_session(cookie, Origin::default()).await.unwrap();
    let cookie = renewed.secret.expose();
    let token = PlainIssuers::token(&api_claims(&core, "a"));
    core.browser_session(cookie).await.unwrap();
    core.authenticate(&token).await.unwrap();
    core.delete_issuer(&root.caller, IssuerOf::Server, issuer.id, None).await.unwrap();
    assert_eq!(kind(core.browser_session(cookie).await), Kind::Unauthenticated);
    assert_eq!(kind(core.authenticate(&token).await), Kind::Unauthenticated);
    assert_eq!(kind(core.begin_issuer_sign_in(issuer.id, RETURN, None).await), Kind::NotFound);
    assert_eq!(core.list_own_identities(&ann.caller).await.unwrap(), []);
    // The password's session is another matter, and trusting the issuer anew brings nothing back.
    core.check_whole_person(&ann.caller).unwrap();
    let terms = IssuerChange { audience: Some(Some("api".to_owned())), ..IssuerChange::default() };
    let again = trusted(&core, &root, terms).await;
    assert_eq!(kind(core.browser_session(cookie).await), Kind::Unauthenticated);
    assert_eq!(kind(core.authenticate(&token).await), Kind::Unauthenticated);
    assert_eq!(reason(arrive(&core, &again, &who).await), "identity.unknown");
}

pub(crate) fn api_claims(core: &TestCore, subject: &str) -> Value {
    json!({"iss": URL, "aud": "api", "sub": subject, "exp": seconds(core) + 60})
}

async fn tokens_of_an_issuer_open_the_api_for_whom_it_means(core: TestCore) {
    let root = core.root().await;
    let issuer = trusted(&core, &root, IssuerChange::default()).await;
    let ann = signed_in(&core, &root, "ann").await;
    link(&core, &issuer, &json!({"sub": "a"}), &ann).await.unwrap();
    let token = PlainIssuers::token(&api_claims(&core, "a"));
    let refused = async |token: &str| kind(core.authenticate(token).await) == Kind::Unauthenticated;
    assert!(refused(&token).await, "no audience opens the API yet");
    let change = |audience: Option<&str>| IssuerChange {
        audience: Some(audience.map(str::to_owned)),
        ..IssuerChange::default()
    };
    core.update_issuer(&root.caller, IssuerOf::Server, issuer.id, change(Some("api"))).await.unwrap();
    let caller = core.authenticate(&token).await.unwrap();
    assert_eq!((caller.principal, &caller.narrowing), (ann.caller.principal, &ann.caller.narrowing));
    let (at, _) = core
        .authenticate_at(&token, tenantry_core::ids::OrganizationId::SERVER, tenantry_core::Shower::default())
        .await
        .unwrap();
    assert_eq!(at, caller);
    let with = |name: &str, value: Value| {
        let mut claims = api_claims(&core, "a");
        claims[name] = value;
        PlainIssuers::token(&claims)
    };
    assert!(refused(&with("sub", "b".into())).await, "nobody is linked");
    assert!(refused(&with("aud", "us".into())).await);
    assert!(refused(&with("nonce", "n".into())).await);
    assert!(refused(&with("iss", "https://evil.example".into())).await);
    assert!(refused("eyJ..").await && refused("eyJ.e30.").await);
    // A token is not exchanged for one of ours, which would outlive it.
    assert_eq!(kind(core.exchange_bearer(&token, Shower::default()).await), Kind::Unauthenticated);
    assert_eq!(kind(core.derive_token(&token, None, None).await), Kind::Unauthenticated);
    core.clock().advance_seconds(120);
    assert!(refused(&token).await);
    let token = PlainIssuers::token(&api_claims(&core, "a"));
    core.authenticate(&token).await.unwrap();
    core.update_issuer(&root.caller, IssuerOf::Server, issuer.id, change(None)).await.unwrap();
    assert!(refused(&token).await);
    assert_eq!(
        refusal(core.update_issuer(&root.caller, IssuerOf::Server, issuer.id, change(Some("us"))).await),
        (
            Kind::Invalid,
            "request.invalid",
            "audience: expected another one than the client id, since ID tokens open nothing".to_owned()
        )
    );
}

async fn who_is_suspended_is_refused_at_once(core: TestCore) {
    let root = core.root().await;
    let terms = IssuerChange { audience: Some(Some("api".to_owned())), ..IssuerChange::default() };
    let issuer = trusted(&core, &root, terms).await;
    let ann = signed_in(&core, &root, "ann").await;
    link(&core, &issuer, &json!({"sub": "a"}), &ann).await.unwrap();
    let token = PlainIssuers::token(&api_claims(&core, "a"));
    core.authenticate(&token).await.unwrap();
    core.set_suspended(&root.caller, ann.person.id, true).await.unwrap();
    assert_eq!(kind(core.authenticate(&token).await), Kind::Unauthenticated);
    assert_eq!(kind(arrive(&core, &issuer, &json!({"sub": "a"})).await), Kind::Unauthenticated);
    core.set_suspended(&root.caller, ann.person.id, false).await.unwrap();
    core.authenticate(&token).await.unwrap();
    core.delete_account(&root.caller, ann.person.id, None, false).await.unwrap();
    assert_eq!(kind(core.authenticate(&token).await), Kind::Unauthenticated);
    assert_eq!(kind(arrive(&core, &issuer, &json!({"sub": "a"})).await), Kind::Unauthenticated);
}

async fn issuers_are_the_administrators_business(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let of = || IssuerOf::Server;
    let refused = core.create_issuer(&ann.caller, of(), new(IssuerChange::default())).await;
    assert_eq!(kind(refused), Kind::Forbidden);
    let made = trusted(&core, &root, IssuerChange::default()).await;
    assert_eq!(kind(core.get_issuer(&ann.caller, of(), made.id).await), Kind::Forbidden);
    assert_eq!(kind(core.list_issuers(&ann.caller, of(), first_page(Vec::new())).await), Kind::Forbidden);
    assert_eq!(kind(core.delete_issuer(&ann.caller, of(), made.id, None).await), Kind::Forbidden);
    let change = IssuerChange { title: Some("Ids".to_owned()), ..IssuerChange::default() };
    assert_eq!(kind(core.update_issuer(&ann.caller, of(), made.id, change.clone()).await), Kind::Forbidden);
    assert_eq!(core.get_issuer(&root.caller, of(), made.id).await.unwrap(), made);
    let list = core.list_issuers(&root.caller, of(), first_page(Vec::new())).await.unwrap();
    assert_eq!(list.items, std::slice::from_ref(&made));
    let again = core.create_issuer(&root.caller, of(), new(IssuerChange::default())).await;
    assert_eq!(reason(again), "issuer.exists");
    let moved = IssuerChange { url: Some("https://b.example".to_owned()), ..IssuerChange::default() };
    let refused = core.update_issuer(&root.caller, of(), made.id, moved).await.unwrap_err();
    assert_eq!((&*refused.violations[0].field, refused.violations[0].rule), ("url", "immutable"));
    let stale = IssuerChange { expected_version: Some(7.into()), ..change.clone() };
    assert_eq!(reason(core.update_issuer(&root.caller, of(), made.id, stale).await), "issuer.stale");
    let changed = core.update_issuer(&root.caller, of(), made.id, change).await.unwrap();
    assert_eq!((changed.title.as_str(), changed.version), ("Ids", 2));
    let wrong = async |rest: IssuerChange| {
        let refused = core.create_issuer(
            &root.caller,
            of(),
            NewIssuer { url: "https://b.example".to_owned(), ..new(rest) },
        );
        refused.await.unwrap_err().violations[0].field.to_string()
    };
    let none = IssuerChange::default;
    assert_eq!(wrong(IssuerChange { algorithms: Some(words(&["HS256"])), ..none() }).await, "algorithms");
    assert_eq!(wrong(IssuerChange { algorithms: Some(words(&["none"])), ..none() }).await, "algorithms");
    assert_eq!(wrong(IssuerChange { algorithms: Some(vec![]), ..none() }).await, "algorithms");
    assert_eq!(wrong(IssuerChange { domains: Some(words(&["org"])), ..none() }).await, "domains");
    let member = tenantry_core::permission::BuiltinRole::OrganizationMember;
    assert_eq!(wrong(IssuerChange { role: Some(member), ..none() }).await, "role");
    let empty = NewIssuer { url: "https://b.example".to_owned(), rest: none() };
    let refused = core.create_issuer(&root.caller, of(), empty).await.unwrap_err();
    assert_eq!(refused.violations[0].field, "title");
    assert_eq!(core.sql("SELECT COUNT(*) FROM issuers"), "1");
}
