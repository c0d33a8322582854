//! Use cases of who trusts issuers: the server's administrators, and the owners of organizations.
//!
//! Whoever configures an issuer could come in as anybody whom it is believed about, so it takes holding everything that can
//! be held there.

use std::sync::Arc;

use super::{Algorithm, ISSUERS_MAX, Issuer, IssuerChange, IssuerField, NewIssuer, read};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, OrganizationRef, OrganizationScope, View, Writable};
use crate::caller::Caller;
use crate::error::{Error, Kind, Result};
use crate::ids::{IssuerId, OrganizationId};
use crate::page::{Page, PageRequest};
use crate::permission::{BuiltinRole, Level, Permission, PermissionSet};
use crate::seal::Seal;
use crate::store::Session;
use crate::version::{self, Seen, Versions};

/// Who trusts an issuer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum IssuerOf {
    /// The whole server.
    Server,
    /// One organization.
    Organization(OrganizationRef),
}

impl Core {
    /// The issuers that the server or an organization trusts.
    pub async fn list_issuers(
        &self,
        caller: &Caller,
        of: IssuerOf,
        page: PageRequest<IssuerField>,
    ) -> Result<Page<Issuer>> {
        self.store()
            .scan((caller.clone(), of, page), |session, (caller, of, page)| {
                Box::pin(async move {
                    let scope = readable(session, caller, of).await?;
                    session.list_issuers(&scope, page).await
                })
            })
            .await
    }

    /// One of them.
    pub async fn get_issuer(&self, caller: &Caller, of: IssuerOf, id: IssuerId) -> Result<Issuer> {
        self.store()
            .point((caller.clone(), of, id), |session, (caller, of, id)| {
                Box::pin(async move {
                    let scope = readable(session, caller, of).await?;
                    find(session, &scope, *id).await
                })
            })
            .await
    }

    /// Trusts an issuer.
    pub async fn create_issuer(&self, caller: &Caller, of: IssuerOf, new: NewIssuer) -> Result<Issuer> {
        let data = (self.act(caller), of, new, (self.seal(), Arc::clone(&self.settings)));
        self.store()
            .write(data, |session, (act, of, new, (seal, settings))| {
                Box::pin(async move {
                    let scope = writable(session, act, of).await?;
                    let organization = of.organization(&scope);
                    let mut issuer = Issuer {
                        id: IssuerId::generate(&*act.ids),
                        organization,
                        url: read::url(&new.url, settings)?,
                        title: String::new(),
                        client_id: String::new(),
                        client_secret: Vec::new(),
                        algorithms: vec![Algorithm::Rs256],
                        audience: None,
                        admits_newcomers: false,
                        role: organization.map(|_| BuiltinRole::OrganizationMember),
                        domains: Vec::new(),
                        configured_by: act.caller.principal,
                        version: 1,
                        created_at: act.now,
                        updated_at: act.now,
                    };
                    apply(session, act, &scope, &mut issuer, (&new.rest, &**seal)).await?;
                    for (field, is_missing) in [
                        ("title", issuer.title.is_empty()),
                        ("client_id", issuer.client_id.is_empty()),
                        ("client_secret", issuer.client_secret.is_empty()),
                    ] {
                        if is_missing {
                            return Err(Error::invalid(field, "missing", "a value is required"));
                        }
                    }
                    let (count, has_url) = session.count_issuers(&scope, &issuer.url).await?;
                    if has_url {
                        let message = "this issuer is trusted already";
                        return Err(Error::new(Kind::AlreadyExists, "issuer.exists", message));
                    }
                    if count >= ISSUERS_MAX {
                        let message = format!("at most {ISSUERS_MAX} issuers may be trusted");
                        return Err(Error::new(Kind::LimitReached, "issuer.limit", message));
                    }
                    session.insert_issuer(&scope, &issuer).await?;
                    record(session, act, &scope, "issuer.create", issuer.id).await?;
                    Ok(issuer)
                })
            })
            .await
    }

