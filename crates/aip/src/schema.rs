//! What a list allows in its filter: the names of its fields and their types.

use crate::fold::simple_fold;

/// The fields of one list. Made once, as a constant:
///
/// ```
/// use tenantry_aip::{Field, FieldType, Schema};
///
/// const BOOKS: Schema = Schema::new(
///     &[Field::new("title", FieldType::Text), Field::new("pages", FieldType::Integer)],
///     &["title"],
/// );
/// assert!(BOOKS.read(r#"title = "The *" AND pages < 300"#).is_ok());
/// assert!(BOOKS.read("colour = blue").is_err());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    fields: &'static [Field],
    searched: &'static [&'static str],
}

/// A field that a filter may name.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The path as written in a filter; dots lead into members.
    pub path: &'static str,
    /// What may be asked of it.
    pub kind: FieldType,
}

/// The type of a field decides its operators and its literals.
#[derive(Clone, Copy, Debug)]
pub enum FieldType {
    /// Text: `=` and `!=` with wildcards, the four orders by code point, `:` for a part with case ignored.
    Text,
    /// Names of which a row may bear several: only `=` and `!=`, with wildcards, case ignored.
    Keyword,
    /// Not a field of its own: `:` looks into the fields that bare literals look into.
    Search,
    /// `true` or `false`: only `=` and `!=`.
    Bool,
    /// One of a list of names: only `=` and `!=`.
    Enum(EnumType),
    /// A 64-bit integer.
    Integer,
    /// A 64-bit float.
    Float,
    /// Decimal seconds with an `s` behind them, such as `1.5s`.
    Duration,
    /// An RFC 3339 time.
    Timestamp,
}

/// The names of an enumeration.
#[derive(Clone, Copy, Debug)]
pub struct EnumType {
    /// The names with their other spellings.
    pub names: &'static [EnumName],
    /// Whether names and aliases are also recognised in another case.
    pub ignore_case: bool,
}

/// One name of an enumeration.
#[derive(Clone, Copy, Debug)]
pub struct EnumName {
    /// The name that a checked filter speaks of.
    pub name: &'static str,
    /// Other spellings of it.
    pub aliases: &'static [&'static str],
}

impl Field {
    /// A field by its path.
    pub const fn new(path: &'static str, kind: FieldType) -> Self {
        Self { path, kind }
    }
}

impl FieldType {
    /// The type in a word, as messages and documents call it.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Keyword => "keyword",
            Self::Search => "search",
            Self::Bool => "boolean",
            Self::Enum(_) => "enumeration",
            Self::Integer => "integer",
            Self::Float => "number",
            Self::Duration => "duration",
            Self::Timestamp => "timestamp",
        }
    }

    /// The operators that it offers, likewise.
    pub const fn operators(self) -> &'static str {
        match self {
            Self::Text => "`=`, `!=`, `<`, `<=`, `>`, `>=` or `:`",
            Self::Search => "`:`",
            Self::Keyword | Self::Bool | Self::Enum(_) => "`=` or `!=`",
            Self::Integer | Self::Float | Self::Duration | Self::Timestamp => {
                "`=`, `!=`, `<`, `<=`, `>`, `>=` or `:*`"
            }
        }
    }
}

impl EnumType {
    /// The name that a literal means.
    pub(crate) fn find(self, literal: &str) -> Option<&'static str> {
        let same = |spelling: &str| {
            spelling == literal || (self.ignore_case && simple_fold(spelling) == simple_fold(literal))
        };
        let means = |name: &&EnumName| same(name.name) || name.aliases.iter().any(|alias| same(alias));
        self.names.iter().find(means).map(|name| name.name)
    }
}

impl Schema {
    /// A list with these fields, whose bare literals look into the text fields named by `searched`.
    pub const fn new(fields: &'static [Field], searched: &'static [&'static str]) -> Self {
        Self { fields, searched }
    }

    /// The fields in the order given.
    pub fn fields(&self) -> &'static [Field] {
        self.fields
    }

    /// The fields that a bare literal looks into.
    pub fn searched(&self) -> &'static [&'static str] {
        self.searched
    }

    pub(crate) fn find(&self, path: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.path == path)
    }

    /// The paths as an error message lists them.
    pub(crate) fn describe(&self) -> String {
        let paths: Vec<&str> = self.fields.iter().map(|field| field.path).collect();
        paths.join(", ")
    }
}
