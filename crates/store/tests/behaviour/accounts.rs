//! Accounts: who administers them, and what ends with one.

use tenantry_core::Shower;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::error::Kind;
use tenantry_core::filter::{Filter, Test};
use tenantry_core::ids::PrincipalId;
use tenantry_core::page::Order;
use tenantry_core::permission::BuiltinRole;
use tenantry_core::principal::{AccountChange, AccountField, AccountQuery, NewUser, OwnChange};
use tenantry_core::version::Versions;
use tenantry_testkit::{Member, TestCore};

use crate::asking::{first_page, kind, reason};

on_both_engines!(
    only_administrators_administer_accounts,
    accounts_are_listed_by_filter_and_order,
    accounts_are_changed_by_version,
    names_are_nobody_elses,
    people_change_their_own_names,
    the_last_administrator_stays,
    a_deleted_account_leaves_nothing_behind,
    who_answers_for_something_is_not_deleted,
    passwords_are_changed_by_who_knows_them,
);

fn query(filter: Filter<AccountField>, order: Order<AccountField>) -> AccountQuery {
    AccountQuery { filter, page: first_page(vec![order]) }
}

fn everybody() -> AccountQuery {
    query(Filter::All, Order::ascending(AccountField::Username))
}

async fn usernames(core: &TestCore, root: &Member, query: AccountQuery) -> Vec<String> {
    let page = core.list_accounts(&root.caller, query).await.unwrap();
    page.items.into_iter().map(|account| account.user.username).collect()
}

async fn only_administrators_administer_accounts(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let nobody = PrincipalId::from_uuid(uuid::Uuid::from_u128(7));
    for id in [root.id(), ann.id(), nobody] {
        let change = AccountChange::default;
        assert_eq!(kind(core.get_account(&ann.caller, id).await), Kind::Forbidden);
        assert_eq!(kind(core.update_account(&ann.caller, id, change()).await), Kind::Forbidden);
        assert_eq!(kind(core.suspend_account(&ann.caller, id, true, None).await), Kind::Forbidden);
        assert_eq!(kind(core.send_activation(&ann.caller, id, None).await), Kind::Forbidden);
        assert_eq!(kind(core.delete_account(&ann.caller, id, None, true).await), Kind::Forbidden);
    }
    assert_eq!(kind(core.list_accounts(&ann.caller, everybody()).await), Kind::Forbidden);
    assert_eq!(kind(core.get_account(&root.caller, nobody).await), Kind::NotFound);
    assert_eq!(kind(core.delete_account(&root.caller, nobody, None, true).await), Kind::NotFound);
    let seen = core.get_account(&root.caller, ann.id()).await.unwrap();
    assert_eq!((seen.has_password, seen.is_administrator, seen.email_verified_at), (false, false, None));
    assert!(core.get_account(&root.caller, root.id()).await.unwrap().is_administrator);
}

async fn accounts_are_listed_by_filter_and_order(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    core.user(&root, "bob").await;
    core.organization(&ann, "Org").await;
    let new = tenantry_core::principal::NewServiceAccount::new("robot", BuiltinRole::OrganizationMember);
    let by = OrganizationRef::Name("org".to_owned());
    core.create_service_account(&ann.caller, by, new).await.unwrap();
    assert_eq!(usernames(&core, &root, everybody()).await, ["ann", "bob", "root"]);
    let newest = query(Filter::All, Order::descending(AccountField::Email));
    assert_eq!(usernames(&core, &root, newest).await, ["root", "bob", "ann"]);
    core.set_suspended(&root.caller, ann.id(), true).await.unwrap();
    let suspended = Filter::Is(AccountField::SuspendedAt, Test::Present);
    let by_name = Order::ascending(AccountField::DisplayName);
    assert_eq!(usernames(&core, &root, query(suspended.clone(), by_name)).await, ["ann"]);
    assert_eq!(usernames(&core, &root, query(suspended.not(), by_name)).await, ["bob", "root"]);
    let part = Filter::Is(AccountField::Email, Test::Contains("OB@EX".to_owned()));
    assert_eq!(usernames(&core, &root, query(part, by_name)).await, ["bob"]);
}

async fn accounts_are_changed_by_version(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let change = |version| AccountChange {
        email: Some("Ann@Other.example".to_owned()),
        display_name: Some(None),
        expected_version: Some(Versions::from(version)),
        ..AccountChange::default()
    };
    assert_eq!(reason(core.update_account(&root.caller, ann.id(), change(7)).await), "user.stale");
    let changed = core.update_account(&root.caller, ann.id(), change(1)).await.unwrap();
    assert_eq!((changed.user.version, changed.user.shown_name()), (2, "ann"));
    assert_eq!(core.get_account(&root.caller, ann.id()).await.unwrap(), changed);
    assert_eq!(core.get_own_account(&ann.caller).await.unwrap(), changed.user);
    let suspended = core.suspend_account(&root.caller, ann.id(), true, Some(2.into())).await.unwrap();
    assert_eq!((suspended.user.version, suspended.user.suspended_at.is_some()), (3, true));
    assert_eq!(
        reason(core.delete_account(&root.caller, ann.id(), Some(2.into()), false).await),
        "user.stale"
    );
    let resumed = core.suspend_account(&root.caller, ann.id(), false, Some(3.into())).await.unwrap();
    assert_eq!((resumed.user.version, resumed.user.suspended_at), (4, None));
    core.authenticate(&ann.token).await.unwrap();
}

