//! The mail server: SMTP (RFC 5321), in TLS unless the operator says otherwise.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use url::Url;

/// How long the server may take for each of its answers.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A mail server, and who is told as the sender.
#[derive(Clone)]
pub struct MailServer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Why a mail was not taken. What is told has no address in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undelivered {
    /// The server will never take it.
    Refused(String),
    /// Another attempt may help.
    Later(String),
}

impl MailServer {
    /// The server at an address such as `smtp://user:password@host:587?tls=required`, and the sender, such as
    /// `Tenantry <tenantry@example.org>`.
    ///
    /// `smtp` begins in the clear and goes over to TLS, which `tls=none` forgoes; `smtps` is TLS from the start.
    ///
    /// # Panics
    /// Outside of a Tokio runtime, in which the connections are kept.
    pub fn new(url: &str, from: &str) -> Result<Self> {
        // Neither the address nor the parser's complaint is told: there is a password in it.
        let url = Url::parse(url).ok().context("mail_url: expected smtp://user:password@host:port")?;
        let host = url.host_str().context("mail_url: expected a host")?.to_owned();
        let tls = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
        let parameters =
            || TlsParameters::new(host.clone()).context("mail_url: TLS is not to be had for this host");
        let (tls, port) = match (url.scheme(), tls.as_deref()) {
            ("smtp", None | Some("required")) => (Tls::Required(parameters()?), 587),
            ("smtp", Some("none")) => (Tls::None, 25),
            ("smtps", None | Some("required")) => (Tls::Wrapper(parameters()?), 465),
            ("smtp" | "smtps", _) => bail!("mail_url: expected tls=required, or tls=none with smtp"),
            _ => bail!("mail_url: expected smtp or smtps"),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&*host)
            .port(url.port().unwrap_or(port))
            .tls(tls)
            .timeout(Some(TIMEOUT));
        if !url.username().is_empty() {
            let decoded = |text: &str| {
                let text = percent_encoding::percent_decode_str(text).decode_utf8();
                text.map(std::borrow::Cow::into_owned).ok().context("mail_url: expected UTF-8")
            };
            let password = decoded(url.password().unwrap_or_default())?;
            transport = transport.credentials(Credentials::new(decoded(url.username())?, password));
        }
        let from = from.parse().context("mail_from: expected an address such as Name <name@example.org>")?;
        Ok(Self { transport: transport.build(), from })
    }

    /// Hands over a mail. The same `id` makes the same `Message-ID`, so that one that is sent twice can be told.
    pub(super) async fn send(
        &self,
        id: &str,
        to: &str,
        subject: &str,
        text: String,
    ) -> Result<(), Undelivered> {
        let to = to.parse().map_err(|_| Undelivered::Refused("the address cannot be written".to_owned()))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|_| Undelivered::Refused("the mail cannot be written".to_owned()))?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            // The texts of servers repeat addresses; the code is told alone.
            Err(error) => {
                let code = error.status().map(|code| code.to_string());
                let reason = code.unwrap_or_else(|| "the mail server cannot be reached".to_owned());
                Err(if error.is_permanent() {
                    Undelivered::Refused(reason)
                } else {
                    Undelivered::Later(reason)
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::MailServer;

    /// A transport is made within a runtime alone.
    #[tokio::test]
    async fn settings_that_cannot_be_are_named() {
        for (url, from, told) in [
            ("nonsense", "a@b.example", "mail_url: expected smtp://"),
            ("http://localhost", "a@b.example", "mail_url: expected smtp or smtps"),
            ("smtp://localhost?tls=maybe", "a@b.example", "mail_url: expected tls=required"),
            ("smtps://localhost?tls=none", "a@b.example", "mail_url: expected tls=required"),
            ("smtp://u:hunter2@localhost?tls=none", "nobody", "mail_from: expected an address"),
        ] {
            let refused = format!("{:#}", MailServer::new(url, from).err().unwrap());
            assert!(refused.contains(told) && !refused.contains("hunter2"), "{refused}");
        }
        for url in ["smtp://u:p%40ss@localhost:2525?tls=none", "smtp://localhost", "smtps://localhost"] {
            MailServer::new(url, "Tenantry <tenantry@example.org>").unwrap();
        }
    }
}
