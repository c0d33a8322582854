//! Issuers that one organization trusts: what they prove is good there, and nowhere else.

use serde_json::json;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::browser::{BrowserSession, Origin};
use tenantry_core::error::Kind;
use tenantry_core::ids::{InvitationId, OrganizationId};
use tenantry_core::issuer::{Issuer, IssuerChange, IssuerOf, NewIssuer};
use tenantry_core::oauth::{AuthorizationRequest, Challenge, ClientRegistration, GrantType, Refusal, Scopes};
use tenantry_core::permission::BuiltinRole;
use tenantry_testkit::issuers::PlainIssuers;
use tenantry_testkit::{Member, TestCore};

use crate::asking::{every_workspace, first_page, kind, reason};
use crate::issuers::{
    URL, api_claims, arrive, enter, link, new, prove_address, signed_in, trusted, verified, words,
};

on_both_engines!(
    newcomers_become_members_by_the_right_of_who_said_so,
    an_organization_does_not_speak_for_accounts_that_are_there,
    what_an_organization_proves_is_good_there_alone,
    who_leaves_or_is_deleted_comes_in_no_more,
    domains_are_confirmed_by_who_runs_the_server,
    it_takes_an_owner_to_trust_an_issuer,
    the_eldest_link_counts,
    a_token_is_verified_once_for_all,
    an_address_leads_to_the_issuer_of_its_domain,
    newcomers_of_the_server_s_issuer_join_where_their_domain_is_at_home,
    an_organization_goes_with_its_issuers,
);

fn of(organization: OrganizationId) -> IssuerOf {
    IssuerOf::Organization(OrganizationRef::Id(organization))
}

/// An issuer of north, which is ann's, that may send people of `north.example`.
pub(crate) async fn scene(core: &TestCore) -> (Member, Member, OrganizationId, Issuer) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let north = core.organization(&ann, "north").await.id;
    let terms = IssuerChange {
        audience: Some(Some("api".to_owned())),
        admits_newcomers: Some(true),
        ..IssuerChange::default()
    };
    let issuer = core.create_issuer(&ann.caller, of(north), new(terms)).await.unwrap();
    let confirmed = IssuerChange { domains: Some(words(&["north.example"])), ..IssuerChange::default() };
    let issuer = core.update_issuer(&root.caller, of(north), issuer.id, confirmed).await.unwrap();
    (root, ann, north, issuer)
}

async fn newcomers_become_members_by_the_right_of_who_said_so(core: TestCore) {
    let (root, ann, north, issuer) = scene(&core).await;
    let kim = enter(&core, &issuer, &verified("k", "kim@north.example")).await;
    let roles = core.get_user(&root.caller, OrganizationRef::Id(north), kim.person.id).await;
    let roles: Vec<_> = roles.unwrap().roles.iter().filter_map(|role| role.builtin).collect();
    assert_eq!(roles, [BuiltinRole::OrganizationMember]);
    let account = core.get_account(&root.caller, kim.person.id).await.unwrap();
    assert_eq!(account.email_verified_at, None, "the organization alone says so");
    assert_eq!(reason(arrive(&core, &issuer, &verified("x", "x@example.org")).await), "identity.unknown");
    // Who let people in is an owner no more.
    let bea = core.user(&root, "bea").await;
    core.add_organization_user(
        &root.caller,
        OrganizationRef::Id(north),
        bea.id(),
        BuiltinRole::OrganizationOwner,
    )
    .await
    .unwrap();
    core.transfer_organization(&ann.caller, OrganizationRef::Id(north), bea.id(), None).await.unwrap();
    core.remove_organization_user(&bea.caller, OrganizationRef::Id(north), ann.id(), None, true)
        .await
        .unwrap();
    assert_eq!(reason(arrive(&core, &issuer, &verified("l", "lou@north.example")).await), "issuer.sponsor");
    enter(&core, &issuer, &verified("k", "kim@north.example")).await;
    let by_bea = IssuerChange { role: Some(BuiltinRole::OrganizationViewer), ..IssuerChange::default() };
    core.update_issuer(&bea.caller, of(north), issuer.id, by_bea).await.unwrap();
    enter(&core, &issuer, &verified("l", "lou@north.example")).await;
}