async fn names_are_nobody_elses(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    core.user(&root, "bob").await;
    let named =
        |username: &str| AccountChange { username: Some(username.to_owned()), ..AccountChange::default() };
    let at = |email: &str| AccountChange { email: Some(email.to_owned()), ..AccountChange::default() };
    for change in [named("BOB"), at("Bob@example.org"), at("BOB@EXAMPLE.ORG")] {
        let refused = core.update_account(&root.caller, ann.id(), change).await;
        assert_eq!(reason(refused), "user.name_taken");
    }
    // Who is asked for by that address later must not be found under it.
    let own = OwnChange { username: Some("carol@example.org".to_owned()), ..OwnChange::default() };
    let refused = core.update_own_account(&ann.caller, own).await.unwrap_err();
    assert_eq!(refused.violations[0].rule, "address");
    // A sign-in name that is the address stays the address.
    core.update_account(&root.caller, ann.id(), named("ann@example.org")).await.unwrap();
    let moved = core.update_account(&root.caller, ann.id(), at("ann@new.example")).await.unwrap();
    assert_eq!(moved.user.username, "ann@new.example");
}

async fn people_change_their_own_names(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let org = core.organization(&ann, "Org").await.id;
    let change = |version: Option<i64>| OwnChange {
        username: Some("annabelle".to_owned()),
        display_name: Some(Some(" Annabelle ".to_owned())),
        expected_version: version.map(Versions::from),
        ..OwnChange::default()
    };
    assert_eq!(reason(core.update_own_account(&ann.caller, change(Some(9))).await), "user.stale");
    let own = core.update_own_account(&ann.caller, change(Some(1))).await.unwrap();
    assert_eq!((&*own.username, own.shown_name()), ("annabelle", "Annabelle"));
    let place = || OrganizationRef::Id(org);
    let seen = core.get_user(&ann.caller, place(), ann.id()).await.unwrap();
    assert_eq!(seen.user.shown_name(), "Annabelle");
    // What lists are ordered by has followed.
    assert_eq!(core.examine().await.unwrap(), []);
    // A key that is narrower than its owner changes nothing.
    let key = tenantry_core::credential::NewApiKey {
        owner: None,
        title: "Key".to_owned(),
        days: 7,
        access: tenantry_core::credential::Access::Everything,
        workspaces: vec![],
    };
    let key = core.create_api_key(&ann.caller, place(), key).await.unwrap();
    let narrow = core.member(key.secret.expose()).await;
    assert_eq!(kind(core.update_own_account(&narrow.caller, change(None)).await), Kind::Forbidden);
    let change = core.change_password(&narrow.caller, "x".into(), "y".into()).await;
    assert_eq!(kind(change), Kind::Forbidden);
}

async fn the_last_administrator_stays(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let admin = |wanted| AccountChange { administrator: Some(wanted), ..AccountChange::default() };
    let last = "server.last_administrator";
    let all_refused = async |by: &Member, of: &Member| {
        assert_eq!(reason(core.suspend_account(&by.caller, of.id(), true, None).await), last);
        assert_eq!(reason(core.set_suspended(&by.caller, of.id(), true).await), last);
        assert_eq!(reason(core.update_account(&by.caller, of.id(), admin(false)).await), last);
        assert_eq!(reason(core.delete_account(&by.caller, of.id(), None, true).await), last);
    };
    all_refused(&root, &root).await;
    assert!(core.update_account(&root.caller, ann.id(), admin(true)).await.unwrap().is_administrator);
    core.suspend_account(&ann.caller, root.id(), true, None).await.unwrap();
    all_refused(&ann, &ann).await;
    core.suspend_account(&ann.caller, root.id(), false, None).await.unwrap();
    core.update_account(&root.caller, root.id(), admin(false)).await.unwrap();
    assert_eq!(kind(core.list_accounts(&root.caller, everybody()).await), Kind::Forbidden);
    all_refused(&ann, &ann).await;
    core.delete_account(&ann.caller, root.id(), None, true).await.unwrap();
    assert_eq!(usernames(&core, &ann, everybody()).await, ["ann"]);
}

