//! The filters of the workspace list. Every filter that is given must hold, both spellings of one alike.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use tenantry_core::filter::{Comparison, Filter, Test};
use tenantry_core::ids::parse_uuid;
use tenantry_core::workspace::{Deleted, WorkspaceField};
use tenantry_core::{Error, Result};
use tenantry_http::Query;

use crate::Evo;

/// Each parameter that filters, with its field.
pub(crate) const EQUALITIES: [(&str, WorkspaceField); 6] = [
    ("created_by", WorkspaceField::CreatedBy),
    ("filter[created_by]", WorkspaceField::CreatedBy),
    ("name", WorkspaceField::Name),
    ("filter[name]", WorkspaceField::Name),
    ("user_id", WorkspaceField::HasUser),
    ("filter[user_id]", WorkspaceField::HasUser),
];
pub(crate) const TIMES: [(&str, WorkspaceField); 2] =
    [("created_at", WorkspaceField::CreatedAt), ("updated_at", WorkspaceField::UpdatedAt)];

/// Whether the parameter is one of the filters.
pub(crate) fn knows(parameter: &str) -> bool {
    parameter == "deleted" || EQUALITIES.iter().chain(&TIMES).any(|(name, _)| *name == parameter)
}

/// Reads the filters: equalities, each with an optional `eq:`, and points in time with an operator.
pub(crate) fn filter(query: &Query<Evo>) -> Result<Filter<WorkspaceField>> {
    let mut filter = Filter::All;
    for (parameter, field) in EQUALITIES {
        let Some(value) = query.one(parameter)? else { continue };
        let value = value.strip_prefix("eq:").unwrap_or(value);
        let test = match field {
            WorkspaceField::Name => Test::Text(Comparison::Equal, value.to_owned()),
            _ => Test::Id(
                parse_uuid(value).ok_or_else(|| Error::invalid(parameter, "uuid", "expected a UUID"))?,
            ),
        };
        filter = filter.and(Filter::Is(field, test));
    }
    for (parameter, field) in TIMES {
        for value in query.all(parameter).flat_map(|values| values.split(',')) {
            filter = filter.and(Filter::Is(field, time_test(parameter, value.trim())?));
        }
    }
    Ok(filter)
}

/// Reads `deleted`: with `true` deleted workspaces are included, live ones are shown all the same.
pub(crate) fn deleted(query: &Query<Evo>) -> Result<Deleted> {
    match query.one("deleted")? {
        None => Ok(Deleted::Hide),
        Some(text) if text.eq_ignore_ascii_case("false") => Ok(Deleted::Hide),
        Some(text) if text.eq_ignore_ascii_case("true") => Ok(Deleted::Show),
        Some(_) => Err(Error::invalid("deleted", "boolean", "expected true or false")),
    }
}

fn time_test(parameter: &'static str, value: &str) -> Result<Test> {
    const OPERATORS: [(&str, Comparison); 5] = [
        ("eq:", Comparison::Equal),
        ("lt:", Comparison::Less),
        ("lte:", Comparison::LessOrEqual),
        ("gt:", Comparison::Greater),
        ("gte:", Comparison::GreaterOrEqual),
    ];
    let with_operator = OPERATORS
        .iter()
        .find_map(|(prefix, comparison)| value.strip_prefix(prefix).map(|time| (*comparison, time)));
    let (comparison, time) = with_operator.unwrap_or((Comparison::Equal, value));
    micros(time).map(|micros| Test::Int(comparison, micros)).ok_or_else(|| {
        Error::invalid(
            parameter,
            "time",
            "expected an ISO 8601 date or time behind eq:, lt:, lte:, gt: or gte:, such as gte:2026-01-31",
        )
    })
}

