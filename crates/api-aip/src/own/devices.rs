//! Devices: programs that the person logged in by a code.

use serde_json::{Map, Value};
use tenantry_aip::filter::Filter as Expression;
use tenantry_core::device::{Approval, DEVICE_NAME_MAX, Decision, Device, DeviceChange, DeviceStatus};
use tenantry_core::ids::DeviceId;
use tenantry_core::{Core, Error, Result};
use tenantry_http::Source;

use super::tokens::read_flag;
use super::{ORDERING, id, judged, object, page, time};
use crate::args::{flag, or_missing};
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::etag;
use crate::message::{Field, Kind, Message};
use crate::page::Paging;
use crate::read::Read;
use crate::resource::Answer;

pub(crate) const ROWS: &str = "devices";
pub(crate) const DEVICE: Message = Message {
    name: "Device",
    fields: &[
        Field::output("name", Kind::Name, "`me/devices/{device}`."),
        Field::optional("title", Kind::Text(DEVICE_NAME_MAX), "What it is called.").always(),
        Field::optional("locked", Kind::Flag, "Whether it is kept out: what it has ends at once.").always(),
        Field::output("trusted", Kind::Flag, "Whether it stays logged in for long."),
        Field::output("state", Kind::Choice(states), "How it stands."),
        Field::output("client", Kind::Word, "The client."),
        Field::output("user_agent", Kind::Word, "What it called itself at its last login.").sometimes(),
        Field::output("source", Kind::Word, "The address at its last login.").sometimes(),
        Field::output("authorization", Kind::Name, "What it was allowed at its last login."),
        Field::output("create_time", Kind::Time, "When it was first logged in."),
        Field::output("update_time", Kind::Time, "When it was last changed."),
        Field::output("last_login_time", Kind::Time, "When it last took tokens for a login.").sometimes(),
        Field::output("expire_time", Kind::Time, "Until when it is logged in."),
        Field::etag(),
    ],
};
/// What is said to a program that shows a code.
pub(crate) const ANSWER: Message = Message {
    name: "DeviceAnswer",
    fields: &[
        Field::required("user_code", Kind::Text(40), "The code that it shows.").never(),
        Field::optional("title", Kind::Text(DEVICE_NAME_MAX), "With a yes: what it is to be called.").never(),
        Field::optional("trusted", Kind::Flag, "With a yes: thirty days rather than one.").never(),
    ],
};

/// `GET /api/v1/me/devices`, the newest first.
pub(crate) async fn list_own_devices(read: Read<0>) -> Answer {
    let wanted = || {
        let shown = read.fields_of_list(ROWS, &DEVICE)?;
        let none = Expression::default();
        Ok((shown, Paging::read(&read, "ListOwnDevices", &ORDERING, (&none, false))?))
    };
    let (shown, paging) = judged(&read.core, &read.caller, wanted())?;
    let devices = read.core.list_own_devices(&read.caller).await?;
    let page = page(devices, &paging.request, |device| (device.created_at, *device.id.as_uuid()));
    Ok(shown.list(&paging.answer(&read, ROWS, &page, write))?)
}

/// `GET /api/v1/me/devices/{device}`.
pub(crate) async fn get_own_device(read: Read<1>) -> Answer {
    let shown = judged(&read.core, &read.caller, read.fields(&DEVICE))?;
    let found = read.core.get_own_device(&read.caller, device_id(&read.path[0])).await?;
    Ok(shown.answer(write(&found)))
}

/// `PATCH /api/v1/me/devices/{device}` with `update_mask`.
pub(crate) async fn update_own_device(change: Change<1>) -> Answer {
    let read = || -> Result<(DeviceChange, Terms)> {
        let members = Members::of(&DEVICE, &change.body)?;
        let terms = change.terms(members.text("etag")?)?;
        let mask = change.mask(&DEVICE)?;
        let named = |name: &str| mask.as_ref().map_or_else(|| members.has(name), |mask| mask.covers(name));
        let name = match (named("title"), members.text("title")?) {
            (true, None) => return Err(Error::invalid("title", "missing", "expected a title")),
            (true, Some(title)) => Some(title.to_owned()),
            (false, _) => None,
        };
        let locked = read_flag(&members, "locked")?;
        let locked = named("locked").then(|| locked.unwrap_or_default());
        Ok((DeviceChange { name, locked, expected_version: terms.expected_version.clone() }, terms))
    };
    let (wanted, terms) = judged(&change.core, &change.caller, read())?;
    let id = device_id(&change.path[0]);
    let work = async move |core: Core, caller| {
        let outcome = core.update_own_device(&caller, id, wanted).await;
        outcome.map_err(|error| error.naming_fields(field_of_wire))
    };
    change.make(terms, write, work).await
}

