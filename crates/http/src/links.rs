//! The addresses of the pages behind links that people are sent.

use tenantry_core::link::LinkKind;

use crate::Served;

impl Served {
    /// The page that uses a link of this kind.
    pub fn link(&self, kind: LinkKind, secret: &str) -> String {
        let page = match kind {
            LinkKind::Activation => "activate",
            LinkKind::EmailVerification => "verify",
            LinkKind::PasswordReset => "reset",
        };
        self.address(&format!("/login/{page}?secret={secret}"))
    }

    /// The page that answers an invitation.
    pub fn invitation_link(&self, organization: &str, invitation: &str, secret: &str) -> String {
        self.address(&format!(
            "/login/invitation?organization={organization}&invitation={invitation}&secret={secret}"
        ))
    }
}
