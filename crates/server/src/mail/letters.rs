//! What letters say: plain text. What people have chosen themselves stands on one line each, so that a name cannot look like
//! a part of the letter or of its header.

use tenantry_core::link::LinkKind;
use tenantry_core::mail::Letter;
use tenantry_http::Served;

/// Subject and text of the letter.
pub(super) fn written(served: &Served, letter: &Letter) -> (String, String) {
    match letter {
        Letter::Invitation {
            organization_name,
            workspace_name,
            inviter,
            organization,
            invitation,
            secret,
            ..
        } => {
            let link = served.invitation_link(organization, invitation, secret);
            let organization = one_line(organization_name);
            let place = match workspace_name {
                Some(workspace) => format!("the workspace {} of {organization}", one_line(workspace)),
                None => organization.clone(),
            };
            let by = inviter.as_deref().map(|name| format!("{} has invited you", one_line(name)));
            let by = by.unwrap_or_else(|| "You have been invited".to_owned());
            let text = format!(
                "{by} to {place}.\n\n\
                 To accept or decline, sign in with this address and open\n\n{link}\n\n\
                 If you did not expect this, you need not do anything."
            );
            (format!("Invitation to {organization}"), text)
        }
        Letter::Link { kind, name, secret, .. } => {
            let kind = LinkKind::from_word(kind).unwrap_or(LinkKind::PasswordReset);
            let link = served.link(kind, secret);
            let (subject, what) = match kind {
                LinkKind::Activation => {
                    ("Your account", "There is an account for you. To choose a password, open")
                }
                LinkKind::EmailVerification => {
                    ("Confirm your address", "To confirm that this address is yours, open")
                }
                LinkKind::PasswordReset => ("Another password", "To choose another password, open"),
            };
            let text = format!(
                "Hello {},\n\n{what}\n\n{link}\n\nThe link can be used once. If you did not expect this, you need not do \
                 anything.",
                one_line(name)
            );
            (subject.to_owned(), text)
        }
        Letter::Moved { name, .. } => {
            let text = format!(
                "Hello {},\n\nThis was the address of your account at {}. It has another one now, to which links that set \
                 its password are mailed from now on.\n\nIf you did not want that, ask who runs the server for help at once.",
                one_line(name),
                served.address("")
            );
            ("Your account has another address".to_owned(), text)
        }
    }
}

/// The text with every line break, and whatever else controls how text is laid out, as a space.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use tenantry_core::mail::Letter;
    use tenantry_http::{Limits, Served};
    use tenantry_testkit::away::Away;

    use super::written;

    #[test]
    fn names_stay_on_their_line() {
        let served = Served::new(Away::core(), "https://t.example/", Limits::default());
        let (subject, text) = written(
            &served,
            &Letter::Invitation {
                to: "ben@example.org".to_owned(),
                organization_name: "North\r\nBcc: eve@example.org".to_owned(),
                workspace_name: Some("Dogger\nBank".to_owned()),
                inviter: Some("Ada\u{2028}Lee".to_owned()),
                organization: "o".to_owned(),
                invitation: "i".to_owned(),
                secret: "tny_inv_x".to_owned(),
            },
        );
        assert_eq!(subject, "Invitation to North  Bcc: eve@example.org");
        assert_eq!(
            text,
            "Ada Lee has invited you to the workspace Dogger Bank of North  Bcc: eve@example.org.\n\n\
             To accept or decline, sign in with this address and open\n\n\
             https://t.example/login/invitation?organization=o&invitation=i&secret=tny_inv_x\n\n\
             If you did not expect this, you need not do anything."
        );
    }
}
