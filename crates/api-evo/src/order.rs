//! The two ways to say an order: `order_by=asc:user_role,desc:name` and the older `sort=user_role,-name`.

use tenantry_core::page::Order;
use tenantry_core::workspace::WorkspaceField;
use tenantry_core::{Error, Result};
use tenantry_http::Query;

use crate::Evo;

/// What a list can be ordered by.
pub(crate) const NAMES: [(&str, WorkspaceField); 4] = [
    ("name", WorkspaceField::Name),
    ("created_at", WorkspaceField::CreatedAt),
    ("updated_at", WorkspaceField::UpdatedAt),
    ("user_role", WorkspaceField::OwnRole),
];

/// Whether the parameter says an order.
pub(crate) fn knows(parameter: &str) -> bool {
    matches!(parameter, "order_by" | "sort")
}

/// Reads the order of a list: `order_by` counts if both are given, and then `sort` is not even read. By name without.
/// Roles rank as the vendor's text says: a viewer below an editor below an owner.
pub(crate) fn order(query: &Query<Evo>) -> Result<Vec<Order<WorkspaceField>>> {
    let (parameter, text) = match query.one("order_by")? {
        Some(text) => ("order_by", text),
        None => ("sort", query.one("sort")?.unwrap_or_default()),
    };
    let mut order: Vec<Order<WorkspaceField>> = Vec::new();
    for item in text.split(',').map(str::trim).filter(|_| !text.is_empty()) {
        let (descending, name) = match parameter {
            "sort" => item.strip_prefix('-').map_or((false, item), |name| (true, name)),
            _ => match item.split_once(':') {
                Some(("asc", name)) => (false, name),
                Some(("desc", name)) => (true, name),
                _ => (false, item),
            },
        };
        let field = field(name).ok_or_else(|| unknown(parameter, item))?;
        // A key that comes again breaks no ties.
        if !order.iter().any(|known| known.field == field) {
            order.push(Order { field, descending });
        }
    }
    if order.is_empty() {
        order.push(Order::ascending(WorkspaceField::Name));
    }
    Ok(order)
}

fn field(name: &str) -> Option<WorkspaceField> {
    NAMES.into_iter().find(|(known, _)| *known == name).map(|(_, field)| field)
}

fn unknown(parameter: &'static str, item: &str) -> Error {
    let forms = if parameter == "sort" { "with - for descending" } else { "with asc: or desc:" };
    let shown: String = item.chars().take(40).collect();
    Error::invalid(
        parameter,
        "order",
        format!("expected name, created_at, updated_at or user_role, {forms}; got {shown:?}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_ways() {
        use WorkspaceField::{CreatedAt, Name, OwnRole, UpdatedAt};
        let cases: [(&str, &[(WorkspaceField, bool)]); 11] = [
            ("", &[(Name, false)]),
            ("order_by=", &[(Name, false)]),
            ("sort=", &[(Name, false)]),
            ("order_by=name", &[(Name, false)]),
            ("order_by=asc:name", &[(Name, false)]),
            ("order_by=asc:user_role,desc:name", &[(OwnRole, false), (Name, true)]),
            ("order_by=desc:updated_at,%20created_at", &[(UpdatedAt, true), (CreatedAt, false)]),
            ("sort=-created_at,name", &[(CreatedAt, true), (Name, false)]),
            ("sort=-user_role", &[(OwnRole, true)]),
            ("order_by=desc:name,asc:name", &[(Name, true)]),
            ("sort=nonsense&order_by=desc:name", &[(Name, true)]),
        ];
        for (text, expected) in cases {
            let got = order(&Query::parse(text).unwrap()).unwrap();
            let got: Vec<_> = got.iter().map(|by| (by.field, by.descending)).collect();
            assert_eq!(got, expected, "{text}");
        }
    }

    #[test]
    fn names_the_parameter_at_fault() {
        for (text, name) in [
            ("order_by=id", "order_by"),
            ("order_by=-name", "order_by"),
            ("order_by=ASC:name", "order_by"),
            ("order_by=name,,created_at", "order_by"),
            ("order_by=name&order_by=name", "order_by"),
            ("sort=desc:name", "sort"),
            ("sort=--name", "sort"),
            ("sort=name,", "sort"),
        ] {
            let error = order(&Query::parse(text).unwrap()).unwrap_err();
            assert_eq!(error.violations[0].field, name, "{text}");
        }
    }
}
