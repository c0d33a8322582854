//! What resources and bodies are made of: one table for each. Bodies are read by it, `fields` and `update_mask` are held
//! to it, and the document of the API shows it.

use serde_json::{Map, Value, json};
use tenantry_core::permission::Permission;
use tenantry_http::openapi::Schemas;

/// The members of an object of JSON, by their behaviours (AIP-203).
#[derive(Debug)]
pub(crate) struct Message {
    /// What the document calls it.
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [Field],
}

/// One member.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    behavior: Behavior,
    presence: Presence,
    kind: Kind,
    about: &'static str,
}

/// Who gives a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behavior {
    /// The client, when it makes the resource.
    Required,
    /// The client, if it likes.
    Optional,
    /// The client, when it makes the resource; from then on it may be given as it is, and as nothing else.
    Immutable,
    /// The client gives back what it saw last.
    Etag,
    /// The server. What a client gives is ignored.
    Output,
}

/// Whether answers have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    Always,
    /// Where there is one.
    Sometimes,
    /// In the answer to the making of the resource alone.
    Once,
    Never,
}

/// The type of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Text of at most so many characters.
    Text(usize),
    /// Text that the server writes.
    Word,
    /// The name of a resource, or its id.
    Name,
    Email,
    Uuid,
    Time,
    Flag,
    /// A whole number in these bounds.
    Number(u64, u64),
    /// One of these words.
    Choice(fn() -> Vec<String>),
    /// The published name of a permission.
    Permission,
    /// At most so many of a kind; as many as there are with `usize::MAX`.
    List(&'static Kind, usize),
    /// How many there are.
    Count,
    /// A number for each name.
    Counts,
    Message(&'static Message),
}

impl Field {
    const fn new(name: &'static str, behavior: Behavior, kind: Kind, about: &'static str) -> Self {
        Self { name, behavior, presence: Presence::Always, kind, about }
    }

    pub(crate) const fn required(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self::new(name, Behavior::Required, kind, about)
    }

    /// Answers have it where there is one.
    pub(crate) const fn optional(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { presence: Presence::Sometimes, ..Self::new(name, Behavior::Optional, kind, about) }
    }

    pub(crate) const fn immutable(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self::new(name, Behavior::Immutable, kind, about)
    }

    pub(crate) const fn output(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self::new(name, Behavior::Output, kind, about)
    }

    /// The version of the resource (AIP-154).
    pub(crate) const fn etag() -> Self {
        Self::new("etag", Behavior::Etag, Kind::Word, "The version, as it was read; a stale one is refused.")
    }

    pub(crate) const fn always(self) -> Self {
        Self { presence: Presence::Always, ..self }
    }

    pub(crate) const fn sometimes(self) -> Self {
        Self { presence: Presence::Sometimes, ..self }
    }

    /// A secret.
    pub(crate) const fn once(self) -> Self {
        Self { presence: Presence::Once, ..self }
    }

    /// Answers do not repeat it.
    pub(crate) const fn never(self) -> Self {
        Self { presence: Presence::Never, ..self }
    }

    const fn is_shown(&self) -> bool {
        matches!(self.presence, Presence::Always | Presence::Sometimes)
    }
}

impl Message {
    /// Whether a body may have the member.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// The paths that `fields` may name: what every answer may show.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.walk(&|field| field.is_shown())
    }

    /// The paths that `update_mask` may name: what a client may change.
    pub(crate) fn writable(&self) -> Vec<String> {
        self.walk(&|field| matches!(field.behavior, Behavior::Required | Behavior::Optional))
    }

    fn walk(&self, is_wanted: &impl Fn(&Field) -> bool) -> Vec<String> {
        let wanted = self.fields.iter().filter(|field| is_wanted(field));
        let paths = wanted.flat_map(|field| {
            let below = field.kind.message().map(|message| message.walk(is_wanted)).unwrap_or_default();
            let below = below.into_iter().map(|path| format!("{}.{path}", field.name));
            std::iter::once(field.name.to_owned()).chain(below)
        });
        paths.collect()
    }

    /// The schema of answers. No member is required, since `fields` may leave out any of them.
    pub(crate) fn answered(&self, schemas: &mut Schemas) -> Value {
        let schema = self.object(schemas, Field::is_shown, Field::answered);
        schemas.named(&format!("aip.{}", self.name), schema)
    }

    /// The schema of the answer to the making of the resource, which shows what is shown once.
    pub(crate) fn made(&self, schemas: &mut Schemas) -> Value {
        let is_once = |field: &Field| field.presence == Presence::Once;
        if !self.fields.iter().any(is_once) {
            return self.answered(schemas);
        }
        let once = self.object(schemas, is_once, Field::answered);
        json!({"allOf": [self.answered(schemas), once]})
    }

    /// The schema of the answer to its deletion, which is empty where there was nothing to delete.
    pub(crate) fn to_delete(&self, schemas: &mut Schemas) -> Value {
        json!({"anyOf": [self.answered(schemas), {"type": "object", "maxProperties": 0}]})
    }

    /// The schema of the body that makes the resource. What the server writes itself is ignored, so it is not told;
    /// anything else that is not told is refused.
    pub(crate) fn to_make(&self, schemas: &mut Schemas) -> Value {
        let mut schema = self.object(schemas, |field| field.behavior != Behavior::Output, Field::given);
        let required = self.fields.iter().filter(|field| field.behavior == Behavior::Required);
        schema["required"] = required.map(|field| field.name).collect();
        schema["additionalProperties"] = false.into();
        schema
    }

    /// The schema of the body that changes the resource, likewise.
    pub(crate) fn to_change(&self, schemas: &mut Schemas) -> Value {
        let mut schema = self.object(schemas, |field| field.behavior != Behavior::Output, Field::given);
        schema["additionalProperties"] = false.into();
        schema
    }

    fn object(
        &self,
        schemas: &mut Schemas,
        is_wanted: impl Fn(&Field) -> bool,
        schema: impl Fn(&Field, &mut Schemas) -> Value,
    ) -> Value {
        let fields = self.fields.iter().filter(|field| is_wanted(field));
        let properties: Map<String, Value> =
            fields.map(|field| (field.name.to_owned(), schema(field, schemas))).collect();
        json!({"type": "object", "properties": properties})
    }
}

