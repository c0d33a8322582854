//! The JSON documents that some columns hold: the store's own form, which no client sees.
//!
//! Every member may be absent, so that an older row reads as what was never chosen.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tenantry_core::error::{Error, Result};
use tenantry_core::organization::Link;
use tenantry_core::preferences::{DateFormat, DecimalSymbol, MeasurementSystem, Preferences, TimeFormat};
use tenantry_core::principal::Profile;
use tenantry_core::workspace::{Details, Service};

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct PreferencesDocument {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    support: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    symbol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    places: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invitations: Option<u16>,
}

#[derive(Serialize, Deserialize)]
struct ServiceDocument {
    configuration: String,
    /// In base 64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secrets: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<String>,
}

impl ServiceDocument {
    fn of(service: &Service) -> Self {
        Self {
            configuration: service.configuration.clone(),
            secrets: service.secrets.as_ref().map(|sealed| STANDARD.encode(sealed)),
            status: service.status.clone(),
        }
    }

    fn read(self) -> Result<Service> {
        let secrets = self.secrets.map(|text| STANDARD.decode(text)).transpose().map_err(Error::internal)?;
        Ok(Service { configuration: self.configuration, secrets, status: self.status })
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct DetailsDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ml: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    enrolled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    zenml: Option<ServiceDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mlflow: Option<ServiceDocument>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    usage: BTreeMap<String, i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferences: Option<PreferencesDocument>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct ProfileDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    onboarded: bool,
}

impl PreferencesDocument {
    fn of(preferences: &Preferences) -> Self {
        Self {
            support: preferences.support_team_access,
            zone: preferences.time_zone.clone(),
            time: preferences.time_format.map(|choice| choice.word().to_owned()),
            date: preferences.date_format.map(|choice| choice.word().to_owned()),
            symbol: preferences.decimal_symbol.map(|choice| choice.word().to_owned()),
            places: preferences.decimal_places,
            system: preferences.measurement_system.map(|choice| choice.word().to_owned()),
            invitations: preferences.invitation_days,
        }
    }

    fn read(self) -> Preferences {
        Preferences {
            support_team_access: self.support,
            time_zone: self.zone,
            time_format: self.time.as_deref().and_then(TimeFormat::from_word),
            date_format: self.date.as_deref().and_then(DateFormat::from_word),
            decimal_symbol: self.symbol.as_deref().and_then(DecimalSymbol::from_word),
            decimal_places: self.places,
            measurement_system: self.system.as_deref().and_then(MeasurementSystem::from_word),
            invitation_days: self.invitations,
        }
    }
}

/// The text of preferences.
pub(crate) fn write_preferences(preferences: &Preferences) -> Result<String> {
    serde_json::to_string(&PreferencesDocument::of(preferences)).map_err(Error::internal)
}

/// Preferences from their text.
pub(crate) fn read_preferences(text: &str) -> Result<Preferences> {
    serde_json::from_str::<PreferencesDocument>(text).map(PreferencesDocument::read).map_err(Error::internal)
}

/// The text of details; none when there is nothing to say.
pub(crate) fn write_details(details: &Details) -> Result<Option<String>> {
    if *details == Details::default() {
        return Ok(None);
    }
    let chosen = details.preferences != Preferences::default();
    let document = DetailsDocument {
        icon: details.icon.clone(),
        color: details.icon_color.clone(),
        logo: details.logo_url.clone(),
        ml: details.ml_enabled,
        enrolled: details.is_enrolled,
        zenml: details.zenml.as_ref().map(ServiceDocument::of),
        mlflow: details.mlflow.as_ref().map(ServiceDocument::of),
        usage: details.usage.clone(),
        preferences: chosen.then(|| PreferencesDocument::of(&details.preferences)),
    };
    serde_json::to_string(&document).map(Some).map_err(Error::internal)
}

/// Details from their text.
pub(crate) fn read_details(text: Option<&str>) -> Result<Details> {
    let Some(text) = text else { return Ok(Details::default()) };
    let document: DetailsDocument = serde_json::from_str(text).map_err(Error::internal)?;
    Ok(Details {
        icon: document.icon,
        icon_color: document.color,
        logo_url: document.logo,
        ml_enabled: document.ml,
        is_enrolled: document.enrolled,
        zenml: document.zenml.map(ServiceDocument::read).transpose()?,
        mlflow: document.mlflow.map(ServiceDocument::read).transpose()?,
        usage: document.usage,
        preferences: document.preferences.map(PreferencesDocument::read).unwrap_or_default(),
    })
}

/// The text of a profile; none when there is nothing to say.
pub(crate) fn write_profile(profile: &Profile) -> Result<Option<String>> {
    if *profile == Profile::default() {
        return Ok(None);
    }
    let document = ProfileDocument {
        avatar: profile.avatar_url.clone(),
        company: profile.company.clone(),
        job: profile.job_title.clone(),
        metadata: profile.metadata.clone(),
        onboarded: profile.is_onboarded,
    };
    serde_json::to_string(&document).map(Some).map_err(Error::internal)
}

/// A profile from its text.
pub(crate) fn read_profile(text: Option<&str>) -> Result<Profile> {
    let Some(text) = text else { return Ok(Profile::default()) };
    let document: ProfileDocument = serde_json::from_str(text).map_err(Error::internal)?;
    Ok(Profile {
        avatar_url: document.avatar,
        company: document.company,
        job_title: document.job,
        metadata: document.metadata,
        is_onboarded: document.onboarded,
    })
}

/// The text of links: pairs of name and address.
pub(crate) fn write_links(links: &[Link]) -> Result<String> {
    let pairs: Vec<_> = links.iter().map(|link| (&link.name, &link.url)).collect();
    serde_json::to_string(&pairs).map_err(Error::internal)
}

/// Links from their text.
pub(crate) fn read_links(text: &str) -> Result<Vec<Link>> {
    let pairs: Vec<(String, String)> = serde_json::from_str(text).map_err(Error::internal)?;
    Ok(pairs.into_iter().map(|(name, url)| Link { name, url }).collect())
}
