//! What must hold for any bytes that come as a filter. The fuzz target of the same name runs this too.

use tenantry_aip::{EnumName, EnumType, Field, FieldType, Filter, Schema};

const MOOD: EnumType =
    EnumType { names: &[EnumName { name: "good", aliases: &["MOOD_GOOD"] }], ignore_case: true };

const EVERY_TYPE: Schema = Schema::new(
    &[
        Field::new("title", FieldType::Text),
        Field::new("a.b", FieldType::Text),
        Field::new("role", FieldType::Keyword),
        Field::new("search", FieldType::Search),
        Field::new("done", FieldType::Bool),
        Field::new("mood", FieldType::Enum(MOOD)),
        Field::new("count", FieldType::Integer),
        Field::new("ratio", FieldType::Float),
        Field::new("took", FieldType::Duration),
        Field::new("create_time", FieldType::Timestamp),
    ],
    &["title", "a.b"],
);

/// No panic; positions lie inside the text; the printed form is no longer than the text and means the same.
pub(crate) fn run(data: &[u8]) {
    let filter = match Filter::parse_bytes(data) {
        Ok(filter) => filter,
        Err(error) => {
            let position = error.position().expect("errors of filters have positions");
            assert!(position <= String::from_utf8_lossy(data).chars().count(), "{error}");
            return;
        }
    };
    let printed = filter.to_string();
    assert!(printed.len() <= data.len(), "printed longer: {printed}");
    let again = Filter::parse(&printed).expect("what is printed parses");
    assert_eq!(again.to_canonical(), filter.to_canonical());
    assert_eq!(again.to_string(), printed);

    let (checked, checked_again) = (EVERY_TYPE.check(&filter), EVERY_TYPE.check(&again));
    match (checked, checked_again) {
        (Ok(one), Ok(other)) => assert_eq!(one, other),
        // Positions differ, as printing moves things.
        (Err(one), Err(other)) => assert_eq!(one.reason(), other.reason()),
        (one, other) => panic!("{one:?} became {other:?} by printing"),
    }
}