async fn an_organization_does_not_speak_for_accounts_that_are_there(core: TestCore) {
    let (root, _, north, issuer) = scene(&core).await;
    let eve = signed_in(&core, &root, "eve").await;
    core.sql("UPDATE principals SET email = 'eve@north.example', email_folded = 'eve@north.example' WHERE username = 'eve'");
    prove_address(&core, "eve@north.example");
    let who = verified("e", "eve@north.example");
    assert_eq!(reason(arrive(&core, &issuer, &who).await), "identity.unlinked");
    // Nor does who is no member link an account with it.
    assert_eq!(kind(link(&core, &issuer, &who, &eve).await), Kind::Hidden);
    core.add_organization_user(
        &root.caller,
        OrganizationRef::Id(north),
        eve.person.id,
        BuiltinRole::OrganizationMember,
    )
    .await
    .unwrap();
    assert_eq!(reason(arrive(&core, &issuer, &who).await), "identity.unlinked");
    link(&core, &issuer, &who, &eve).await.unwrap();
    assert_eq!(enter(&core, &issuer, &who).await.person.id, eve.person.id);
}

async fn what_an_organization_proves_is_good_there_alone(core: TestCore) {
    let (root, _, north, issuer) = scene(&core).await;
    let eve = signed_in(&core, &root, "eve").await;
    let whole = Member { caller: eve.caller.clone(), token: String::new() };
    let south = core.organization(&whole, "south").await.id;
    let by = OrganizationRef::Id;
    core.add_organization_user(&root.caller, by(north), eve.person.id, BuiltinRole::OrganizationMember)
        .await
        .unwrap();
    link(&core, &issuer, &json!({"sub": "e"}), &eve).await.unwrap();
    let entered = enter(&core, &issuer, &json!({"sub": "e"})).await;
    let token = PlainIssuers::token(&api_claims(&core, "e"));
    let by_token = core.authenticate(&token).await.unwrap();
    for caller in [&entered.caller, &by_token] {
        assert_eq!(caller.principal, eve.person.id);
        core.list_workspaces(caller, by(north), every_workspace()).await.unwrap();
        assert_eq!(kind(core.list_workspaces(caller, by(south), every_workspace()).await), Kind::Hidden);
        assert_eq!(kind(core.check_whole_person(caller)), Kind::Forbidden);
        assert_eq!(kind(core.list_own_identities(caller).await), Kind::Forbidden);
        assert_eq!(kind(core.list_issuers_to_link(caller).await), Kind::Forbidden);
        let invitation = InvitationId::from_uuid(*eve.person.id.as_uuid());
        assert!(core.accept_invitation(caller, by(south), invitation, None).await.is_err());
    }
    let admin = core.list_accounts(
        &entered.caller,
        tenantry_core::principal::AccountQuery {
            filter: tenantry_core::filter::Filter::All,
            page: first_page(Vec::new()),
        },
    );
    assert_eq!(kind(admin.await), Kind::Forbidden);
    // Another secret for the session does not widen it.
    let arrived = arrive(&core, &issuer, &json!({"sub": "e"})).await.unwrap().session.unwrap();
    let renewed = core.renew_browser_session(arrived.secret.expose(), Origin::default()).await.unwrap();
    let renewed = core.browser_session(renewed.secret.expose()).await.unwrap();
    assert_eq!(renewed.caller.narrowing, entered.caller.narrowing);
    // A client is not told who it is, and what it is given is as narrow.
    let registration = ClientRegistration {
        name: Some("App".to_owned()),
        confidential: true,
        redirect_uris: vec!["https://app.example/".to_owned()],
        logout_uris: Vec::new(),
        grant_types: vec![GrantType::AuthorizationCode],
        scopes: Scopes::ALL,
        audiences: vec!["https://other.example/".to_owned()],
    };
    let client = core.register_client(&root.caller, registration).await.unwrap().client;
    let request = |scopes, audience: Option<&str>| AuthorizationRequest {
        client: client.clone(),
        redirect_uri: "https://app.example/".to_owned(),
        scopes,
        challenge: Challenge::parse(Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), Some("S256"))
            .unwrap(),
        nonce: None,
        audience: audience.map(str::to_owned),
    };
    for refused in [request(Scopes::OPENID, None), request(Scopes::API, Some("https://other.example/"))] {
        let refused = core.authorize(&entered, refused).await.unwrap_err();
        assert_eq!(Refusal::of(&refused), Some(Refusal::AccessDenied));
    }
    core.authorize(&entered, request(Scopes::API, None)).await.unwrap();
    let allowed = core.list_own_authorizations(&eve.caller).await.unwrap();
    assert_eq!(allowed[0].credential.organization, Some(north));
    // What was allowed in one organization is remembered there alone, and what was allowed with the whole account elsewhere.
    let remembered = async |browser: &BrowserSession| {
        core.allowed_scopes(&browser.caller, (client.id.as_str(), None)).await.unwrap()
    };
    assert_eq!((remembered(&entered).await, remembered(&eve).await), (Scopes::API, Scopes::NONE));
    core.authorize(&eve, request(Scopes::API_READ, None)).await.unwrap();
    assert_eq!((remembered(&entered).await, remembered(&eve).await), (Scopes::API, Scopes::API_READ));
    // It ends with the trust.
    core.delete_issuer(&root.caller, of(north), issuer.id, None).await.unwrap();
    let left = core.list_own_authorizations(&eve.caller).await.unwrap();
    assert_eq!(left.iter().map(|one| one.credential.organization).collect::<Vec<_>>(), [None]);
}

