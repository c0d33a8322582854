//! Settings of the server that change what people may do. Each is strict or off unless the operator says otherwise.

use url::Url;

/// Who may create organizations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum MayCreateOrganizations {
    /// Every user who can sign in.
    #[default]
    Everyone,
    /// The server's administrators only.
    Administrators,
}

/// What happens when somebody is added by e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AddPeople {
    /// Always an invitation, so that nobody learns whether an account exists.
    #[default]
    Invite,
    /// An existing account becomes a member at once.
    Known,
    /// An unknown address given with a display name gets an account.
    Provision,
}

/// Who may make API keys in the names of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum KeysForOthers {
    /// Keys are made for oneself.
    #[default]
    Nobody,
    /// Who manages the users of an organization, for those users.
    Administrators,
}

/// The settings, as the composition root read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Who may create organizations.
    pub may_create_organizations: MayCreateOrganizations,
    /// How many organizations one user may own; `None` is no limit.
    pub organizations_per_owner: Option<u64>,
    /// How many enrolled workspaces an organization may have at once; `None` is no limit.
    pub enrolled_per_organization: Option<u64>,
    /// What happens when somebody is added by e-mail address.
    pub add_people: AddPeople,
    /// Who may make API keys in the names of others.
    pub keys_for_others: KeysForOthers,
    /// Whether there is a mail server. Without one, links are shown to who makes them instead of being mailed.
    pub mail: bool,
    /// Seconds until an invitation expires.
    pub invitation_seconds: i64,
    /// How many seconds a personal token lives at most, and unless said.
    pub token_seconds: i64,
    /// How many seconds a key or a client of a service account lives at most, and unless said; `None` lets them live for
    /// ever.
    pub service_key_seconds: Option<i64>,
    /// Seconds until an access token from a token endpoint expires.
    pub access_token_seconds: i64,
    /// Seconds until a refresh token expires that nobody uses.
    pub refresh_token_seconds: i64,
    /// Seconds until what a person allowed a client ends, however often it is used.
    pub authorization_seconds: i64,
    /// Seconds after which a browser session ends in which nothing is done.
    pub session_idle_seconds: i64,
    /// Seconds after which a browser session ends in any case.
    pub session_seconds: i64,
    /// Seconds after which tokens are signed with a new key.
    pub signing_key_seconds: i64,
    /// Seconds after which a deleted workspace may be purged.
    pub retention_seconds: i64,
    /// Seconds after which an enrolled workspace fails whose server nobody hears, and which does not say that it is up when it
    /// is asked; `None` is never.
    pub server_silence_seconds: Option<i64>,
    /// Whether that counts as well where this server may not ask the other one whether it is up.
    pub unasked_servers_fail: bool,
    /// Origins that the server may ask wherever they lead, and without TLS, such as `http://127.0.0.1:9000`. Every other
    /// one must have https and a public address.
    pub outbound_allow: Vec<String>,
}

impl Settings {
    /// Whether the operator allows the server to ask this address, wherever it leads.
    pub fn allows_outbound(&self, url: &Url) -> bool {
        let origin = url.origin().ascii_serialization();
        self.outbound_allow.contains(&origin)
    }
}

impl Default for Settings {
    fn default() -> Self {
        const DAY: i64 = 24 * 60 * 60;
        Self {
            may_create_organizations: MayCreateOrganizations::default(),
            organizations_per_owner: None,
            enrolled_per_organization: None,
            add_people: AddPeople::default(),
            keys_for_others: KeysForOthers::default(),
            mail: false,
            invitation_seconds: 7 * DAY,
            token_seconds: 365 * DAY,
            service_key_seconds: None,
            access_token_seconds: 60 * 60,
            refresh_token_seconds: 30 * DAY,
            authorization_seconds: 180 * DAY,
            session_idle_seconds: 12 * 60 * 60,
            session_seconds: 7 * DAY,
            signing_key_seconds: 30 * DAY,
            retention_seconds: 30 * DAY,
            server_silence_seconds: Some(DAY),
            unasked_servers_fail: false,
            outbound_allow: Vec::new(),
        }
    }
}
