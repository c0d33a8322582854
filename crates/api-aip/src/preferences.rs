//! Preferences of a workspace: a singleton (AIP-156).

use serde_json::{Map, Value, json};
use tenantry_core::permission::Permission;
use tenantry_core::preferences::Preferences;

use crate::args::{judged_in_workspace, target};
use crate::names;
use crate::read::Read;
use crate::resource::Answer;

const FIELDS: &[&str] = &[
    "name",
    "support_team_access",
    "general",
    "general.time_zone",
    "general.time_format",
    "general.date_format",
    "general.decimal_symbol",
    "general.decimal_places",
    "general.measurement_system",
];

/// `GET .../workspaces/{workspace}/preferences`.
pub(crate) async fn get_workspace_preferences(read: Read<2>) -> Answer {
    let target = target(&read.path[0], &read.path[1]);
    let needed = Permission::ReadWorkspacePreferences;
    let shown = judged_in_workspace(&read.core, &read.caller, &target, needed, read.fields(FIELDS)).await?;
    let found = read.core.get_workspace_preferences(&read.caller, target).await?;
    let name = format!("{}/preferences", names::workspace(found.organization, found.id));
    let preferences = &found.details.preferences;
    let body = json!({
        "name": name,
        "support_team_access": preferences.support_team_access,
        "general": general(preferences),
    });
    Ok(read.answer(body, &shown))
}

/// What was never chosen is absent.
fn general(preferences: &Preferences) -> Value {
    let word = |prefix: &str, word: &str| Some(Value::from(format!("{prefix}_{word}")));
    let members = [
        ("time_zone", preferences.time_zone.clone().map(Value::from)),
        ("time_format", preferences.time_format.and_then(|choice| word("TIME_FORMAT", choice.word()))),
        ("date_format", preferences.date_format.and_then(|choice| word("DATE_FORMAT", choice.word()))),
        (
            "decimal_symbol",
            preferences.decimal_symbol.and_then(|choice| word("DECIMAL_SYMBOL", choice.word())),
        ),
        ("decimal_places", preferences.decimal_places.map(Value::from)),
        (
            "measurement_system",
            preferences.measurement_system.and_then(|choice| word("MEASUREMENT_SYSTEM", choice.word())),
        ),
    ];
    let chosen: Map<String, Value> =
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    Value::Object(chosen)
}