async fn who_leaves_or_is_deleted_comes_in_no_more(core: TestCore) {
    let (_, ann, north, issuer) = scene(&core).await;
    let who = verified("k", "kim@north.example");
    let kim = enter(&core, &issuer, &who).await;
    let token = PlainIssuers::token(&api_claims(&core, "k"));
    core.authenticate(&token).await.unwrap();
    let by = OrganizationRef::Id(north);
    core.remove_organization_user(&ann.caller, by.clone(), kim.person.id, None, false).await.unwrap();
    assert_eq!(kind(core.authenticate(&token).await), Kind::Unauthenticated);
    // Being removed is not undone by signing in.
    assert_eq!(kind(arrive(&core, &issuer, &who).await), Kind::Unauthenticated);
}

async fn domains_are_confirmed_by_who_runs_the_server(core: TestCore) {
    let (_, ann, north, issuer) = scene(&core).await;
    let gmail =
        IssuerChange { domains: Some(words(&["north.example", "gmail.com"])), ..IssuerChange::default() };
    assert_eq!(reason(core.update_issuer(&ann.caller, of(north), issuer.id, gmail).await), "issuer.domains");
    let every = IssuerChange { domains: Some(words(&["*"])), ..IssuerChange::default() };
    assert_eq!(kind(core.update_issuer(&ann.caller, of(north), issuer.id, every).await), Kind::Invalid);
    let same = IssuerChange {
        domains: Some(words(&["North.example"])),
        title: Some("North".to_owned()),
        ..IssuerChange::default()
    };
    core.update_issuer(&ann.caller, of(north), issuer.id, same).await.unwrap();
    let claimed = NewIssuer {
        url: "https://other.example".to_owned(),
        ..new(IssuerChange { domains: Some(words(&["gmail.com"])), ..IssuerChange::default() })
    };
    assert_eq!(reason(core.create_issuer(&ann.caller, of(north), claimed).await), "issuer.domains");
}

async fn it_takes_an_owner_to_trust_an_issuer(core: TestCore) {
    let (root, _, north, issuer) = scene(&core).await;
    let (bea, dan) = (core.user(&root, "bea").await, core.user(&root, "dan").await);
    let by = OrganizationRef::Id(north);
    core.add_organization_user(&root.caller, by, bea.id(), BuiltinRole::OrganizationAdmin).await.unwrap();
    core.get_issuer(&bea.caller, of(north), issuer.id).await.unwrap();
    let change = IssuerChange { client_id: Some("mine".to_owned()), ..IssuerChange::default() };
    // An administrator would come in as the owner by it.
    let refused = core.update_issuer(&bea.caller, of(north), issuer.id, change.clone()).await;
    assert_eq!(reason(refused), "role.exceeds_own");
    assert_eq!(reason(core.delete_issuer(&bea.caller, of(north), issuer.id, None).await), "role.exceeds_own");
    assert_eq!(kind(core.get_issuer(&dan.caller, of(north), issuer.id).await), Kind::Hidden);
    assert_eq!(kind(core.update_issuer(&dan.caller, of(north), issuer.id, change).await), Kind::Hidden);
    // Another organization's is not found in one's own, nor is the server's.
    let south = core.organization(&dan, "south").await.id;
    let servers = trusted(&core, &root, IssuerChange::default()).await;
    for foreign in [issuer.id, servers.id] {
        assert_eq!(kind(core.get_issuer(&dan.caller, of(south), foreign).await), Kind::NotFound);
        assert_eq!(kind(core.delete_issuer(&dan.caller, of(south), foreign, None).await), Kind::NotFound);
    }
    assert_eq!(kind(core.get_issuer(&root.caller, IssuerOf::Server, issuer.id).await), Kind::NotFound);
}

