//! Use cases of usage.

use super::{EVENTS_MAX, FEATURE_MAX, FEATURES_MAX, REMEMBERED_SECONDS, RESOURCE_MAX, STEP_MAX, Usage};
use crate::Core;
use crate::audit::Target;
use crate::authz::{self, OrganizationRef, View};
use crate::caller::Caller;
use crate::error::{Error, Kind, Result};
use crate::ids::OrganizationId;
use crate::permission::Permission;
use crate::text;
use crate::workspace::{require_live, require_open, scope_of_server, served_by, writable_scope_of_server};

/// Something metered was made, or is gone.
#[derive(Clone, Debug)]
pub struct UsageEvent {
    /// The organization that the server takes itself to be of.
    pub organization: OrganizationId,
    /// What was made, such as `pipeline`.
    pub feature: String,
    /// How many more, or fewer, there are.
    pub step: i64,
    /// What it was, by an id of the server's own: the same step of the same thing counts once a day, unless a step the other
    /// way was counted since. An event without it counts as often as it comes.
    pub resource: Option<String>,
}

impl UsageEvent {
    /// Refuses a feature, a resource or a step that nobody can have.
    pub fn check(&self) -> Result<()> {
        checked_feature(&self.feature)?;
        if let Some(resource) = &self.resource {
            text::name("metadata.resource_id", resource, RESOURCE_MAX)?;
        }
        if self.step.unsigned_abs() > STEP_MAX.unsigned_abs() {
            return Err(Error::invalid("total", "range", format!("expected -{STEP_MAX} to {STEP_MAX}")));
        }
        Ok(())
    }
}

impl Core {
    /// Counts what the server of a workspace tells, all of it or nothing. What it told before is no error and counts once,
    /// since servers send again what was not answered in time.
    pub async fn count_usage(&self, caller: &Caller, events: Vec<UsageEvent>) -> Result<()> {
        if events.len() > EVENTS_MAX {
            let expected = format!("expected at most {EVENTS_MAX} events, got {}", events.len());
            return Err(Error::invalid("events", "too_many", expected));
        }
        for (at, event) in events.iter().enumerate() {
            event.check().map_err(|error| error.of_item(at))?;
        }
        self.store()
            .write((self.act(caller), events), |session, (act, events)| {
                Box::pin(async move {
                    let scope = writable_scope_of_server(session, &act.caller).await?;
                    let organization = scope.organization();
                    if events.iter().any(|event| event.organization != organization) {
                        return Err(Error::hidden("organization"));
                    }
                    let mut workspace = require_live(session, &scope).await?;
                    workspace.require_active()?;
                    let expired = act.now.plus_seconds(-REMEMBERED_SECONDS);
                    for event in events {
                        if let Some(resource) = &event.resource {
                            let counted = (&*event.feature, &**resource, event.step);
                            if !session.remember_usage(&scope, counted, act.now, expired).await? {
                                continue;
                            }
                        }
                        let total = session.add_usage(&scope, &event.feature, event.step).await?;
                        workspace.details.usage.insert(event.feature.clone(), total);
                    }
                    if workspace.details.usage.len() > FEATURES_MAX {
                        let message = format!("a workspace may count {FEATURES_MAX} features");
                        return Err(Error::new(Kind::LimitReached, "usage.features", message));
                    }
                    // A busy server counts all the time: who changes the workspace saw it as it still is.
                    session.update_workspace(&scope, &workspace).await?;
                    let targets = vec![Target::new("workspace", workspace.id.as_uuid())];
                    act.record(session, organization, "usage.count", targets).await
                })
            })
            .await
    }

    /// Forgets what was counted so long ago that it does not come again. Answers how much there was.
    pub async fn forget_usage(&self) -> Result<u64> {
        let before = self.clock.now().plus_seconds(-REMEMBERED_SECONDS);
        self.store().write(before, |session, before| Box::pin(session.forget_usage(*before, 1000))).await
    }

    /// What an organization uses of each metered feature, and how much it may.
    pub async fn list_usage(&self, caller: &Caller, organization: OrganizationRef) -> Result<Vec<Usage>> {
        self.store()
            .scan((caller.clone(), organization), |session, (caller, organization)| {
                Box::pin(async move {
                    let needed = Permission::ReadOrganization;
                    let scope = authz::require(session, caller, needed, organization, View::Both).await?;
                    session.list_usage(&scope).await
                })
            })
            .await
    }

    /// How much of a feature an organization uses, and how much it may. One that nobody has counted is not used.
    pub async fn get_usage(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        feature: &str,
    ) -> Result<Usage> {
        let data = (caller.clone(), organization, checked_feature(feature)?);
        self.store()
            .point(data, |session, (caller, organization, feature)| {
                Box::pin(async move {
                    let needed = Permission::ReadOrganization;
                    let scope = authz::require(session, caller, needed, organization, View::Both).await?;
                    let used = session.find_usage(&scope, feature).await?;
                    Ok(used.unwrap_or_else(|| Usage::none(&scope, feature)))
                })
            })
            .await
    }

    /// Whether the organization may have one more of a feature. Whoever is in it may ask, the servers of its workspaces too.
    ///
    /// # Errors
    /// `Kind::LimitReached` if it may not; `Kind::Forbidden` for the server of a deactivated workspace.
    pub async fn check_entitlement(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        feature: &str,
    ) -> Result<()> {
        let data = (caller.clone(), organization, checked_feature(feature)?);
        self.store()
            .point(data, |session, (caller, organization, feature)| {
                Box::pin(async move {
                    let scope = authz::enter(session, caller, organization, View::Both).await?;
                    if served_by(caller).is_ok() {
                        let scope = scope_of_server(session, caller).await?;
                        require_open(session, &scope).await?;
                    }
                    let used = session.find_usage(&scope, feature).await?;
                    match used.and_then(|used| used.allowed.map(|allowed| (used.total, allowed))) {
                        Some((total, allowed)) if total >= allowed => {
                            let message = format!("the organization may have {allowed} of {feature}");
                            Err(Error::new(Kind::LimitReached, "usage.limit", message))
                        }
                        _ => Ok(()),
                    }
                })
            })
            .await
    }

    /// Sets how much of a feature an organization may have; none is no limit. Needs the right to run the server.
    pub async fn set_entitlement(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        (feature, allowed): (&str, Option<i64>),
    ) -> Result<Usage> {
        if allowed.is_some_and(|allowed| allowed < 0) {
            return Err(Error::invalid("allowed", "range", "expected 0 or more"));
        }
        let data = (self.act(caller), organization, checked_feature(feature)?, allowed);
        self.store()
            .write(data, |session, (act, organization, feature, allowed)| {
                Box::pin(async move {
                    let server = authz::server(session, &act.caller).await?;
                    authz::require_server(&server, Permission::ManageServer)?;
                    let scope = authz::enter_change(session, &act.caller, organization, View::Both).await?;
                    session.set_entitlement(&scope, feature, *allowed).await?;
                    let targets = vec![Target::new("organization", scope.organization().as_uuid())];
                    act.record(session, scope.organization(), "entitlement.set", targets).await?;
                    let used = session.find_usage(&scope, feature).await?;
                    Ok(used.unwrap_or_else(|| Usage::none(&scope, feature)))
                })
            })
            .await
    }
}

fn checked_feature(feature: &str) -> Result<String> {
    text::name("feature", feature, FEATURE_MAX)
}