async fn a_deleted_account_leaves_nothing_behind(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let bob = core.user(&root, "bob").await;
    let org = core.organization(&ann, "Org").await.id;
    let by = || OrganizationRef::Id(org);
    core.add_organization_user(&root.caller, by(), bob.id(), BuiltinRole::OrganizationAdmin).await.unwrap();
    let made = core.workspace(&bob, org, "Bob's").await;
    let session = core.exchange_bearer(&bob.token, Shower::default()).await.unwrap();
    core.send_activation(&root.caller, bob.id(), None).await.unwrap();

    let refused = core.delete_account(&root.caller, bob.id(), None, false).await.unwrap_err();
    assert_eq!(refused.reason, "member.last_owner");
    assert!(refused.metadata.contains(&("organization", org.to_string())), "{:?}", refused.metadata);
    core.authenticate(&bob.token).await.unwrap();
    core.delete_account(&root.caller, bob.id(), None, true).await.unwrap();

    for token in [&*bob.token, session.secret.expose()] {
        assert_eq!(kind(core.authenticate(token).await), Kind::Unauthenticated);
    }
    let id = core.literal(bob.id().as_uuid());
    for table in ["grants WHERE subject_id", "reach WHERE principal_id", "links WHERE principal_id"] {
        assert_eq!(core.sql(&format!("SELECT COUNT(*) FROM {table} = {id}")), "0", "{table}");
    }
    let left = core.sql(&format!("SELECT * FROM principals WHERE id = {id}"));
    assert!(!left.contains("bob") && !left.contains("example.org"), "{left}");
    // What bob made is ann's now, and still there.
    let target = tenantry_testkit::estate::target(org, made.id);
    let kept = core.get_workspace(&ann.caller, target, tenantry_core::authz::View::Both).await.unwrap();
    assert_eq!((kept.seen.workspace.owner, kept.seen.workspace.created_by), (ann.id(), bob.id()));
    assert_eq!(kind(core.get_account(&root.caller, bob.id()).await), Kind::NotFound);
    assert_eq!(kind(core.set_suspended(&root.caller, bob.id(), false).await), Kind::NotFound);
    assert_eq!(usernames(&core, &root, everybody()).await, ["ann", "root"]);
    // Address and name are free, and who has them next inherits nothing.
    let next = core.user(&root, "bob").await;
    assert_ne!(next.id(), bob.id());
    assert_eq!(kind(core.get_user(&next.caller, by(), ann.id()).await), Kind::Hidden);
}

async fn who_answers_for_something_is_not_deleted(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let org = core.organization(&ann, "Org").await.id;
    let refused = core.delete_account(&root.caller, ann.id(), None, true).await.unwrap_err();
    assert_eq!(refused.reason, "member.account_owner");
    assert!(refused.metadata.contains(&("organization", org.to_string())));
    core.authenticate(&ann.token).await.unwrap();
    // A deleted organization stands in nobody's way.
    core.delete_organization(&ann.caller, OrganizationRef::Id(org), None, true).await.unwrap();
    core.delete_account(&root.caller, ann.id(), None, false).await.unwrap();
    core.undelete_organization(&root.caller, OrganizationRef::Id(org), None).await.unwrap();
    assert_eq!(kind(core.authenticate(&ann.token).await), Kind::Unauthenticated);
}

async fn passwords_are_changed_by_who_knows_them(core: TestCore) {
    let root = core.root().await;
    let new = NewUser {
        username: Some("ann".into()),
        email: "ann@example.org".into(),
        password: Some("correct horse".into()),
        ..NewUser::default()
    };
    let (_, token) = core.create_user(&root.caller, new).await.unwrap();
    let here = core.sign_in_user("ann", "correct horse", None).await.unwrap();
    let there = core.sign_in_user("ann", "correct horse", None).await.unwrap();
    let by_token = core.exchange_bearer(token.secret.expose(), Shower::default()).await.unwrap();
    let ann = core.member(here.secret.expose()).await;
    let change = async |current: &str, new: &str| {
        core.change_password(&ann.caller, current.to_owned(), new.to_owned()).await
    };
    let field = |outcome: tenantry_core::Result<()>| {
        let violation = outcome.unwrap_err().violations.remove(0);
        (violation.field.into_owned(), violation.rule)
    };
    let hashed = core.passwords().asked();
    assert_eq!(field(change("wrong horse", "battery staple").await), ("current_password".into(), "wrong"));
    assert_eq!(field(change("correct horse", "password").await), ("new_password".into(), "common"));
    assert_eq!(field(change("correct horse", "ann@example.org").await), ("new_password".into(), "own_name"));
    assert_eq!(core.passwords().asked(), hashed + 3);
    change("correct horse", "battery staple").await.unwrap();

    core.authenticate(here.secret.expose()).await.unwrap();
    assert_eq!(kind(core.authenticate(there.secret.expose()).await), Kind::Unauthenticated);
    for kept in [token.secret.expose(), by_token.secret.expose()] {
        core.authenticate(kept).await.unwrap();
    }
    assert_eq!(kind(core.sign_in_user("ann", "correct horse", None).await), Kind::Unauthenticated);
    core.sign_in_user("ann", "battery staple", None).await.unwrap();
    // Who has none cannot change it.
    let bob = core.user(&root, "bob").await;
    let none = core.change_password(&bob.caller, "correct horse".into(), "battery staple".into()).await;
    assert_eq!(reason(none), "password.none");
}