async fn the_eldest_link_counts(core: TestCore) {
    let (root, _, north, issuer) = scene(&core).await;
    let eve = signed_in(&core, &root, "eve").await;
    let whole = Member { caller: eve.caller.clone(), token: String::new() };
    let south = core.organization(&whole, "south").await.id;
    let by = OrganizationRef::Id(north);
    core.add_organization_user(&root.caller, by, eve.person.id, BuiltinRole::OrganizationMember)
        .await
        .unwrap();
    let terms = IssuerChange { audience: Some(Some("api".to_owned())), ..IssuerChange::default() };
    let souths = core.create_issuer(&eve.caller, of(south), new(terms)).await.unwrap();
    assert_eq!((souths.url.as_str(), issuer.url.as_str()), (URL, URL));
    let token = PlainIssuers::token(&api_claims(&core, "e"));
    link(&core, &souths, &json!({"sub": "e"}), &eve).await.unwrap();
    assert_eq!(core.authenticate(&token).await.unwrap().narrowing.organization, Some(south));
    core.clock().advance_seconds(1);
    link(&core, &issuer, &json!({"sub": "e"}), &eve).await.unwrap();
    assert_eq!(core.authenticate(&token).await.unwrap().narrowing.organization, Some(south));
    core.delete_issuer(&eve.caller, of(south), souths.id, None).await.unwrap();
    assert_eq!(core.authenticate(&token).await.unwrap().narrowing.organization, Some(north));
}

/// Whoever types an address is shown the issuer of its domain, with an account or without.
async fn an_address_leads_to_the_issuer_of_its_domain(core: TestCore) {
    let (root, ann, _, issuer) = scene(&core).await;
    let titles = async |login: &str| {
        let ways = core.ways_to_sign_in(None, login).await.unwrap();
        ways.issuers.into_iter().map(|issuer| issuer.title).collect::<Vec<_>>()
    };
    core.user(&root, "kim").await;
    core.sql("UPDATE principals SET email = 'kim@north.example', email_folded = 'kim@north.example' WHERE username = 'kim'");
    for login in ["kim@north.example", "nobody@north.example", " Nobody@NORTH.example ", "a@b@north.example"]
    {
        assert_eq!(titles(login).await, ["Id"], "{login}");
    }
    for login in [
        "",
        "kim",
        "north.example",
        "kim@sub.north.example",
        "kim@north.example.org",
        "kim@%",
        "kim@_orth.example",
    ] {
        assert_eq!(titles(login).await, [""; 0], "{login}");
    }
    // The server's stand there for everybody, and an organization's without a domain for who names it.
    let mut everybody = new(IssuerChange { domains: Some(words(&["*"])), ..IssuerChange::default() });
    everybody.rest.title = Some("Everybody".to_owned());
    core.create_issuer(&root.caller, IssuerOf::Server, everybody).await.unwrap();
    assert_eq!(titles("").await, ["Everybody"]);
    assert_eq!(titles("kim@north.example").await, ["Everybody", "Id"]);
    core.delete_issuer(&ann.caller, of(issuer.organization.unwrap()), issuer.id, None).await.unwrap();
    assert!(!core.ways_to_sign_in(None, "").await.unwrap().more_by_address);
}

/// The domain was confirmed for the organization, which trusts the very issuer with newcomers.
async fn newcomers_of_the_server_s_issuer_join_where_their_domain_is_at_home(core: TestCore) {
    let (root, ann, north, _) = scene(&core).await;
    let terms = IssuerChange {
        admits_newcomers: Some(true),
        domains: Some(words(&["*"])),
        ..IssuerChange::default()
    };
    let servers = trusted(&core, &root, terms.clone()).await;
    let elsewhere = NewIssuer { url: "https://b.example".to_owned(), ..new(terms) };
    let elsewhere = core.create_issuer(&root.caller, IssuerOf::Server, elsewhere).await.unwrap();
    let roles = async |person| {
        let found = core.get_user(&root.caller, OrganizationRef::Id(north), person).await;
        found.map(|user| user.roles.iter().filter_map(|role| role.builtin).collect::<Vec<_>>())
    };
    let kim = enter(&core, &servers, &verified("k", "kim@north.example")).await;
    assert_eq!(roles(kim.person.id).await.unwrap(), [BuiltinRole::OrganizationMember]);
    assert_eq!(kim.caller.narrowing.organization, None, "the server's word is good everywhere");
    // Another domain, another issuer, or an address that nobody has verified.
    let lou = enter(&core, &servers, &verified("l", "lou@south.example")).await;
    let mia = enter(&core, &elsewhere, &verified("m", "mia@north.example")).await;
    for other in [&lou, &mia] {
        assert_eq!(kind(roles(other.person.id).await), Kind::NotFound);
    }
    // Who said so may not any more: the account is made all the same.
    core.add_organization_user(
        &root.caller,
        OrganizationRef::Id(north),
        lou.person.id,
        BuiltinRole::OrganizationOwner,
    )
    .await
    .unwrap();
    core.set_suspended(&root.caller, ann.id(), true).await.unwrap();
    let ned = enter(&core, &servers, &verified("n", "ned@north.example")).await;
    assert_eq!(kind(roles(ned.person.id).await), Kind::NotFound);
    assert_eq!(core.examine().await.unwrap(), []);
}

