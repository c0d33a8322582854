//! A dialect in the document: its name, its credentials, its paths' parameters, and its way to refuse.

use serde_json::{Map, Value, json};

use super::{Described, Framing, Parameter};
use crate::Routes;

/// One dialect of the document.
pub struct Api {
    pub(super) tag: &'static str,
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) framing: Framing,
    pub(super) credentials: Map<String, Value>,
    pub(super) path_parameters: Vec<Parameter>,
    pub(super) operations: Vec<Described>,
}

impl Api {
    /// A dialect with all its routes. `tag` is what its operations and schemas are told apart by.
    pub fn new(tag: &'static str, title: &'static str, framing: Framing, routes: Routes) -> Self {
        Self {
            tag,
            title,
            about: "",
            framing,
            credentials: Map::new(),
            path_parameters: Vec::new(),
            operations: routes.into_operations(),
        }
    }

    /// What its readers should know of it as a whole, in Markdown.
    pub fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    /// A way to show a credential; any one of them will do.
    pub fn credential(mut self, name: &str, scheme: Value) -> Self {
        self.credentials.insert(format!("{}_{name}", self.tag), scheme);
        self
    }

    /// A parameter of its paths.
    pub fn path(mut self, name: &'static str, about: &'static str) -> Self {
        self.path_parameters.push(Parameter::path(name, about, json!({"type": "string", "minLength": 1})));
        self
    }

    /// The parameters of a path.
    ///
    /// # Panics
    /// When one was not told of. Routes are constants, so the first start of the program tells.
    pub(super) fn parameters_of(&self, path: &str) -> Vec<&Parameter> {
        let names = path.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
        let find = |name: &str| self.path_parameters.iter().find(|known| known.name == name);
        names
            .map(|(name, _)| find(name).unwrap_or_else(|| panic!("{path}: nobody says what {name} is")))
            .collect()
    }
}