    /// Changes how an issuer is trusted.
    pub async fn update_issuer(
        &self,
        caller: &Caller,
        of: IssuerOf,
        id: IssuerId,
        change: IssuerChange,
    ) -> Result<Issuer> {
        let data = (self.act(caller), of, id, (change, self.seal()));
        self.store()
            .write(data, |session, (act, of, id, (change, seal))| {
                Box::pin(async move {
                    let scope = writable(session, act, of).await?;
                    let mut issuer = find(session, &scope, *id).await?;
                    version::require(Seen::Issuer, issuer.version, change.expected_version.as_ref())?;
                    if change.url.as_ref().is_some_and(|url| *url != issuer.url) {
                        return Err(Error::immutable("url"));
                    }
                    apply(session, act, &scope, &mut issuer, (change, &**seal)).await?;
                    if change.admits_newcomers.is_some() || change.role.is_some() {
                        issuer.configured_by = act.caller.principal;
                    }
                    issuer.version += 1;
                    issuer.updated_at = act.now;
                    session.update_issuer(&scope, &issuer).await?;
                    record(session, act, &scope, "issuer.update", *id).await?;
                    Ok(issuer)
                })
            })
            .await
    }

    /// Trusts an issuer no more: its identities end, and with them every session and token that came of them.
    pub async fn delete_issuer(
        &self,
        caller: &Caller,
        of: IssuerOf,
        id: IssuerId,
        expected_version: Option<Versions>,
    ) -> Result<()> {
        let data = (self.act(caller), of, id, expected_version);
        self.store()
            .write(data, |session, (act, of, id, expected)| {
                Box::pin(async move {
                    let scope = writable(session, act, of).await?;
                    let issuer = find(session, &scope, *id).await?;
                    version::require(Seen::Issuer, issuer.version, expected.as_ref())?;
                    session.delete_issuer(&scope, *id, act.now).await?;
                    record(session, act, &scope, "issuer.delete", *id).await
                })
            })
            .await
    }
}

impl IssuerOf {
    fn organization(&self, scope: &OrganizationScope) -> Option<OrganizationId> {
        matches!(self, Self::Organization(_)).then(|| scope.organization())
    }
}

async fn readable(session: &dyn Session, caller: &Caller, of: &IssuerOf) -> Result<OrganizationScope> {
    match of {
        IssuerOf::Server => authz::rows_of_server(&authz::server(session, caller).await?),
        IssuerOf::Organization(by) => {
            authz::require(session, caller, Permission::ManageOrganizationUsers, by, View::Both).await
        }
    }
}

async fn writable(session: &dyn Session, act: &Act, of: &IssuerOf) -> Result<Writable<OrganizationScope>> {
    match of {
        IssuerOf::Server => {
            let scope = authz::server_change(session, &act.caller).await?;
            authz::require_server(&scope, Permission::ManageServer)?;
            Ok(authz::scope_of_new_organization(&scope, OrganizationId::SERVER))
        }
        IssuerOf::Organization(by) => {
            let needed = Permission::ManageOrganizationUsers;
            let scope = authz::require_change(session, &act.caller, needed, by, View::Both).await?;
            let all = PermissionSet::everything_at(Level::Organization);
            authz::require_to_hold(scope.permissions(), all)?;
            Ok(scope)
        }
    }
}

async fn find(session: &dyn Session, scope: &OrganizationScope, id: IssuerId) -> Result<Issuer> {
    session.find_issuer(scope, id).await?.ok_or_else(|| Error::not_found("issuer"))
}

/// Puts what is wanted into the issuer. An organization does not say by itself which domains are its own.
async fn apply(
    session: &dyn Session,
    act: &Act,
    scope: &OrganizationScope,
    issuer: &mut Issuer,
    (change, seal): (&IssuerChange, &dyn Seal),
) -> Result<()> {
    let before = issuer.domains.clone();
    read::apply(issuer, change)?;
    if let Some(secret) = &change.client_secret {
        read::secret(secret)?;
        issuer.client_secret = seal.seal(&Issuer::context(issuer.id), secret.0.as_bytes())?;
    }
    if issuer.organization.is_some() && issuer.domains != before {
        let server = authz::server(session, &act.caller).await?;
        let is_allowed = server.permissions().contains(Permission::ManageServer);
        if !is_allowed {
            let message = "domains are confirmed by the server's administrator";
            return Err(Error::new(Kind::Forbidden, "issuer.domains", message).within(scope.organization()));
        }
    }
    Ok(())
}

async fn record(
    session: &dyn Session,
    act: &Act,
    scope: &OrganizationScope,
    action: &'static str,
    id: IssuerId,
) -> Result<()> {
    act.record(session, scope.organization(), action, vec![Target::new("issuer", id.as_uuid())]).await
}
