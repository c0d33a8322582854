//! Preferences of an organization and of a workspace: singletons (AIP-156). Their `ETag`, the version of what
//! they belong to, is in the header alone, since the vendor's resource has no member for it.

use serde_json::{Map, Value, json};
use tenantry_core::authz::OrganizationRef;
use tenantry_core::organization::Organization;
use tenantry_core::permission::Permission;
use tenantry_core::preferences::{
    DECIMAL_PLACES_MAX, DateFormat, DecimalSymbol, MeasurementSystem, Preferences, PreferencesChange,
    TimeFormat,
};
use tenantry_core::workspace::Workspace;
use tenantry_core::{Core, Error, Result};

use crate::args::{judged_in_organization, judged_in_workspace, target};
use crate::body::Members;
use crate::change::{Change, Terms};
use crate::message::{Field, Kind, Message};
use crate::read::Read;
use crate::resource::Answer;
use crate::{etag, names};

/// Of a workspace.
pub(crate) const PREFERENCES: Message =
    Message { name: "Preferences", fields: &[NAME, SUPPORT_TEAM_ACCESS, HOW_SHOWN, Field::etag().never()] };
/// Of an organization.
pub(crate) const ORGANIZATION_PREFERENCES: Message = Message {
    name: "OrganizationPreferences",
    fields: &[
        NAME,
        SUPPORT_TEAM_ACCESS,
        HOW_SHOWN,
        Field::optional(
            "invitation_days",
            Kind::Number(1, u16::MAX as u64),
            "How many days an invitation counts that is made or sent again from now on: as many as the server's setting says \
             unless chosen, and no more.",
        )
        .sometimes(),
        Field::etag().never(),
    ],
};
const NAME: Field =
    Field::output("name", Kind::Name, "The name of the organization or workspace, then `/preferences`.");
const SUPPORT_TEAM_ACCESS: Field =
    Field::optional("support_team_access", Kind::Flag, "Lets the support team in for debugging.").always();
const HOW_SHOWN: Field =
    Field::optional("general", Kind::Message(&GENERAL), "How times and numbers are shown.").always();
const GENERAL: Message = Message {
    name: "GeneralPreferences",
    fields: &[
        Field::optional("time_zone", Kind::Word, "An IANA time zone."),
        Field::optional("time_format", Kind::Choice(time_formats), "How times of day are written."),
        Field::optional("date_format", Kind::Choice(date_formats), "How dates are written."),
        Field::optional("decimal_symbol", Kind::Choice(decimal_symbols), "What stands before the decimals."),
        Field::optional("decimal_places", Kind::Number(0, DECIMAL_PLACES_MAX as u64), "How many decimals."),
        Field::optional("measurement_system", Kind::Choice(measurement_systems), "Which units are shown."),
    ],
};
const TIME_FORMAT: &str = "TIME_FORMAT_";
const DATE_FORMAT: &str = "DATE_FORMAT_";
const DECIMAL_SYMBOL: &str = "DECIMAL_SYMBOL_";
const MEASUREMENT_SYSTEM: &str = "MEASUREMENT_SYSTEM_";
const UNSPECIFIED: &str = "UNSPECIFIED";

/// `GET .../workspaces/{workspace}/preferences`.
pub(crate) async fn get_workspace_preferences(read: Read<2>) -> Answer {
    let target = target(&read.path[0], &read.path[1]);
    let needed = Permission::ReadWorkspacePreferences;
    let shown =
        judged_in_workspace(&read.core, &read.caller, &target, needed, read.fields(&PREFERENCES)).await?;
    let found = read.core.get_workspace_preferences(&read.caller, target).await?;
    Ok(shown.answer(of_workspace(&found)))
}

/// `PATCH .../workspaces/{workspace}/preferences` with `update_mask`, whose paths may be nested.
pub(crate) async fn update_workspace_preferences(change: Change<2>) -> Answer {
    let target = target(&change.path[0], &change.path[1]);
    let needed = Permission::UpdateWorkspacePreferences;
    let wanted = read_change(&PREFERENCES, &change);
    let (wanted, terms) = judged_in_workspace(&change.core, &change.caller, &target, needed, wanted).await?;
    let expected = terms.expected_version.clone();
    let work = async move |core: Core, caller| {
        core.update_workspace_preferences(&caller, target, wanted, expected).await
    };
    change.make(terms, of_workspace, work).await
}

/// `GET /api/v1/organizations/{organization}/preferences`.
pub(crate) async fn get_organization_preferences(read: Read<1>) -> Answer {
    let by = OrganizationRef::parse(&read.path[0]);
    let needed = Some(Permission::ReadOrganizationPreferences);
    let shown =
        judged_in_organization(&read.core, &read.caller, &by, needed, read.fields(&ORGANIZATION_PREFERENCES))
            .await?;
    let found = read.core.get_organization_preferences(&read.caller, by).await?;
    Ok(shown.answer(of_organization(&found)))
}

/// `PATCH /api/v1/organizations/{organization}/preferences`.
pub(crate) async fn update_organization_preferences(change: Change<1>) -> Answer {
    let by = OrganizationRef::parse(&change.path[0]);
    let needed = Some(Permission::UpdateOrganizationPreferences);
    let wanted = read_change(&ORGANIZATION_PREFERENCES, &change);
    let (wanted, terms) = judged_in_organization(&change.core, &change.caller, &by, needed, wanted).await?;
    let expected = terms.expected_version.clone();
    let work = async move |core: Core, caller| {
        core.update_organization_preferences(&caller, by, wanted, expected).await
    };
    change.make(terms, of_organization, work).await
}

