//! What the two servers answer differently, and why ours is as it is.

/// A reason, and the steps to which it applies, each with our answer and theirs.
type Reason = (&'static str, &'static [(&'static str, &'static str, &'static str)]);

pub(super) const DIFFERENCES: &[Reason] = &[
    (
        "A client that fails to prove itself gets 401 however it tried, as RFC 6749, section 5.2, permits; they answer 400 \
         where nothing stood in the header.",
        &[
            ("no secret", "401 invalid_client challenged", "400 invalid_client"),
            ("a wrong secret in the body", "401 invalid_client challenged", "400 invalid_client"),
            (
                "client credentials with a wrong secret in the body",
                "401 invalid_client challenged",
                "400 invalid_client",
            ),
            ("client credentials without a secret", "401 invalid_client challenged", "400 invalid_client"),
            ("a public client with a secret", "401 invalid_client challenged", "400 invalid_client"),
            ("by a public client", "401 invalid_client challenged", "400 invalid_client"),
            ("a device of an unknown client", "401 invalid_client challenged", "400 invalid_client"),
        ],
    ),
    (
        "A request that names no client lacks a parameter: there is nobody who failed to prove anything.",
        &[
            ("no client at the token endpoint", "400 invalid_request", "400 invalid_client"),
            ("by nobody", "400 invalid_request", "400 invalid_client"),
            ("nobody revokes", "400 invalid_request", "400 invalid_client"),
            ("a device of no client", "400 invalid_request", "400 invalid_client"),
        ],
    ),
    (
        "A parameter that is required and missing, or empty, which is the same (RFC 6749, section 3.2), is told as such and \
         spends nothing.",
        &[
            ("no verifier", "400 invalid_request", "400 invalid_grant"),
            ("no redirect address", "400 invalid_request", "400 invalid_grant"),
            ("no refresh token", "400 invalid_request", "400 invalid_grant"),
        ],
    ),
    (
        "A client says where people are sent, also when it registered one address only: what is asked for then does not \
         change with the registration.",
        &[("no address", "400 and no redirect", "code iss state")],
    ),
    (
        "Parameters come once (RFC 6749, section 3.1). Which of two was meant is not guessed, and nobody is sent anywhere.",
        &[("state twice", "400 and no redirect", "code iss state")],
    ),
    (
        "There is no scope that goes without saying where a person is asked (RFC 6749, section 3.3, leaves it open); whoever \
         asks for itself means the API. They grant the client's own, of which there are none here.",
        &[
            ("no scope", "error invalid_scope: error iss state", "code iss state"),
            (
                "client credentials without a scope",
                "200 access_token expires_in scope token_type (api)",
                "200 access_token expires_in token_type",
            ),
        ],
    ),
    (
        "Scopes that tell who somebody is are for people; their clients may be granted whatever is registered.",
        &[(
            "client credentials with a scope of people",
            "400 invalid_scope",
            "200 access_token expires_in scope token_type (openid)",
        )],
    ),
    (
        "The one response type there is, is `code`; none is as unsupported as another.",
        &[(
            "no response type",
            "error unsupported_response_type: error iss state",
            "error invalid_request: error iss state",
        )],
    ),
    (
        "What would change the meaning of the request is refused instead of passed over: a resource that the client has no \
         tokens for (RFC 8707, section 2; they check only where resources are configured), a request object (OpenID Connect \
         Core, section 6.1; they read none as it was built).",
        &[
            ("an unknown resource", "error invalid_target: error iss state", "code iss state"),
            ("a request object", "error request_not_supported: error iss state", "code iss state"),
        ],
    ),
    (
        "A client without a secret is told that it may not use this grant; they say that it is not proved.",
        &[("client credentials of a public client", "400 unauthorized_client", "400 invalid_client")],
    ),
    (
        "Refresh tokens are introspected as access tokens are, to the client that holds them (RFC 7662, section 2.1, permits \
         it); they look for access tokens alone.",
        &[
            ("a refresh token is introspected", "200 active", "200 inactive"),
            ("by a hint that is wrong", "200 active", "200 inactive"),
            ("the refresh token beside it", "200 active", "200 inactive"),
        ],
    ),
    (
        "Members that RFC 7662, section 2.2, leaves open: whom the token is good for, and who it is in words.",
        &[(
            "what is told of it",
            "active aud client_id exp iat iss scope sub token_type username (api offline_access)",
            "active client_id exp iat iss scope sub token_type (api offline_access)",
        )],
    ),
    (
        "Members that RFC 8414, section 2, leaves open: told here, so that nobody guesses.",
        &[
            (
                "introspection_endpoint_auth_methods_supported",
                "[\"client_secret_basic\",\"client_secret_post\"]",
                "null",
            ),
            (
                "revocation_endpoint_auth_methods_supported",
                "[\"client_secret_basic\",\"client_secret_post\",\"none\"]",
                "null",
            ),
        ],
    ),
    (
        "A program that did not hear the refusal hears it again, until its code is over; they forget the code with the first.",
        &[("a device that was not let in asks again", "400 access_denied", "400 invalid_grant")],
    ),
    (
        "A refresh token that is exchanged for a narrower access token gives another of its own scope (RFC 6749, section 6); \
         theirs stays narrow.",
        &[(
            "the whole scope after that",
            "200 access_token expires_in refresh_token scope token_type (api offline_access)",
            "400 invalid_scope",
        )],
    ),
];
