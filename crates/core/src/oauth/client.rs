//! Use cases of clients: registration by administrators, and proof at the token endpoint.

use std::sync::Arc;

use subtle::ConstantTimeEq;

use super::{ADDRESSES_MAX, Client, ClientKind, GrantType, Refusal, Scopes, redirect, refused};
use crate::Core;
use crate::audit::Target;
use crate::authz;
use crate::browser::Origin;
use crate::caller::Caller;
use crate::credential::{Found, Secret, TokenKind};
use crate::error::{Error, Result};
use crate::ids::{ClientId, CredentialId, OrganizationId};
use crate::permission::Permission;
use crate::text;
use crate::throttle::{Attempts, Purpose};
use crate::uses::Shower;

/// Longest name of a client, in characters.
const NAME_MAX: usize = 60;

/// What a client is made of (RFC 7591, section 2).
#[derive(Clone, Debug)]
pub struct ClientRegistration {
    /// What people are told, up to 60 characters; the id unless said.
    pub name: Option<String>,
    /// Whether it gets a secret.
    pub confidential: bool,
    /// Where browsers may be sent with an answer.
    pub redirect_uris: Vec<String>,
    /// Where browsers may be sent when somebody has signed out.
    pub logout_uris: Vec<String>,
    /// The ways in which it may come to tokens.
    pub grant_types: Vec<GrantType>,
    /// The most that it may ask for, less what it cannot use ([`Client::usable`]).
    pub scopes: Scopes,
    /// Resources other than this server.
    pub audiences: Vec<String>,
}

/// A client just registered, with the secret that is shown this once.
#[derive(Clone, Debug)]
pub struct RegisteredClient {
    /// The client.
    pub client: Client,
    /// Its secret, if it is confidential.
    pub secret: Option<Secret>,
}

/// What a client names as the resource that tokens are to be for (RFC 8707).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Resource {
    /// Nothing: whatever was allowed.
    #[default]
    Unnamed,
    /// This server.
    Own,
    /// Something else, by its address.
    Other(String),
}

/// A client that showed what it has to show.
#[derive(Clone, Debug)]
pub struct ProvenClient {
    /// The client.
    pub client: Client,
    /// The id of the request, for the audit trail.
    pub request_id: Option<String>,
    /// What it names as the resource of the tokens that it asks for.
    pub resource: Resource,
    /// The credential that a service account's client is, and whose it is, with the hash of the secret that it showed.
    pub(super) account: Option<(Arc<Found>, [u8; 32])>,
}

impl ProvenClient {
    /// A program that speaks a dialect and is not registered: it is no secret, and may only do what a person confirms.
    /// Its id must be none that a registered client can have.
    pub fn of_program(id: String, name: &str, request_id: Option<String>) -> Self {
        let client = program(id, name, Vec::new());
        Self { client, request_id, resource: Resource::Unnamed, account: None }
    }

    /// Refuses tokens for another resource than the one that was allowed; none is this server.
    pub(crate) fn require_resource(&self, allowed: Option<&str>) -> Result<()> {
        let fits = match &self.resource {
            Resource::Unnamed => true,
            Resource::Own => allowed.is_none(),
            Resource::Other(named) => {
                allowed.is_some_and(|it| it.trim_end_matches('/') == named.trim_end_matches('/'))
            }
        };
        if fits {
            return Ok(());
        }
        Err(refused(Refusal::InvalidTarget, "resource: expected the one that was allowed"))
    }
}

impl Core {
    /// Registers a client. Needs the right to run the server.
    pub async fn register_client(
        &self,
        caller: &Caller,
        new: ClientRegistration,
    ) -> Result<RegisteredClient> {
        let secret = new.confidential.then(|| Secret::random(TokenKind::ClientSecret, self.entropy()));
        let id = ClientId::generate(&*self.ids).to_string();
        let name = new.name.as_deref().unwrap_or(&id);
        let mut client = Client {
            name: text::name("client_name", name, NAME_MAX).map_err(|error| metadata(&error))?,
            id,
            kind: if new.confidential { ClientKind::Confidential } else { ClientKind::Public },
            created_at: self.clock().now(),
            redirect_uris: new.redirect_uris,
            logout_uris: new.logout_uris,
            grant_types: new.grant_types,
            scopes: new.scopes,
            audiences: new.audiences,
        };
        client.scopes = client.usable(client.scopes);
        check(&client)?;
        self.store()
            .write((self.act(caller), client, secret), |session, (act, client, secret)| {
                Box::pin(async move {
                    let scope = authz::server_change(session, &act.caller).await?;
                    authz::require_server(&scope, Permission::ManageServer)?;
                    let hash = secret.as_ref().map(Secret::hash);
                    session.insert_client(&scope, client, hash.as_ref()).await?;
                    act.record(session, OrganizationId::SERVER, "client.register", targets(&client.id))
                        .await?;
                    Ok(RegisteredClient { client: client.clone(), secret: secret.clone() })
                })
            })
            .await
    }