/// However many organizations trust an issuer for the same audience, a token of it is verified once, and not at all where
/// nobody trusts the issuer for its audience.
async fn a_token_is_verified_once_for_all(core: TestCore) {
    let (root, ann, ..) = scene(&core).await;
    let eve = signed_in(&core, &root, "eve").await;
    let servers = trusted(
        &core,
        &root,
        IssuerChange { audience: Some(Some("api".to_owned())), ..IssuerChange::default() },
    );
    let servers = servers.await;
    for (number, algorithm) in ["RS256", "ES256", "EdDSA", "RS256"].into_iter().enumerate() {
        let other = core.organization(&ann, &format!("other {number}")).await.id;
        let terms = IssuerChange {
            audience: Some(Some(if number == 0 { "else" } else { "api" }.to_owned())),
            algorithms: Some(words(&[algorithm])),
            ..IssuerChange::default()
        };
        core.create_issuer(&ann.caller, of(other), new(terms)).await.unwrap();
    }
    link(&core, &servers, &json!({"sub": "e"}), &eve).await.unwrap();
    let read = core.issuers().tokens_read();
    let token = PlainIssuers::token(&api_claims(&core, "e"));
    let caller = core.authenticate(&token).await.unwrap();
    assert_eq!((caller.principal, caller.narrowing), (eve.person.id, eve.caller.narrowing.clone()));
    assert_eq!(core.issuers().tokens_read(), read + 1);
    let with = |audience: serde_json::Value| {
        let mut claims = api_claims(&core, "e");
        claims["aud"] = audience;
        PlainIssuers::token(&claims)
    };
    core.authenticate(&with(json!(["more", "api", "else"]))).await.unwrap();
    assert_eq!(kind(core.authenticate(&with(json!("else"))).await), Kind::Unauthenticated);
    assert_eq!(core.issuers().tokens_read(), read + 3);
    let many: Vec<_> =
        (0..21).map(|number| if number == 0 { "api".to_owned() } else { number.to_string() }).collect();
    for untrusted in [json!("us"), json!([]), json!(null), json!([1]), json!(many)] {
        assert_eq!(kind(core.authenticate(&with(untrusted)).await), Kind::Unauthenticated);
    }
    assert_eq!(core.issuers().tokens_read(), read + 3);
    // An issuer that may not sign so is not believed, though another trust of its URL allows it.
    let change = IssuerChange { algorithms: Some(words(&["PS256"])), ..IssuerChange::default() };
    core.update_issuer(&root.caller, IssuerOf::Server, servers.id, change).await.unwrap();
    assert_eq!(kind(core.authenticate(&token).await), Kind::Unauthenticated);
}

async fn an_organization_goes_with_its_issuers(core: TestCore) {
    let (_, ann, north, issuer) = scene(&core).await;
    let who = verified("k", "kim@north.example");
    enter(&core, &issuer, &who).await;
    let token = PlainIssuers::token(&api_claims(&core, "k"));
    let listed = async |by: &str, login: &str| {
        let ways = core.ways_to_sign_in(Some(OrganizationRef::parse(by)), login).await.unwrap();
        (ways.issuers.len(), ways.more_by_address)
    };
    assert_eq!([listed("north", "").await, listed("south", "").await], [(1, true), (0, true)]);
    assert_eq!(listed("north", "kim@north.example").await, (1, true), "once");
    core.delete_organization(&ann.caller, OrganizationRef::Id(north), None, true).await.unwrap();
    assert_eq!(listed("north", "kim@north.example").await, (0, false));
    assert_eq!(kind(core.authenticate(&token).await), Kind::Unauthenticated);
    assert_eq!(
        kind(core.begin_issuer_sign_in(issuer.id, crate::issuers::RETURN, None).await),
        Kind::NotFound
    );
    core.clock().advance_seconds(core.settings().retention_seconds + 1);
    while core.purge().await.unwrap() {}
    for table in ["issuers", "identities", "browser_sessions"] {
        assert_eq!(core.sql(&format!("SELECT COUNT(*) FROM {table}")), "0", "{table}");
    }
}
