//! What the person allowed to clients.

use serde_json::{Map, Value};
use tenantry_aip::filter::Filter as Expression;
use tenantry_core::ids::CredentialId;
use tenantry_core::oauth::Authorization;
use tenantry_core::{Core, Error, Result};

use super::{ORDERING, id, judged, object, page, time};
use crate::args::{flag, or_missing};
use crate::change::Change;
use crate::message::{Field, Kind, Message};
use crate::page::Paging;
use crate::read::Read;
use crate::resource::Answer;

pub(crate) const ROWS: &str = "authorizations";
pub(crate) const AUTHORIZATION: Message = Message {
    name: "Authorization",
    fields: &[
        Field::output("name", Kind::Name, "`me/authorizations/{authorization}`."),
        Field::output("title", Kind::Word, "What the client was called."),
        Field::output("client", Kind::Word, "The client."),
        Field::output("scopes", Kind::List(&Kind::Word, usize::MAX), "What was allowed."),
        Field::output("audience", Kind::Word, "The resource that the tokens are for, if not this server.")
            .sometimes(),
        Field::output("create_time", Kind::Time, "When it was allowed."),
        Field::output("expire_time", Kind::Time, "When it ends if nothing more is done with it.").sometimes(),
    ],
};

/// `GET /api/v1/me/authorizations`: what has not ended, the newest first.
pub(crate) async fn list_own_authorizations(read: Read<0>) -> Answer {
    let wanted = || {
        let shown = read.fields_of_list(ROWS, &AUTHORIZATION)?;
        let none = Expression::default();
        Ok((shown, Paging::read(&read, "ListOwnAuthorizations", &ORDERING, (&none, false))?))
    };
    let (shown, paging) = judged(&read.core, &read.caller, wanted())?;
    let allowed = own(&read).await?;
    let place = |one: &Authorization| (one.credential.created_at, *one.credential.id.as_uuid());
    let page = page(allowed, &paging.request, place);
    Ok(shown.list(&paging.answer(&read, ROWS, &page, write))?)
}

/// `GET /api/v1/me/authorizations/{authorization}`.
pub(crate) async fn get_own_authorization(read: Read<1>) -> Answer {
    let shown = judged(&read.core, &read.caller, read.fields(&AUTHORIZATION))?;
    let id = authorization_id(&read.path[0]);
    let found = own(&read).await?.into_iter().find(|one| one.id() == id);
    Ok(shown.answer(write(&found.ok_or_else(|| Error::not_found("authorization"))?)))
}

/// `DELETE /api/v1/me/authorizations/{authorization}`: everything that came of it ends.
pub(crate) async fn delete_own_authorization(change: Change<1>) -> Answer {
    let read =
        || -> Result<_> { Ok((change.terms_without_version()?, flag(&change.query, "allow_missing")?)) };
    let (terms, allow_missing) = judged(&change.core, &change.caller, read())?;
    let id = authorization_id(&change.path[0]);
    let work = async move |core: Core, caller| {
        core.check_whole_person(&caller)?;
        core.end_own_authorization(&caller, id).await
    };
    or_missing(allow_missing, change.make(terms, |(): &()| Value::Object(Map::new()), work).await)
}

async fn own<const N: usize>(read: &Read<N>) -> Result<Vec<Authorization>> {
    read.core.check_whole_person(&read.caller)?;
    read.core.list_own_authorizations(&read.caller).await
}

fn authorization_id(text: &str) -> CredentialId {
    id(text, CredentialId::parse, CredentialId::from_uuid)
}

fn write(allowed: &Authorization) -> Value {
    let credential = &allowed.credential;
    object([
        ("name", Some(format!("me/authorizations/{}", credential.id).into())),
        ("title", Some(credential.title.as_str().into())),
        ("client", Some(allowed.client.as_str().into())),
        ("scopes", Some(allowed.scopes.words().map(Value::from).collect())),
        ("audience", allowed.audience.as_deref().map(Value::from)),
        ("create_time", Some(time(credential.created_at))),
        ("expire_time", credential.expires_at.map(time)),
    ])
}
