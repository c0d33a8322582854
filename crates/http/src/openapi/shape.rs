//! Schemas of bodies (JSON Schema, draft 2020-12).

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// The shape of a body: how its schema is made, once the document is written.
pub struct Shape(Box<dyn Fn(&mut Schemas) -> Value + Send + Sync>);

impl Shape {
    /// What serde writes of a type.
    pub fn written<T: JsonSchema>() -> Self {
        Self::made(|schemas| schemas.writing.subschema_for::<T>().into())
    }

    /// What serde reads into a type.
    pub fn read<T: JsonSchema>() -> Self {
        Self::made(|schemas| schemas.reading.subschema_for::<T>().into())
    }

    /// What no type tells.
    pub fn made(make: impl Fn(&mut Schemas) -> Value + Send + Sync + 'static) -> Self {
        Self(Box::new(make))
    }

    /// The schema: itself, or a reference to one that has a name.
    pub(crate) fn schema(&self, schemas: &mut Schemas) -> Value {
        (self.0)(schemas)
    }
}

/// The schemas of a document that have names.
pub struct Schemas {
    writing: SchemaGenerator,
    reading: SchemaGenerator,
    named: Map<String, Value>,
}

impl Default for Schemas {
    fn default() -> Self {
        let settings =
            || SchemaSettings::draft2020_12().with(|it| it.definitions_path = "/components/schemas".into());
        Self {
            writing: settings().for_serialize().into_generator(),
            reading: settings().for_deserialize().into_generator(),
            named: Map::new(),
        }
    }
}

impl Schemas {
    /// A reference to the schema of this name, which is the same wherever it is given.
    pub fn named(&mut self, name: &str, schema: Value) -> Value {
        self.keep(name, schema);
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    /// Every schema that has a name.
    ///
    /// # Panics
    /// When two that differ have the same name. Shapes are constants, so the first start of the program tells.
    pub(crate) fn into_named(mut self) -> Map<String, Value> {
        let generated = [self.writing.take_definitions(false), self.reading.take_definitions(false)];
        for (name, schema) in generated.into_iter().flatten() {
            self.keep(&name, schema);
        }
        let mut named: Vec<_> = self.named.into_iter().collect();
        named.sort_by(|(a, _), (b, _)| a.cmp(b));
        named.into_iter().collect()
    }

    fn keep(&mut self, name: &str, schema: Value) {
        match self.named.get(name) {
            Some(known) => assert_eq!(*known, schema, "two schemas are called {name}"),
            None => drop(self.named.insert(name.to_owned(), schema)),
        }
    }
}