    /// The registered clients, the newest first. Needs the right to run the server.
    pub async fn list_clients(&self, caller: &Caller) -> Result<Vec<Client>> {
        self.store()
            .scan(caller.clone(), |session, caller| {
                Box::pin(async move {
                    let scope = authz::server(session, caller).await?;
                    authz::require_server(&scope, Permission::ManageServer)?;
                    session.list_clients(&scope).await
                })
            })
            .await
    }

    /// One registered client. Needs the right to run the server.
    pub async fn get_client(&self, caller: &Caller, id: &str) -> Result<Client> {
        self.store()
            .point((caller.clone(), id.to_owned()), |session, (caller, id)| {
                Box::pin(async move {
                    let scope = authz::server(session, caller).await?;
                    authz::require_server(&scope, Permission::ManageServer)?;
                    let found = session.find_client(id).await?;
                    found.map(|(client, _)| client).ok_or_else(|| Error::not_found("client"))
                })
            })
            .await
    }

    /// Removes a client and ends what people allowed it. Needs the right to run the server.
    pub async fn delete_client(&self, caller: &Caller, id: &str) -> Result<()> {
        self.store()
            .write((self.act(caller), id.to_owned()), |session, (act, id)| {
                Box::pin(async move {
                    let scope = authz::server_change(session, &act.caller).await?;
                    authz::require_server(&scope, Permission::ManageServer)?;
                    if !session.delete_client(&scope, id, act.now).await? {
                        return Err(Error::not_found("client"));
                    }
                    act.record(session, OrganizationId::SERVER, "client.delete", targets(id)).await
                })
            })
            .await
    }

    /// The client of this id: registered, or one of ours. Service accounts' clients are not told without their secret.
    pub async fn find_client(&self, id: &str) -> Result<Option<Client>> {
        if let Some(own) = own(id) {
            return Ok(Some(own));
        }
        let found =
            self.store().point(id.to_owned(), |session, id| Box::pin(session.find_client(id))).await?;
        Ok(found.map(|(client, _)| client))
    }

    /// Takes a client's proof: a secret from a confidential one, none from another.
    ///
    /// # Errors
    /// [`Refusal::InvalidClient`], whatever is wrong; `Kind::RateLimited` after several of these.
    pub async fn prove_client(&self, id: &str, secret: Option<&str>, from: &Origin) -> Result<ProvenClient> {
        let proving = self.proven(id, secret);
        // Where there is no secret, there is nothing to guess, and nobody else to lock out.
        let proven = if secret.is_none() || own(id).is_some() {
            proving.await?
        } else {
            let attempts = Attempts::new(Purpose::SignIn, id, from.source);
            self.throttled(&attempts, proving).await?
        };
        if let Some((found, _)) = &proven.account {
            self.uses().note(found.credential.id, self.clock().now(), Shower::from(from));
        }
        Ok(ProvenClient { request_id: from.request_id.clone(), ..proven })
    }

    async fn proven(&self, id: &str, secret: Option<&str>) -> Result<ProvenClient> {
        let proven = |client| {
            Ok(ProvenClient { client, request_id: None, resource: Resource::Unnamed, account: None })
        };
        if let Some(own) = own(id) {
            return if secret.is_none() { proven(own) } else { Err(unproven()) };
        }
        let shown = secret.map(|secret| {
            let secret = Secret::parse(secret).filter(|secret| secret.kind() == TokenKind::ClientSecret);
            secret.map(|secret| secret.hash()).ok_or_else(unproven)
        });
        let shown = shown.transpose()?;
        let found =
            self.store().point(id.to_owned(), |session, id| Box::pin(session.find_client(id))).await?;
        match (found, shown) {
            (Some((client, None)), None) => proven(client),
            (Some((client, Some(hash))), Some(shown)) if bool::from(hash.ct_eq(&shown)) => proven(client),
            (None, Some(shown)) => self.prove_service_account(id, shown).await,
            _ => Err(unproven()),
        }
    }

