//! What can go wrong, in a dozen kinds. A dialect frames each kind in its own words, in one exhaustive `match`.
//!
//! An error has two messages: `public` is for the client and names the field and what was expected; `source` is for the
//! log and never leaves the server.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::ids::{OrganizationId, PrincipalId};
use crate::permission::Permission;

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of refusal or failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request itself is wrong: a field's form, length or value.
    Invalid,
    /// No credential, or one that does not count (any more).
    Unauthenticated,
    /// The caller may know that the target exists, but may not do this.
    Forbidden,
    /// The caller may not know whether the target exists. A dialect answers as for a target that does not.
    Hidden,
    /// The caller may know that there is no such thing.
    NotFound,
    /// The target was deleted and the caller may know it.
    Gone,
    /// The name, key or id is taken.
    AlreadyExists,
    /// Somebody else changed the target meanwhile: a stale version.
    Conflict,
    /// The state of the target does not allow this, such as removing the last owner.
    Precondition,
    /// A quota is used up.
    LimitReached,
    /// Too many requests: try again later.
    RateLimited,
    /// This server does not offer that.
    Unsupported,
    /// The store cannot serve right now: try again.
    Unavailable,
    /// A fault of ours.
    Internal,
}

/// The name of the fact that tells after how many seconds another try may help.
const RETRY_AFTER: &str = "retry_after_seconds";

/// One field of a request that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field's path in the words of the core; a dialect may rename it.
    pub field: Cow<'static, str>,
    /// A stable word for the rule, such as `too_long`.
    pub rule: &'static str,
    /// What was expected.
    pub message: Cow<'static, str>,
}

/// What the record of denied attempts may tell of a refusal, and no client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// Who was refused.
    pub principal: Option<PrincipalId>,
    /// In which organization.
    pub organization: Option<OrganizationId>,
    /// The permission that was lacking.
    pub permission: Option<Permission>,
    /// Whether it was a sign-in that failed.
    pub sign_in: bool,
}

/// An error of the core. A clone is for somebody else who waited for the same.
#[derive(Clone, Debug)]
pub struct Error {
    /// What kind of refusal it is.
    pub kind: Kind,
    /// A stable word for the exact cause, such as `workspace.name_taken`.
    pub reason: &'static str,
    /// The fields at fault, for `Kind::Invalid`.
    pub violations: Vec<Violation>,
    /// Facts about the cause, name and value, that a client may act upon.
    pub metadata: Vec<(&'static str, String)>,
    /// What it is about, where that is not simply the target of the request.
    pub about: Option<Box<About>>,
    public: Cow<'static, str>,
    unseen: Option<Box<Unseen>>,
}

/// A thing that an error is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Of what kind it is: `organization`, `workspace`, `role`.
    pub noun: &'static str,
    /// What the request calls it in its body; none for something that leads to the target.
    pub name: Option<String>,
}

/// What never leaves the server.
#[derive(Clone, Debug, Default)]
struct Unseen {
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    circumstances: Circumstances,
}

