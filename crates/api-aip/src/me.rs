//! Who the credential speaks for.

use serde_json::{Map, Value};
use tenantry_core::principal::Principal;

use crate::people::PERSON;
use crate::read::Read;
use crate::resource::Answer;

/// `GET /api/v1/me`. Outside any organization a user is named `users/{user}`.
pub(crate) async fn get_current_user(read: Read<0>) -> Answer {
    let shown = read.fields(&PERSON)?;
    let own = read.core.get_own_account(&read.caller).await?;
    Ok(shown.answer(write(&own)))
}

fn write(account: &Principal) -> Value {
    let name = match account.organization {
        Some(organization) => format!("organizations/{organization}/users/{}", account.id),
        None => format!("users/{}", account.id),
    };
    let members = [
        ("name", Some(name)),
        ("display_name", Some(account.shown_name().to_owned())),
        ("email", account.email.clone()),
    ];
    let present: Map<String, Value> =
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
    Value::Object(present)
}
