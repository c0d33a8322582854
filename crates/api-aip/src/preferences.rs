//! Preferences of a workspace: a singleton (AIP-156).

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};
use tenantry_core::preferences::Preferences;
use tenantry_http::{Authenticated, Refused, Segments, Served};

use crate::args::target;
use crate::{Aip, names};

/// `GET .../workspaces/{workspace}/preferences`.
pub(crate) async fn get_workspace_preferences(
    State(served): State<Served>,
    Authenticated { caller, .. }: Authenticated<Aip>,
    Segments([organization, workspace]): Segments<2>,
) -> Result<Json<Value>, Refused<Aip>> {
    let found = served.core.get_workspace_preferences(&caller, target(&organization, &workspace)).await?;
    let name = format!("{}/preferences", names::WorkspaceName(found.organization, found.id));
    let preferences = &found.details.preferences;
    Ok(Json(json!({
        "name": name,
        "support_team_access": preferences.support_team_access,
        "general": general(preferences),
    })))
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