impl Error {
    /// An error of this kind; `public` may be shown to the client as it is.
    pub fn new(kind: Kind, reason: &'static str, public: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            reason,
            violations: Vec::new(),
            metadata: Vec::new(),
            about: None,
            public: public.into(),
            unseen: None,
        }
    }

    /// Says that it is about another thing than the target, of this kind, which the request calls so.
    pub fn about(mut self, noun: &'static str, name: impl Into<String>) -> Self {
        self.about = Some(Box::new(About { noun, name: Some(name.into()) }));
        self
    }

    /// Adds what only the log may see.
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.unseen().source = Some(Arc::from(source.into()));
        self
    }

    /// Tells the record of denied attempts who was refused.
    pub fn by(mut self, principal: PrincipalId) -> Self {
        self.unseen().circumstances.principal = Some(principal);
        self
    }

    /// Tells the record of denied attempts in which organization.
    pub fn within(mut self, organization: OrganizationId) -> Self {
        self.unseen().circumstances.organization = Some(organization);
        self
    }

    /// Tells the record of denied attempts that it was a sign-in.
    pub fn at_sign_in(mut self) -> Self {
        self.unseen().circumstances.sign_in = true;
        self
    }

    /// What the record of denied attempts may tell.
    pub fn circumstances(&self) -> Circumstances {
        self.unseen.as_ref().map(|unseen| unseen.circumstances).unwrap_or_default()
    }

    fn unseen(&mut self) -> &mut Unseen {
        self.unseen.get_or_insert_default()
    }

    /// The message for the client.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// One field of the request is wrong.
    pub fn invalid(
        field: impl Into<Cow<'static, str>>,
        rule: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let violation = Violation { field: field.into(), rule, message: message.into() };
        let public = format!("{}: {}", violation.field, violation.message);
        let mut error = Self::new(Kind::Invalid, "request.invalid", public);
        error.violations.push(violation);
        error
    }

    /// A field that is fixed once there is the target was to become another.
    pub fn immutable(field: impl Into<Cow<'static, str>>) -> Self {
        Self::invalid(field, "immutable", "is fixed once the resource is made")
    }

    /// The same with fields of the request under the names that a dialect has for them, in its message too.
    pub fn naming_fields(mut self, name: impl Fn(&str) -> Option<&'static str>) -> Self {
        for violation in &mut self.violations {
            let Some(other) = name(&violation.field) else { continue };
            if let Some(message) = self.public.strip_prefix(&*violation.field) {
                self.public = format!("{other}{message}").into();
            }
            violation.field = other.into();
        }
        self
    }

    /// The same about an item of the list that the request is, by its number from zero.
    pub fn of_item(mut self, at: usize) -> Self {
        for violation in &mut self.violations {
            let place = match &*violation.field {
                "body" => format!("[{at}]"),
                field => format!("[{at}].{field}"),
            };
            if let Some(message) = self.public.strip_prefix(&*violation.field) {
                self.public = format!("{place}{message}").into();
            }
            violation.field = place.into();
        }
        self
    }

    /// No credential came with the request.
    pub fn no_credential() -> Self {
        Self::new(Kind::Unauthenticated, "credential.missing", "a credential is required")
    }

    /// Whether it is [`Error::no_credential`].
    pub fn is_no_credential(&self) -> bool {
        self.reason == "credential.missing"
    }

    /// A credential came, and it does not count: unknown, expired, revoked, or its principal is suspended.
    pub fn bad_credential() -> Self {
        Self::new(Kind::Unauthenticated, "credential.invalid", "the credential is not valid")
    }

    /// After how many seconds another try may help; `None` where waiting does not.
    pub fn retry_after(&self) -> Option<u64> {
        if !matches!(self.kind, Kind::RateLimited | Kind::Unavailable) {
            return None;
        }
        let told = self.metadata.iter().find(|(name, _)| *name == RETRY_AFTER);
        Some(told.and_then(|(_, seconds)| seconds.parse().ok()).unwrap_or(1))
    }

    /// Says so among the facts.
    pub fn with_retry_after(mut self, seconds: i64) -> Self {
        self.metadata.push((RETRY_AFTER, seconds.to_string()));
        self
    }

    /// The caller may know the target, but lacks this permission.
    pub fn lacking(permission: Permission) -> Self {
        let mut error = Self::forbidden(format!("this needs the permission {}", permission.name()));
        error.unseen().circumstances.permission = Some(permission);
        error
    }

    /// The caller may know the target but not do this.
    pub fn forbidden(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Forbidden, "permission.denied", what)
    }

    /// The target is hidden from the caller, real or not.
    pub fn hidden(noun: &'static str) -> Self {
        Self::new(Kind::Hidden, "target.hidden", format!("{noun} not found"))
    }

    /// The caller may know that there is no such thing.
    pub fn not_found(noun: &'static str) -> Self {
        let mut error = Self::new(Kind::NotFound, "target.not_found", format!("{noun} not found"));
        error.about = Some(Box::new(About { noun, name: None }));
        error
    }

    /// Who is to be let in has a role there already; `named` is how the request names them.
    pub(crate) fn member_exists(named: impl Into<String>) -> Self {
        Self::new(Kind::AlreadyExists, "member.exists", "the user has a role here already")
            .about("user", named)
    }

    /// A fault of ours; the cause goes to the log alone.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Kind::Internal, "server.internal", "the server failed to handle the request")
            .with_source(source)
    }

    /// The store cannot serve right now.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(
            Kind::Unavailable,
            "store.unavailable",
            "the server is busy or its database is away, try again",
        )
        .with_source(source)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.reason, self.public)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let cause = self.unseen.as_ref()?.source.as_deref()?;
        Some(cause)
    }
}