/// `DELETE /api/v1/me/devices/{device}`: it is forgotten, and what it has ends.
pub(crate) async fn delete_own_device(change: Change<1>) -> Answer {
    let read = || -> Result<_> { Ok((change.terms(None)?, flag(&change.query, "allow_missing")?)) };
    let (terms, allow_missing) = judged(&change.core, &change.caller, read())?;
    let (id, expected) = (device_id(&change.path[0]), terms.expected_version.clone());
    let work = async move |core: Core, caller| core.delete_own_device(&caller, id, expected).await;
    or_missing(allow_missing, change.make(terms, |(): &()| Value::Object(Map::new()), work).await)
}

/// `POST /api/v1/me/devices:approve`: the program that shows the code becomes a device of the caller's.
pub(crate) async fn approve_device(Source(source): Source, change: Change<0>) -> Answer {
    let read = || -> Result<_> {
        let (members, code, terms) = read_answer(&change)?;
        let title = members.text("title")?.filter(|title| !title.is_empty());
        let trusted = read_flag(&members, "trusted")?.unwrap_or_default();
        Ok((code, Approval { name: title.map(str::to_owned), trusted, ..Approval::default() }, terms))
    };
    let (shown, approval, terms) = read()?;
    let work = async move |core: Core, caller| {
        let decision = Decision::Approve(approval);
        let decided = core.decide_device(&caller, (&shown, source), decision).await;
        decided.map_err(|error| error.naming_fields(field_of_wire))
    };
    change.make(terms, |device: &Option<Device>| decided(device.as_ref()), work).await
}

/// `POST /api/v1/me/devices:deny`: the program that shows the code gets nothing.
pub(crate) async fn deny_device(Source(source): Source, change: Change<0>) -> Answer {
    let (_, shown, terms) = read_answer(&change)?;
    let work =
        async move |core: Core, caller| core.decide_device(&caller, (&shown, source), Decision::Deny).await;
    change.make(terms, |device: &Option<Device>| decided(device.as_ref()), work).await
}

/// The device that the login led to; nothing where it was denied.
fn decided(device: Option<&Device>) -> Value {
    device.map_or_else(|| Value::Object(Map::new()), write)
}

fn read_answer(change: &Change<0>) -> Result<(Members<'_>, String, Terms)> {
    let members = Members::of(&ANSWER, &change.body)?;
    let terms = change.terms_to_make()?;
    let shown = members.text("user_code")?.filter(|text| !text.is_empty());
    let shown = shown.ok_or_else(|| Error::invalid("user_code", "missing", "expected a code"))?.to_owned();
    Ok((members, shown, terms))
}

fn device_id(text: &str) -> DeviceId {
    id(text, DeviceId::parse, DeviceId::from_uuid)
}

fn field_of_wire(field: &str) -> Option<&'static str> {
    (field == "name").then_some("title")
}

fn states() -> Vec<String> {
    ["VERIFIED", "ACTIVE", "LOCKED", "ENDED"].map(str::to_owned).into()
}

fn write(device: &Device) -> Value {
    let state = match device.status() {
        DeviceStatus::Verified => "VERIFIED",
        DeviceStatus::Active => "ACTIVE",
        DeviceStatus::Locked => "LOCKED",
        DeviceStatus::Ended => "ENDED",
    };
    object([
        ("name", Some(format!("me/devices/{}", device.id).into())),
        ("title", Some(device.name.as_str().into())),
        ("locked", Some(device.locked_at.is_some().into())),
        ("trusted", Some(device.trusted.into())),
        ("state", Some(state.into())),
        ("client", Some(device.client.as_str().into())),
        ("user_agent", device.user_agent.as_deref().map(Value::from)),
        ("source", device.source.as_deref().map(Value::from)),
        ("authorization", Some(format!("me/authorizations/{}", device.authorization).into())),
        ("create_time", Some(time(device.created_at))),
        ("update_time", Some(time(device.updated_at))),
        ("last_login_time", device.last_login_at.map(time)),
        ("expire_time", Some(time(device.expires_at))),
        ("etag", Some(etag::write(device.version).into())),
    ])
}
