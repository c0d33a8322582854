//! Identifiers: one newtype for each kind of resource, so that turning one into another looks wrong on the page.
//!
//! An identifier is any UUID, given by a client or made here (version 7). It is written in lower case and read in any
//! case, in the form of 36 characters only. Identifiers are not secrets: version 7 tells its time of making.

use uuid::Uuid;

/// Reads the 36-character form of a UUID, in any case; every other form is `None`.
pub fn parse_uuid(text: &str) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}

/// Makes new identifiers. The composition root gives one that follows the clock; tests give a counter.
pub trait IdSource: Send + Sync {
    /// A UUID that was never given out before.
    fn next(&self) -> Uuid;
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A new identifier.
            pub fn generate(ids: &dyn IdSource) -> Self {
                Self(ids.next())
            }

            /// Takes a UUID for this kind of identifier. For stores and codecs only.
            pub const fn from_uuid(raw: Uuid) -> Self {
                Self(raw)
            }

            /// Reads the 36-character form, in any case.
            pub fn parse(text: &str) -> Option<Self> {
                parse_uuid(text).map(Self)
            }

            /// The UUID inside.
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.as_hyphenated().fmt(out)
            }
        }
    };
}

id_type!(
    /// An organization: the tenant.
    OrganizationId
);
id_type!(
    /// A workspace inside an organization.
    WorkspaceId
);
id_type!(
    /// A project inside a workspace.
    ProjectId
);
id_type!(
    /// A project of a workspace's own server, as far as somebody holds a role in it.
    ServerProjectId
);
id_type!(
    /// A user or a service account.
    PrincipalId
);
id_type!(
    /// A group of principals of an organization.
    TeamId
);
id_type!(
    /// A named set of permissions.
    RoleId
);
id_type!(
    /// One binding of a role to a subject at a scope.
    GrantId
);
id_type!(
    /// An offer of roles to an e-mail address.
    InvitationId
);
id_type!(
    /// A token, key or client of a principal.
    CredentialId
);
id_type!(
    /// A program that asks for tokens.
    ClientId
);
id_type!(
    /// A device that a person has logged in, or wants to.
    DeviceId
);
id_type!(
    /// An external issuer that is trusted.
    IssuerId
);
id_type!(
    /// A key with which tokens are signed.
    SigningKeyId
);
id_type!(
    /// One entry of the audit trail.
    AuditEventId
);

id_type!(
    /// One entry of the record of denied attempts.
    DeniedAttemptId
);
id_type!(
    /// A mail that waits to be sent.
    MailId
);
id_type!(
    /// A request, as its client names it to be able to send it again.
    RequestKeyId
);

impl OrganizationId {
    /// The place of the server itself where a table leads with an organization: grants on the server, its version.
    pub const SERVER: Self = Self(Uuid::nil());
}
