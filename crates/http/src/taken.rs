//! Which parameters a route takes in its query, as its operations tell.

use std::sync::Arc;

use crate::openapi::Operation;

/// What the operations of a route take in the query: an extension of every request. Most dialects ignore whatever else
/// comes; one that refuses it asks here, so that what is served and what the document tells are one list.
#[derive(Clone, Debug)]
pub struct Taken(Arc<[Names]>);

#[derive(Debug)]
struct Names {
    custom: &'static str,
    /// `None` where any other name is ignored.
    known: Option<Vec<&'static str>>,
}

impl Taken {
    /// What these operations take: each with the name of its custom method, which is empty if it is none.
    pub(crate) fn by(operations: &[(&'static str, Operation)]) -> Self {
        let names = |(custom, operation): &(&'static str, Operation)| {
            let known = (!operation.ignores_unknown).then(|| operation.query_parameters().collect());
            Names { custom, known }
        };
        Self(operations.iter().map(names).collect())
    }

    /// The names that are known to the operation whose path ends in this segment, behind whose colon a custom method may
    /// be named. `None` where other names are ignored, or no operation is called so.
    pub fn known_at(&self, last_segment: &str) -> Option<&[&'static str]> {
        let called = last_segment.rsplit_once(':').map(|(_, method)| method);
        let is_meant = |names: &&Names| names.custom.is_empty() || called == Some(names.custom);
        self.0.iter().find(is_meant)?.known.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Taken;
    use crate::openapi::{Operation, Parameter};

    fn taking(name: &'static str, query: &'static str) -> Operation {
        let header = Parameter::header("If-Match", "", json!({}));
        Operation::new(name, "").takes([Parameter::query(query, "", json!({})), header])
    }

    #[test]
    fn each_operation_of_a_route_takes_its_own() {
        let one = Taken::by(&[("", taking("get", "fields"))]);
        assert_eq!(one.known_at("a:b"), Some(["fields"].as_slice()));
        let methods = Taken::by(&[
            ("undelete", taking("undelete", "etag")),
            ("count", taking("count", "filter").ignores_unknown_parameters()),
        ]);
        assert_eq!(methods.known_at("x:y:undelete"), Some(["etag"].as_slice()));
        assert_eq!(methods.known_at("x:count"), None);
        assert_eq!(methods.known_at("undelete"), None);
    }
}