/// Microseconds since the epoch. A time without an offset is in UTC, a date is its first moment.
fn micros(text: &str) -> Option<i64> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_microsecond());
    }
    // Jiff would pass over a zone in brackets.
    if text.contains('[') {
        return None;
    }
    let time: DateTime = text.parse().ok()?;
    TimeZone::UTC.to_timestamp(time).ok().map(jiff::Timestamp::as_microsecond)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const JANUARY: i64 = 1_767_225_600_000_000;
    const HOUR: i64 = 3_600_000_000;

    #[test]
    fn reads_every_filter() {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
        use WorkspaceField::{CreatedAt, CreatedBy, HasUser, Name, UpdatedAt};
        let id = "0199f000-0000-7000-8000-00000000000a";
        let is_id = Test::Id(Uuid::try_parse(id).unwrap());
        let named = |name: &str| Test::Text(Equal, name.to_owned());
        let cases: [(String, Vec<(WorkspaceField, Test)>); 17] = [
            (String::new(), vec![]),
            ("unknown=1&limit=x".to_owned(), vec![]),
            (format!("created_by={id}"), vec![(CreatedBy, is_id.clone())]),
            (format!("created_by=eq:{}", id.to_uppercase()), vec![(CreatedBy, is_id.clone())]),
            (format!("filter%5Bcreated_by%5D={id}"), vec![(CreatedBy, is_id.clone())]),
            (format!("filter[user_id]={id}"), vec![(HasUser, is_id.clone())]),
            (format!("user_id={id}&name=a"), vec![(Name, named("a")), (HasUser, is_id)]),
            ("name=".to_owned(), vec![(Name, named(""))]),
            ("name=eq:eq:a".to_owned(), vec![(Name, named("eq:a"))]),
            ("name=lt:a".to_owned(), vec![(Name, named("lt:a"))]),
            ("name=a&filter[name]=b".to_owned(), vec![(Name, named("a")), (Name, named("b"))]),
            ("created_at=2026-01-01".to_owned(), vec![(CreatedAt, Test::Int(Equal, JANUARY))]),
            (
                "created_at=gte:2026-01-01T00:00:00Z,lt:2026-01-01T01:00:00".to_owned(),
                vec![
                    (CreatedAt, Test::Int(GreaterOrEqual, JANUARY)),
                    (CreatedAt, Test::Int(Less, JANUARY + HOUR)),
                ],
            ),
            (
                "updated_at=gt:2026-01-01&updated_at=lte:2026-01-01T01:00".to_owned(),
                vec![
                    (UpdatedAt, Test::Int(Greater, JANUARY)),
                    (UpdatedAt, Test::Int(LessOrEqual, JANUARY + HOUR)),
                ],
            ),
            (
                "created_at=eq:2026-01-01T02:00:00%2B01:00".to_owned(),
                vec![(CreatedAt, Test::Int(Equal, JANUARY + HOUR))],
            ),
            (
                "created_at=2026-01-01T00:00:00.000001".to_owned(),
                vec![(CreatedAt, Test::Int(Equal, JANUARY + 1))],
            ),
            ("created_at=1960-01-01".to_owned(), vec![(CreatedAt, Test::Int(Equal, -315_619_200_000_000))]),
        ];
        for (text, expected) in cases {
            let expected =
                expected.into_iter().fold(Filter::All, |all, (field, test)| all.and(Filter::Is(field, test)));
            assert_eq!(filter(&Query::parse(&text).unwrap()).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn names_the_parameter_at_fault() {
        for (text, name) in [
            ("created_by=me", "created_by"),
            ("filter%5Bcreated_by%5D=", "filter[created_by]"),
            ("user_id=0199f000000070008000000000000000", "user_id"),
            ("filter[user_id]=ne:0199f000-0000-7000-8000-00000000000a", "filter[user_id]"),
            ("name=a&name=b", "name"),
            ("created_at=", "created_at"),
            ("created_at=yesterday", "created_at"),
            ("created_at=ne:2026-01-01", "created_at"),
            ("created_at=2026-02-30", "created_at"),
            ("created_at=2026-01-01T25:00", "created_at"),
            ("created_at=2026-01-01T00:00:00+01:00", "created_at"),
            ("created_at=2026-01-01T00:00%5BEurope/Berlin%5D", "created_at"),
            ("updated_at=gt:2026-01-01,", "updated_at"),
            ("updated_at=lt:99999-01-01", "updated_at"),
        ] {
            let error = filter(&Query::parse(text).unwrap()).unwrap_err();
            assert_eq!(error.violations[0].field, name, "{text}");
        }
    }

    #[test]
    fn deleted_is_a_boolean_in_any_case() {
        for (text, expected) in [
            ("", Some(Deleted::Hide)),
            ("deleted=False", Some(Deleted::Hide)),
            ("deleted=True", Some(Deleted::Show)),
            ("deleted=true", Some(Deleted::Show)),
            ("deleted=1", None),
            ("deleted=", None),
            ("deleted=true&deleted=true", None),
        ] {
            assert_eq!(deleted(&Query::parse(text).unwrap()).ok(), expected, "{text}");
        }
    }
}
