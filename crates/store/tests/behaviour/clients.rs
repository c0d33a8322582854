//! Clients of OAuth: who registers them, how they prove who they are, and the keys that sign what they get.

use std::sync::Arc;

use tenantry_core::authz::OrganizationRef;
use tenantry_core::browser::Origin;
use tenantry_core::clock::Clock;
use tenantry_core::error::Kind;
use tenantry_core::ids::SigningKeyId;
use tenantry_core::oauth::{ClientRegistration, GrantType, Scopes};
use tenantry_core::permission::BuiltinRole;
use tenantry_core::principal::NewServiceAccount;
use tenantry_core::signing::SigningKey;
use tenantry_testkit::TestCore;

use crate::asking::{kind, reason};
use crate::oauth::{proven, registration};

on_both_engines!(
    clients_are_registered_by_administrators,
    service_accounts_have_clients,
    signing_keys_rotate_once,
);

async fn clients_are_registered_by_administrators(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    assert_eq!(kind(core.register_client(&ann.caller, registration("App")).await), Kind::Forbidden);
    let made = core.register_client(&root.caller, registration("App")).await.unwrap();
    let (id, secret) = (made.client.id.clone(), made.secret.unwrap());
    assert_eq!(core.get_client(&root.caller, &id).await.unwrap(), made.client);
    assert_eq!(core.list_clients(&root.caller).await.unwrap(), [made.client]);
    assert_eq!(kind(core.list_clients(&ann.caller).await), Kind::Forbidden);
    core.prove_client(&id, Some(secret.expose()), &Origin::default()).await.unwrap();
    let public = ClientRegistration { confidential: false, ..registration("Public") };
    let public = core.register_client(&root.caller, public).await.unwrap();
    assert!(public.secret.is_none());
    core.prove_client(&public.client.id, None, &Origin::default()).await.unwrap();
    for (id, shown) in [
        (id.as_str(), None),
        (id.as_str(), Some("")),
        (id.as_str(), Some(root.token.as_str())),
        (public.client.id.as_str(), Some(secret.expose())),
        ("tenantry-cli", Some(secret.expose())),
        ("nobody", None),
    ] {
        assert_eq!(
            reason(core.prove_client(id, shown, &Origin::default()).await),
            "oauth.invalid_client",
            "{id} {shown:?}"
        );
    }
    let wrong: [fn(&mut ClientRegistration); 6] = [
        |new| new.redirect_uris = vec!["http://app.example/".to_owned()],
        |new| new.redirect_uris.clear(),
        |new| new.grant_types = vec![GrantType::RefreshToken],
        |new| new.grant_types.push(GrantType::ClientCredentials),
        |new| new.scopes = Scopes::NONE,
        |new| new.name = Some(" ".to_owned()),
    ];
    for change in wrong {
        let mut new = registration("Wrong");
        change(&mut new);
        assert_eq!(kind(core.register_client(&root.caller, new).await), Kind::Invalid);
    }
    assert_eq!(kind(core.delete_client(&ann.caller, &id).await), Kind::Forbidden);
    core.delete_client(&root.caller, &id).await.unwrap();
    assert_eq!(kind(core.delete_client(&root.caller, &id).await), Kind::NotFound);
    assert_eq!(
        reason(core.prove_client(&id, Some(secret.expose()), &Origin::default()).await),
        "oauth.invalid_client"
    );
}

async fn service_accounts_have_clients(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let org = core.organization(&ann, "Org").await.id;
    let new = NewServiceAccount::new("ci", BuiltinRole::OrganizationMember);
    let made = core.create_service_account(&ann.caller, OrganizationRef::Id(org), new).await.unwrap();
    let (id, secret) = (made.client.credential.id.to_string(), made.client.secret.expose());
    let client = core.prove_client(&id, Some(secret), &Origin::default()).await.unwrap();
    let issued = core.client_credentials(&client, Scopes::API_READ).await.unwrap();
    let token = issued.secret.expose();
    assert_eq!(core.authenticate(token).await.unwrap().principal, made.account.id);
    assert_eq!(core.introspect(&client, token).await.unwrap().unwrap().scopes, Scopes::API_READ);
    let whole = core.client_credentials(&client, Scopes::API).await.unwrap();
    let told = core.introspect(&client, whole.secret.expose()).await.unwrap().unwrap();
    assert_eq!(told.scopes, Scopes::API);
    for wrong in [Scopes::NONE, Scopes::OPENID, Scopes::API.union(Scopes::OFFLINE_ACCESS)] {
        assert_eq!(reason(core.client_credentials(&client, wrong).await), "oauth.invalid_scope");
    }
    core.revoke_token(&client, token).await.unwrap();
    assert_eq!(kind(core.authenticate(token).await), Kind::Unauthenticated);
    assert_eq!(reason(core.prove_client(&id, None, &Origin::default()).await), "oauth.invalid_client");
    let app = proven(&core, &root, "App").await;
    assert_eq!(reason(core.client_credentials(&app, Scopes::API).await), "oauth.unauthorized_client");
    core.set_suspended(&root.caller, made.account.id, true).await.unwrap();
    assert_eq!(
        reason(core.prove_client(&id, Some(secret), &Origin::default()).await),
        "oauth.invalid_client"
    );
}

async fn signing_keys_rotate_once(core: TestCore) {
    let core = Arc::new(core);
    let due = async || {
        let all: Vec<_> = (0..4)
            .map(|_| {
                let core = Arc::clone(&core);
                tokio::spawn(async move {
                    let key = SigningKey {
                        id: SigningKeyId::generate(&tenantry_testkit::chance::SeededIds::new(7)),
                        created_at: core.clock().now(),
                        public: "{}".to_owned(),
                        private: vec![1, 2, 3],
                    };
                    core.rotate_signing_keys(key).await.unwrap()
                })
            })
            .collect();
        for one in all {
            one.await.unwrap();
        }
        core.signing_keys().await.unwrap().published(core.clock().now()).count()
    };
    assert_eq!(due().await, 1);
    assert_eq!(due().await, 1);
}