    /// The client of a service account, which is a credential: its id is the client's.
    async fn prove_service_account(&self, id: &str, hash: [u8; 32]) -> Result<ProvenClient> {
        let found = self.store().point(hash, |session, hash| Box::pin(session.find_credential(hash))).await?;
        let client = CredentialId::parse(id).ok_or_else(unproven)?;
        let found = found.filter(|found| found.is_of_client(client)).ok_or_else(unproven)?;
        if !found.counts(self.clock().now()) {
            return Err(unproven().by(found.principal.id));
        }
        let client = Client {
            id: id.to_owned(),
            name: found.principal.username.clone(),
            kind: ClientKind::ServiceAccount(found.principal.id),
            redirect_uris: Vec::new(),
            logout_uris: Vec::new(),
            grant_types: vec![GrantType::ClientCredentials],
            scopes: Scopes::API.union(Scopes::API_READ),
            audiences: Vec::new(),
            created_at: found.credential.created_at,
        };
        Ok(ProvenClient {
            client,
            request_id: None,
            resource: Resource::Unnamed,
            account: Some((found, hash)),
        })
    }
}

/// Our own programs, and those that speak a dialect: they are no secret, and may only do what a person confirms.
fn own(id: &str) -> Option<Client> {
    let (name, redirect_uris) = match id {
        "tenantry-cli" => ("Tenantry command line", vec!["http://127.0.0.1/callback".to_owned()]),
        _ => return None,
    };
    Some(program(id.to_owned(), name, redirect_uris))
}

fn program(id: String, name: &str, redirect_uris: Vec<String>) -> Client {
    let mut grant_types = vec![GrantType::RefreshToken, GrantType::DeviceCode];
    if !redirect_uris.is_empty() {
        grant_types.push(GrantType::AuthorizationCode);
    }
    Client {
        id,
        name: name.to_owned(),
        kind: ClientKind::Own,
        redirect_uris,
        logout_uris: Vec::new(),
        grant_types,
        scopes: Scopes::ALL,
        audiences: Vec::new(),
        created_at: crate::clock::Timestamp::default(),
    }
}

fn unproven() -> Error {
    refused(Refusal::InvalidClient, "the client is not known, or did not prove that it is the one")
}

fn metadata(error: &Error) -> Error {
    refused(Refusal::InvalidClientMetadata, error.public().to_owned())
}

fn check(client: &Client) -> Result<()> {
    let wrong = |message: &'static str| Err(refused(Refusal::InvalidClientMetadata, message));
    let address = |error: &Error| refused(Refusal::InvalidRedirectUri, error.public().to_owned());
    for (field, addresses) in
        [("redirect_uris", &client.redirect_uris), ("post_logout_redirect_uris", &client.logout_uris)]
    {
        if addresses.len() > ADDRESSES_MAX {
            return wrong("redirect_uris, post_logout_redirect_uris: expected at most 20 of each");
        }
        addresses
            .iter()
            .try_for_each(|text| redirect::check(field, text))
            .map_err(|error| address(&error))?;
    }
    if client.grant_types.is_empty() {
        return wrong("grant_types: expected at least one");
    }
    if client.grant_types.contains(&GrantType::ClientCredentials) {
        return wrong(
            "grant_types: client_credentials is for service accounts, which get a client with their account",
        );
    }
    let redirecting = client.grant_types.contains(&GrantType::AuthorizationCode);
    if redirecting && client.redirect_uris.is_empty() {
        return Err(refused(Refusal::InvalidRedirectUri, "redirect_uris: expected at least one"));
    }
    if client.grant_types == [GrantType::RefreshToken] {
        return wrong("grant_types: refresh_token needs another one");
    }
    if client.scopes.is_empty() {
        return wrong("scope: expected at least one");
    }
    if client.audiences.len() > ADDRESSES_MAX {
        return wrong("audiences: expected at most 20");
    }
    for audience in &client.audiences {
        let good = url::Url::parse(audience).is_ok_and(|url| url.fragment().is_none());
        if !good || audience.len() > 2_000 {
            return wrong("audiences: expected absolute addresses without a fragment (RFC 8707)");
        }
    }
    Ok(())
}

fn targets(id: &str) -> Vec<Target> {
    ClientId::parse(id).map(|id| Target::new("client", id.as_uuid())).into_iter().collect()
}