impl Field {
    fn answered(&self, schemas: &mut Schemas) -> Value {
        let message = if self.presence == Presence::Once { Message::made } else { Message::answered };
        let mut schema = self.told(self.kind.schema(schemas, message));
        if self.presence == Presence::Sometimes {
            schema["description"] = format!("{} Absent where there is none.", self.about).into();
        }
        schema
    }

    /// What must be given may not be empty, and what may be absent may be null as well.
    fn given(&self, schemas: &mut Schemas) -> Value {
        let mut schema = self.kind.schema(schemas, Message::to_make);
        match (self.behavior, self.kind) {
            (Behavior::Required, Kind::Text(_) | Kind::Name) => schema["minLength"] = 1.into(),
            (Behavior::Required, Kind::List(..)) => schema["minItems"] = 1.into(),
            (Behavior::Required, _) => {}
            _ => schema = json!({"anyOf": [schema, {"type": "null"}]}),
        }
        self.told(schema)
    }

    fn told(&self, mut schema: Value) -> Value {
        schema["description"] = self.about.into();
        schema
    }
}

impl Kind {
    const fn message(&self) -> Option<&'static Message> {
        match self {
            Self::Message(message) | Self::List(Self::Message(message), ..) => Some(message),
            _ => None,
        }
    }

    /// The schema; `message` makes that of messages in it.
    fn schema(&self, schemas: &mut Schemas, message: fn(&Message, &mut Schemas) -> Value) -> Value {
        match self {
            Self::Text(most) => json!({"type": "string", "maxLength": most}),
            Self::Word | Self::Name => json!({"type": "string"}),
            Self::Email => json!({"type": "string", "format": "email"}),
            Self::Uuid => json!({"type": "string", "format": "uuid"}),
            Self::Time => json!({"type": "string", "format": "date-time"}),
            Self::Flag => json!({"type": "boolean"}),
            Self::Number(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
            Self::Choice(words) => json!({"type": "string", "enum": words()}),
            Self::Permission => {
                let names: Vec<&str> = Permission::ALL.iter().map(|permission| permission.name()).collect();
                schemas.named("aip.Permission", json!({"type": "string", "enum": names}))
            }
            Self::List(kind, usize::MAX) => json!({"type": "array", "items": kind.schema(schemas, message)}),
            Self::List(kind, most) => {
                json!({"type": "array", "items": kind.schema(schemas, message), "maxItems": most})
            }
            Self::Count => json!({"type": "integer", "minimum": 0}),
            Self::Counts => {
                json!({"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}})
            }
            Self::Message(of) => message(of, schemas),
        }
    }
}
