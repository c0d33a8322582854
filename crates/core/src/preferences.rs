//! Preferences of an organization and of a workspace: who may look in, and how times and numbers are shown.

macro_rules! choices {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each choice says what it is")]
        pub enum $name { $($variant,)* }

        impl $name {
            /// Every choice.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in the database.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The choice of this word.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|choice| choice.word() == word)
            }
        }
    };
}

choices!(
    /// How times of day are written.
    TimeFormat { TwelveHour = "12_HOUR", TwentyFourHour = "24_HOUR", }
);
choices!(
    /// How dates are written.
    DateFormat {
        DayMonthYearSlash = "DD_MM_YYYY_SLASH",
        MonthDayYearSlash = "MM_DD_YYYY_SLASH",
        YearMonthDayDash = "YYYY_MM_DD_DASH",
        DayMonthYearDash = "DD_MM_YYYY_DASH",
        MonthDayYearDash = "MM_DD_YYYY_DASH",
        YearMonthDaySlash = "YYYY_MM_DD_SLASH",
        DayMonthYearDot = "DD_MM_YYYY_DOT",
        MonthDayYearDot = "MM_DD_YYYY_DOT",
        YearMonthDayDot = "YYYY_MM_DD_DOT",
        DayShortMonthYear = "DD_MMM_YYYY",
        ShortMonthDayYear = "MMM_DD_YYYY",
        DayLongMonthYear = "DD_MMMM_YYYY",
        LongMonthDayYear = "MMMM_DD_YYYY",
    }
);
choices!(
    /// What stands before the decimals of a number.
    DecimalSymbol { Period = "PERIOD", Comma = "COMMA", }
);
choices!(
    /// Which units are shown.
    MeasurementSystem { Metric = "METRIC", Imperial = "IMPERIAL", }
);

/// Of a day, in seconds.
const DAY: i64 = 24 * 60 * 60;
/// Most decimals that can be chosen.
pub const DECIMAL_PLACES_MAX: u8 = 20;

/// Preferences. What is `None` was never chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// Lets the support team in for debugging.
    pub support_team_access: bool,
    /// An IANA time zone.
    pub time_zone: Option<String>,
    /// How times of day are written.
    pub time_format: Option<TimeFormat>,
    /// How dates are written.
    pub date_format: Option<DateFormat>,
    /// What stands before the decimals.
    pub decimal_symbol: Option<DecimalSymbol>,
    /// How many decimals, 0 to 20.
    pub decimal_places: Option<u8>,
    /// Which units are shown.
    pub measurement_system: Option<MeasurementSystem>,
    /// Of an organization: how many days its invitations count, no more than the server's; none is as many.
    pub invitation_days: Option<u16>,
}

/// What is to become of preferences. `None` leaves a field alone; an inner `None` makes it one that was never chosen.
#[derive(Clone, Debug, Default)]
pub struct PreferencesChange {
    /// Whether the support team is let in.
    pub support_team_access: Option<bool>,
    /// Another time zone.
    pub time_zone: Option<Option<String>>,
    /// Another form of times of day.
    pub time_format: Option<Option<TimeFormat>>,
    /// Another form of dates.
    pub date_format: Option<Option<DateFormat>>,
    /// Another decimal symbol.
    pub decimal_symbol: Option<Option<DecimalSymbol>>,
    /// Another number of decimals.
    pub decimal_places: Option<Option<u8>>,
    /// Other units.
    pub measurement_system: Option<Option<MeasurementSystem>>,
    /// Other days of invitations.
    pub invitation_days: Option<Option<u16>>,
}

impl PreferencesChange {
    /// The checked preferences that this change makes of `old`.
    pub(crate) fn apply(&self, old: &Preferences) -> crate::error::Result<Preferences> {
        let new = Preferences {
            support_team_access: self.support_team_access.unwrap_or(old.support_team_access),
            time_zone: self.time_zone.clone().unwrap_or_else(|| old.time_zone.clone()),
            time_format: self.time_format.unwrap_or(old.time_format),
            date_format: self.date_format.unwrap_or(old.date_format),
            decimal_symbol: self.decimal_symbol.unwrap_or(old.decimal_symbol),
            decimal_places: self.decimal_places.unwrap_or(old.decimal_places),
            measurement_system: self.measurement_system.unwrap_or(old.measurement_system),
            invitation_days: self.invitation_days.unwrap_or(old.invitation_days),
        };
        new.checked()
    }
}

impl Preferences {
    /// How many seconds an invitation of the organization counts, where the server lets it count so many.
    pub(crate) fn invitation_seconds(&self, most: i64) -> i64 {
        self.invitation_days.map_or(most, |days| (i64::from(days) * DAY).min(most))
    }

    /// Checks the days of invitations against the server's.
    pub(crate) fn check_invitation_days(&self, most_seconds: i64) -> crate::error::Result<()> {
        let most = most_seconds / DAY;
        if self.invitation_days.is_some_and(|days| !(1..=most).contains(&i64::from(days))) {
            let expected = format!("expected 1 to {most} days");
            return Err(crate::error::Error::invalid("invitation_days", "range", expected));
        }
        Ok(())
    }

    /// Checks the time zone against the IANA database and the decimals against their limit.
    pub fn checked(self) -> crate::error::Result<Self> {
        use crate::error::Error;
        if let Some(zone) = &self.time_zone
            && jiff::tz::TimeZone::get(zone).is_err()
        {
            return Err(Error::invalid(
                "general.time_zone",
                "time_zone",
                "expected an IANA time zone such as Europe/Oslo",
            ));
        }
        if self.decimal_places.is_some_and(|places| places > DECIMAL_PLACES_MAX) {
            return Err(Error::invalid("general.decimal_places", "range", "expected 0 to 20"));
        }
        Ok(self)
    }
}
