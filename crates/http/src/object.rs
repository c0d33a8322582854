//! JSON objects.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A JSON object read into `T`, and nothing but an object: what serde derives for a struct also takes an array of its
/// members' values, and tells the client the name of our type where it takes neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Object<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Object)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::Object;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Link {
        name: String,
        more: Option<Vec<Object<Link>>>,
    }

    #[test]
    fn an_array_is_no_object() {
        let name = |name: &str, more| Object(Link { name: name.to_owned(), more });
        let nested = r#"{"name": "a", "more": [{"name": "b", "more": null}], "unknown": 1}"#;
        let read: Object<Link> = serde_json::from_str(nested).unwrap();
        assert_eq!(read, name("a", Some(vec![name("b", None)])));
        assert!(serde_json::from_str::<Link>(r#"["a", null]"#).is_ok(), "why this type exists");
        for (text, expected) in [
            (r#"["a", null]"#, "invalid type: sequence, expected an object"),
            (r#""a""#, "invalid type: string \"a\", expected an object"),
            ("null", "invalid type: null, expected an object"),
            (r#"{"name": "a", "more": [["b", null]]}"#, "invalid type: sequence, expected an object"),
            ("{}", "missing field `name`"),
        ] {
            let error = serde_json::from_str::<Object<Link>>(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }
}
