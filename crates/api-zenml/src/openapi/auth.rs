//! Of `/auth` and `/devices`.

use serde_json::{Value, json};
use tenantry_core::Kind;
use tenantry_http::openapi::{Operation, Parameter, Shape};

use super::{JSON, listed, pages};
use crate::auth::Connection;
use crate::devices::{self, DeviceAuthorization, DeviceRead, DeviceUpdate, DeviceVerification};
use crate::login::{OAuthError, TokenResponse};

const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) fn sign_in() -> Operation {
    let fields = ["grant_type", "username", "password", "client_id", "client_secret", "device_code"];
    let fields: Value = fields.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
    let form = json!({"type": "object", "properties": fields});
    Operation::new("sign_in", "Sign in")
        .about("With a user's name and password, a service account's id and secret, an API key as password alone, or the code of a device.")
        .open()
        .reads(FORM, Shape::made(move |_| form.clone()))
        .answers(200, "A token.", Shape::written::<TokenResponse<'static>>())
        .answers(400, "The device is not confirmed, or never will be.", Shape::written::<OAuthError>())
        .refuses(&[Kind::Invalid, Kind::Unauthenticated])
}

pub(crate) fn start_device_login() -> Operation {
    let text = || json!({"type": "string", "format": "uuid"});
    let fields = json!({"client_id": text(), "device_id": text()});
    let form = json!({"type": "object", "properties": fields, "required": ["client_id"]});
    Operation::new("start_device_login", "Begin a device login")
        .about("`client_id` is any UUID; `device_id` is the device that the program was before.")
        .open()
        .reads(FORM, Shape::made(move |_| form.clone()))
        .answers(200, "What to show, and what to poll with.", Shape::written::<DeviceAuthorization>())
        .refuses(&[Kind::Invalid])
}

pub(crate) fn list_connections() -> Operation {
    Operation::new("list_connections", "List providers to sign in with")
        .about("The issuers that the whole server trusts.")
        .open()
        .answers(200, "All of them.", listed::<Connection>())
}

pub(crate) fn get_sign_in_address() -> Operation {
    let about = "The id of one of the connections, which the address leads to; without, it is that of the sign-in page.";
    Operation::new("get_sign_in_address", "Where to sign in with a browser")
        .open()
        .takes([Parameter::query("connection", about, json!({"type": "string"}))])
        .answers(200, "An address.", text())
        .refuses(&[Kind::Invalid])
}

pub(crate) fn finish_sign_in() -> Operation {
    Operation::new("finish_sign_in", "Come back from a sign-in elsewhere")
        .about("On to the page of the server's own where what a provider said counts, in the browser that left for it.")
        .open()
        .takes([
            Parameter::query("state", "By which the browser is known that left.", json!({"type": "string"})).needed(),
            Parameter::query("code", "What the provider gave.", json!({"type": "string"})),
            Parameter::query("iss", "Which provider it is.", json!({"type": "string"})),
            Parameter::query("error", "Why the provider gave nothing.", json!({"type": "string"})),
        ])
        .answers_nothing(303, "To that page.")
        .refuses(&[Kind::Invalid])
}

pub(crate) fn sign_out() -> Operation {
    Operation::new("sign_out", "Sign out")
        .about(
            "Ends the access token that is shown, and the login of the program that it was given to. A token that is good for \
             less, or was got for another one, ends alone. Keys and personal tokens stay, but for those that were made with \
             that login.",
        )
        .answers(200, "It counts no more.", nothing())
}

pub(crate) fn get_api_token() -> Operation {
    Operation::new("get_api_token", "Get a token for an hour")
        .about("As good as what is shown, for an hour at most and no longer than that.")
        .answers(200, "The token, as a text.", text())
}

pub(crate) fn authorize_workspace() -> Operation {
    for_one_workspace("authorize_workspace")
}

pub(crate) fn authorize_tenant() -> Operation {
    for_one_workspace("authorize_tenant")
}

fn for_one_workspace(name: &'static str) -> Operation {
    Operation::new(name, "Get a token for one workspace")
        .about("As good as what is shown, in this workspace alone.")
        .answers(200, "A token.", Shape::written::<TokenResponse<'static>>())
        .refuses(&[Kind::Forbidden, Kind::Hidden])
}

pub(crate) fn list_devices() -> Operation {
    Operation::new("list_devices", "List devices")
        .about("The caller's own, the newest first.")
        .takes(pages(devices::MOST))
        .answers(200, "A page.", listed::<DeviceRead>())
        .refuses(&[Kind::Invalid, Kind::Forbidden])
}

pub(crate) fn get_device() -> Operation {
    let about = "The code that the device shows, while it waits for an answer.";
    Operation::new("get_device", "Get a device")
        .takes([Parameter::query("user_code", about, json!({"type": "string"}))])
        .answers(200, "What was asked for.", Shape::written::<DeviceRead>())
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::NotFound])
}

pub(crate) fn verify_device() -> Operation {
    Operation::new("verify_device", "Confirm a device")
        .about("It becomes the caller's, for 30 days if it is trusted and a day otherwise.")
        .reads(JSON, Shape::read::<DeviceVerification>())
        .answers(200, "What it is now.", Shape::written::<DeviceRead>())
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::NotFound, Kind::Precondition, Kind::LimitReached])
}

pub(crate) fn update_device() -> Operation {
    Operation::new("update_device", "Rename or lock a device")
        .about("What a locked device has ends at once.")
        .reads(JSON, Shape::read::<DeviceUpdate>())
        .answers(200, "As it is now.", Shape::written::<DeviceRead>())
        .refuses(&[Kind::Invalid, Kind::Forbidden, Kind::NotFound])
}

pub(crate) fn delete_device() -> Operation {
    Operation::new("delete_device", "Forget a device")
        .about("What it has ends.")
        .answers(200, "It is gone.", nothing())
        .refuses(&[Kind::Forbidden, Kind::NotFound])
}

fn text() -> Shape {
    Shape::made(|_| json!({"type": "string"}))
}

fn nothing() -> Shape {
    Shape::made(|_| json!({"type": "null"}))
}
