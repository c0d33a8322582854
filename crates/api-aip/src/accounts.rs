//! Accounts of people. They belong to the server; where somebody may enter is told by roles.

use serde_json::{Map, Value};
use tenantry_core::credential::Issued;
use tenantry_core::permission::Permission;
use tenantry_core::principal::{DISPLAY_NAME_MAX, NewUser, Principal};
use tenantry_core::{Core, Error, Result};

use crate::body::Members;
use crate::change::{Change, Terms};
use crate::message::{Field, Kind, Message};
use crate::resource::Answer;

pub(crate) const ACCOUNT: Message = Message {
    name: "Account",
    fields: &[
        Field::output("name", Kind::Name, "`users/{user}`."),
        Field::required("email", Kind::Email, "The person's address; unique on the server."),
        Field::optional("username", Kind::Word, "The name to sign in with; the address unless said.")
            .always(),
        Field::optional("display_name", Kind::Text(DISPLAY_NAME_MAX), "What the person is called."),
        Field::output("create_time", Kind::Time, "When it was made."),
        Field::output("secret", Kind::Word, "A token with which the person can begin. It is told this once.")
            .once(),
    ],
};

/// `POST /api/v1/users`: by who runs the server; the secret is a personal access token, shown this once. There is no
/// password in the body, since of every body a hash is kept for as long as its `request_id`.
pub(crate) async fn create_user(change: Change<0>) -> Answer {
    let read = || -> Result<(NewUser, Terms)> {
        let members = Members::of(&ACCOUNT, &change.body)?;
        let terms = change.terms_to_make()?;
        let given = |name: &str| {
            members.text(name).map(|text| text.filter(|text| !text.is_empty()).map(str::to_owned))
        };
        let email = given("email")?;
        let new = NewUser {
            email: email.ok_or_else(|| Error::invalid("email", "missing", "expected an e-mail address"))?,
            username: given("username")?,
            display_name: given("display_name")?,
            password: None,
        };
        Ok((new, terms))
    };
    let wanted = read();
    if wanted.is_err() {
        change.core.check_server(&change.caller, Permission::ManageServer).await?;
    }
    let (new, terms) = wanted?;
    let work = async move |core: Core, caller| core.create_user(&caller, new).await;
    let keep = |(account, _): &(Principal, Issued)| write(account);
    let show = |(account, token): (Principal, Issued)| {
        let mut body = write(&account);
        if let Value::Object(members) = &mut body {
            members.insert("secret".to_owned(), token.secret.expose().into());
        }
        body
    };
    change.make_with_secret(terms, keep, show, work).await
}

fn write(account: &Principal) -> Value {
    let members = [
        ("name", Some(format!("users/{}", account.id))),
        ("email", account.email.clone()),
        ("username", Some(account.username.clone())),
        ("display_name", account.display_name.clone()),
        ("create_time", Some(account.created_at.to_string())),
    ];
    let present: Map<String, Value> =
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
    Value::Object(present)
}
