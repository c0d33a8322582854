//! Who the credential speaks for.

use serde_json::{Map, Value, json};
use tenantry_core::principal::{DISPLAY_NAME_MAX, OwnChange, Principal};
use tenantry_core::{Core, Error, Result};

use crate::accounts::{named, or_none};
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::etag;
use crate::message::{Field, Kind, Message};
use crate::read::Read;
use crate::resource::{Answer, Resource};

pub(crate) const OWN: Message = Message {
    name: "CurrentUser",
    fields: &[
        Field::output("name", Kind::Name, "`users/{user}`, or of a service account within its organization."),
        Field::optional("display_name", Kind::Text(DISPLAY_NAME_MAX), "What the person is called.").always(),
        Field::output("email", Kind::Email, "The person's address.").sometimes(),
        Field::optional("username", Kind::Word, "The name to sign in with.").always(),
    ],
};
pub(crate) const PASSWORD_CHANGE: Message = Message {
    name: "ChangePasswordRequest",
    fields: &[
        Field::required("current_password", Kind::Word, "The password until now."),
        Field::required("new_password", Kind::Word, "The password from now on, 8 to 1,024 bytes."),
    ],
};
pub(crate) const EMAIL_CHANGE: Message = Message {
    name: "ChangeEmailRequest",
    fields: &[
        Field::required("email", Kind::Email, "The address that the account is to have."),
        Field::required("current_password", Kind::Word, "The account's password."),
    ],
};

/// `GET /api/v1/me`. Outside any organization a user is named `users/{user}`.
pub(crate) async fn get_current_user(read: Read<0>) -> Answer {
    let shown = read.fields(&OWN)?;
    let own = read.core.get_own_account(&read.caller).await?;
    Ok(shown.answer(write(&own)))
}

/// `PATCH /api/v1/me` with `update_mask`. Another address has to be proved first, so it is not changed here.
pub(crate) async fn update_current_user(change: Change<0>) -> Answer {
    let read = || -> Result<(OwnChange, Terms)> {
        let members = Members::of(&OWN, &change.body)?;
        let terms = change.terms(None)?;
        let mask = change.mask(&OWN)?;
        let wanted = |name: &'static str| named(&members, mask.as_ref(), name);
        let own = OwnChange {
            username: wanted("username")?,
            display_name: wanted("display_name")?.map(or_none),
            expected_version: terms.expected_version.clone(),
            ..OwnChange::default()
        };
        Ok((own, terms))
    };
    let (wanted, terms) = read()?;
    let work = async move |core: Core, caller| core.update_own_account(&caller, wanted).await;
    change.make(terms, write, work).await
}

/// `POST /api/v1/me:changePassword`. It takes no `request_id`, since of every body a hash is kept for as long as that.
pub(crate) async fn change_password(change: Change<0>) -> Answer {
    change.only_known()?;
    let members = Members::of(&PASSWORD_CHANGE, &change.body)?;
    let current = given(&members, "current_password", "expected a password")?;
    let new = given(&members, "new_password", "expected a password")?;
    change.core.change_password(&change.caller, current, new).await?;
    Ok(Resource::empty())
}

/// `POST /api/v1/me:changeEmail`: a link is mailed to the address that the account is to have. It takes no `request_id`, as
/// `:changePassword`.
pub(crate) async fn change_email(change: Change<0>) -> Answer {
    change.only_known()?;
    let members = Members::of(&EMAIL_CHANGE, &change.body)?;
    let email = given(&members, "email", "expected an e-mail address")?;
    let current = given(&members, "current_password", "expected a password")?;
    change.core.request_email_change(&change.caller, &email, &current).await?;
    Ok(Resource::empty())
}

/// A text of the body that may not be empty.
fn given(members: &Members<'_>, name: &'static str, expected: &'static str) -> Result<String> {
    let text = members.text(name)?.filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| Error::invalid(name, "missing", expected))
}

/// `POST /api/v1/me:requestEmailVerification`: a link is mailed to the account's address.
pub(crate) async fn request_email_verification(change: Change<0>) -> Answer {
    let none = Value::Object(Map::new());
    let body = if change.body.is_null() { &none } else { &change.body };
    Members::of(&Message { name: "", fields: &[] }, body)?;
    let terms = change.terms_to_make()?;
    let work = async move |core: Core, caller| core.request_email_verification(&caller).await;
    change.make(terms, |(): &()| Value::Object(Map::new()), work).await
}

fn write(account: &Principal) -> Value {
    let name = match account.organization {
        Some(organization) => format!("organizations/{organization}/users/{}", account.id),
        None => format!("users/{}", account.id),
    };
    let members = [
        ("name", Some(json!(name))),
        ("display_name", Some(json!(account.shown_name()))),
        ("email", account.email.as_deref().map(Value::from)),
        ("username", Some(json!(account.username))),
    ];
    let present: Map<String, Value> =
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    etag::beside(Value::Object(present), account.version)
}
