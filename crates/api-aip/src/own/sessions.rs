//! Browser sessions.

use serde_json::{Map, Value};
use tenantry_aip::filter::Filter as Expression;
use tenantry_core::browser::OpenSession;
use tenantry_core::ids::CredentialId;
use tenantry_core::{Core, Result};

use super::{ORDERING, id, judged, object, page, time};
use crate::args::{flag, or_missing};
use crate::body::Members;
use crate::change::Change;
use crate::message::{Field, Kind, Message};
use crate::page::Paging;
use crate::read::Read;
use crate::resource::Answer;

pub(crate) const ROWS: &str = "sessions";
pub(crate) const SESSION: Message = Message {
    name: "Session",
    fields: &[
        Field::output("name", Kind::Name, "`me/sessions/{session}`."),
        Field::output("user_agent", Kind::Word, "The browser at the sign-in.").sometimes(),
        Field::output("source", Kind::Word, "The address at the sign-in.").sometimes(),
        Field::output("create_time", Kind::Time, "When the person signed in."),
        Field::output("last_use_time", Kind::Time, "The last time that something was done, to the minute."),
        Field::output("expire_time", Kind::Time, "When it ends if nothing more is done.").sometimes(),
    ],
};
pub(crate) const ENDED: Message = Message {
    name: "EndedSessions",
    fields: &[Field::output("ended_count", Kind::Count, "How many there were.")],
};

/// `GET /api/v1/me/sessions`: the open ones, the newest first.
pub(crate) async fn list_own_sessions(read: Read<0>) -> Answer {
    let wanted = || {
        let shown = read.fields_of_list(ROWS, &SESSION)?;
        let none = Expression::default();
        Ok((shown, Paging::read(&read, "ListOwnSessions", &ORDERING, (&none, false))?))
    };
    let (shown, paging) = judged(&read.core, &read.caller, wanted())?;
    read.core.check_whole_person(&read.caller)?;
    let sessions = read.core.list_own_sessions(&read.caller).await?;
    let place = |session: &OpenSession| (session.credential.created_at, *session.credential.id.as_uuid());
    let page = page(sessions, &paging.request, place);
    Ok(shown.list(&paging.answer(&read, ROWS, &page, write))?)
}

/// `DELETE /api/v1/me/sessions/{session}`: whoever is in it is signed out.
pub(crate) async fn delete_own_session(change: Change<1>) -> Answer {
    let read =
        || -> Result<_> { Ok((change.terms_without_version()?, flag(&change.query, "allow_missing")?)) };
    let (terms, allow_missing) = judged(&change.core, &change.caller, read())?;
    let id = id(&change.path[0], CredentialId::parse, CredentialId::from_uuid);
    let work = async move |core: Core, caller| core.end_own_session(&caller, id).await;
    or_missing(allow_missing, change.make(terms, |(): &()| Value::Object(Map::new()), work).await)
}

/// `POST /api/v1/me/sessions:endOthers`: all but the one that asks, if one does.
pub(crate) async fn end_other_sessions(change: Change<0>) -> Answer {
    let read = || {
        let none = Value::Object(Map::new());
        let body = if change.body.is_null() { &none } else { &change.body };
        Members::of(&Message { name: "", fields: &[] }, body)?;
        change.terms_without_version()
    };
    let terms = judged(&change.core, &change.caller, read())?;
    let work = async move |core: Core, caller| {
        core.check_whole_person(&caller)?;
        core.end_other_sessions(&caller).await
    };
    change.make(terms, |ended: &u64| object([("ended_count", Some((*ended).into()))]), work).await
}

fn write(session: &OpenSession) -> Value {
    object([
        ("name", Some(format!("me/sessions/{}", session.credential.id).into())),
        ("user_agent", session.user_agent.as_deref().map(Value::from)),
        ("source", session.source.as_deref().map(Value::from)),
        ("create_time", Some(time(session.credential.created_at))),
        ("last_use_time", Some(time(session.last_used_at))),
        ("expire_time", session.credential.expires_at.map(time)),
    ])
}