fn read_change<const N: usize>(
    message: &'static Message,
    change: &Change<N>,
) -> Result<(PreferencesChange, Terms)> {
    let members = Members::of(message, &change.body)?;
    let terms = change.terms(members.text("etag")?)?;
    let none = Value::Object(Map::new());
    let general = members.get("general").filter(|value| !value.is_null()).unwrap_or(&none);
    let general = Members::within("general", &GENERAL, general)?;
    let mask = change.mask(message)?;
    let named = |name: &str| match &mask {
        Some(mask) => mask.covers(&format!("general.{name}")),
        None => general.has(name),
    };
    let named_beside = |name: &str| match &mask {
        Some(mask) => mask.covers(name),
        None => members.has(name),
    };
    let days = || match members.get("invitation_days") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let days = value.as_u64().and_then(|days| u16::try_from(days).ok());
            let expected = || Error::invalid("invitation_days", "range", "expected a number of days");
            days.map(Some).ok_or_else(expected)
        }
    };
    let places = || -> Result<Option<u8>> {
        match general.get("decimal_places") {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                value.as_u64().and_then(|places| u8::try_from(places).ok()).map(Some).ok_or_else(|| {
                    Error::invalid("general.decimal_places", "range", "expected a number from 0 to 20")
                })
            }
        }
    };
    let wanted = PreferencesChange {
        support_team_access: named_beside("support_team_access")
            .then(|| read_flag(members.get("support_team_access")))
            .transpose()?,
        time_zone: named("time_zone")
            .then(|| {
                general.text("time_zone").map(|zone| zone.filter(|zone| !zone.is_empty()).map(str::to_owned))
            })
            .transpose()?,
        time_format: named("time_format")
            .then(|| choice(&general, "time_format", TIME_FORMAT, TimeFormat::from_word))
            .transpose()?,
        date_format: named("date_format")
            .then(|| choice(&general, "date_format", DATE_FORMAT, DateFormat::from_word))
            .transpose()?,
        decimal_symbol: named("decimal_symbol")
            .then(|| choice(&general, "decimal_symbol", DECIMAL_SYMBOL, DecimalSymbol::from_word))
            .transpose()?,
        decimal_places: named("decimal_places").then(places).transpose()?,
        measurement_system: named("measurement_system")
            .then(|| choice(&general, "measurement_system", MEASUREMENT_SYSTEM, MeasurementSystem::from_word))
            .transpose()?,
        invitation_days: named_beside("invitation_days").then(days).transpose()?,
    };
    Ok((wanted, terms))
}

fn read_flag(value: Option<&Value>) -> Result<bool> {
    match value {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(Error::invalid("support_team_access", "form", "expected true or false")),
    }
}

/// A choice by its name, which begins with `prefix`. Unspecified is none.
fn choice<T>(
    general: &Members<'_>,
    name: &'static str,
    prefix: &str,
    from_word: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>> {
    let Some(text) = general.text(name)?.filter(|text| !text.is_empty()) else { return Ok(None) };
    let word = text.strip_prefix(prefix);
    if word == Some(UNSPECIFIED) {
        return Ok(None);
    }
    word.and_then(from_word).map(Some).ok_or_else(|| {
        Error::invalid(format!("general.{name}"), "choice", format!("expected one of {prefix}..."))
    })
}

fn choices(prefix: &str, words: impl Iterator<Item = &'static str>) -> Vec<String> {
    std::iter::once(UNSPECIFIED).chain(words).map(|word| format!("{prefix}{word}")).collect()
}

fn time_formats() -> Vec<String> {
    choices(TIME_FORMAT, TimeFormat::ALL.iter().map(|choice| choice.word()))
}

fn date_formats() -> Vec<String> {
    choices(DATE_FORMAT, DateFormat::ALL.iter().map(|choice| choice.word()))
}

fn decimal_symbols() -> Vec<String> {
    choices(DECIMAL_SYMBOL, DecimalSymbol::ALL.iter().map(|choice| choice.word()))
}

fn measurement_systems() -> Vec<String> {
    choices(MEASUREMENT_SYSTEM, MeasurementSystem::ALL.iter().map(|choice| choice.word()))
}

fn of_workspace(workspace: &Workspace) -> Value {
    let parent = names::workspace(workspace.organization, workspace.id);
    etag::beside(write(&parent, &workspace.details.preferences), workspace.version)
}

fn of_organization(organization: &Organization) -> Value {
    let parent = names::organization(organization.id);
    let mut body = write(&parent, &organization.preferences);
    if let Some(days) = organization.preferences.invitation_days {
        body["invitation_days"] = days.into();
    }
    etag::beside(body, organization.version)
}

fn write(parent: &str, preferences: &Preferences) -> Value {
    json!({
        "name": format!("{parent}/preferences"),
        "support_team_access": preferences.support_team_access,
        "general": general(preferences),
    })
}

/// What was never chosen is absent.
fn general(preferences: &Preferences) -> Value {
    let word = |prefix: &str, word: &str| Some(Value::from(format!("{prefix}{word}")));
    let members = [
        ("time_zone", preferences.time_zone.clone().map(Value::from)),
        ("time_format", preferences.time_format.and_then(|choice| word(TIME_FORMAT, choice.word()))),
        ("date_format", preferences.date_format.and_then(|choice| word(DATE_FORMAT, choice.word()))),
        ("decimal_symbol", preferences.decimal_symbol.and_then(|choice| word(DECIMAL_SYMBOL, choice.word()))),
        ("decimal_places", preferences.decimal_places.map(Value::from)),
        (
            "measurement_system",
            preferences.measurement_system.and_then(|choice| word(MEASUREMENT_SYSTEM, choice.word())),
        ),
    ];
    let chosen: Map<String, Value> =
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    Value::Object(chosen)
}
