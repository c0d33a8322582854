//! Filters (AIP-160): what the library has checked against a schema, in the words of the core.

use tenantry_aip::check::{Checked, Comparison as Compared, Equality, Order, Predicate, Test as Wanted};
use tenantry_aip::filter::Filter as Expression;
use tenantry_aip::{Field, FieldType, Schema};
use tenantry_core::filter::{Comparison, Filter, Test};
use tenantry_core::{Error, Result};
use tenantry_http::Query;

use crate::Aip;
use crate::error::refused;

/// Of what has a `title` and nothing else to filter by. A bare word is part of the title.
pub(crate) static TITLED: Schema = Schema::new(&[Field::new("title", FieldType::Text)], &["title"]);

/// Reads the parameter `filter` against a schema; `condition` knows its fields. Gives the expression too, to which page
/// tokens are bound.
pub(crate) fn read<F>(
    query: &Query<Aip>,
    schema: &Schema,
    condition: impl Fn(&Predicate) -> Result<Filter<F>>,
) -> Result<(Expression, Filter<F>)> {
    let expression =
        Expression::parse(query.one("filter")?.unwrap_or_default()).map_err(|error| refused(&error))?;
    let checked = schema.check(&expression).map_err(|error| refused(&error))?;
    let filter = checked.map_or(Ok(Filter::All), |checked| filter(&checked, &condition))?;
    Ok((expression, filter))
}

/// Reads the parameter `filter` of a list of titled resources.
pub(crate) fn titles<F: Copy>(query: &Query<Aip>, title: F) -> Result<(Expression, Filter<F>)> {
    read(query, &TITLED, |Predicate { test, .. }| text(title, test))
}

fn filter<F>(checked: &Checked, condition: &impl Fn(&Predicate) -> Result<Filter<F>>) -> Result<Filter<F>> {
    let all =
        |parts: &[Checked]| parts.iter().map(|part| filter(part, condition)).collect::<Result<Vec<_>>>();
    Ok(match checked {
        Checked::And(parts) => Filter::And(all(parts)?),
        Checked::Or(parts) => Filter::Or(all(parts)?),
        Checked::Not(part) => filter(part, condition)?.not(),
        Checked::Test(predicate) => condition(predicate)?,
    })
}

/// The test of a text.
pub(crate) fn text<F>(field: F, wanted: &Wanted) -> Result<Filter<F>> {
    Ok(match wanted {
        Wanted::Text(equality, pattern) => {
            let test = match pattern.as_literal() {
                Some(literal) => Test::Text(Comparison::Equal, literal.to_owned()),
                None => Test::Like(pattern.pieces().to_vec()),
            };
            negated(*equality, Filter::Is(field, test))
        }
        Wanted::TextOrder(order, bound) => Filter::Is(field, Test::Text(comparison(*order), bound.clone())),
        Wanted::Contains(part) => Filter::Is(field, Test::Contains(part.clone())),
        Wanted::Present => Filter::Is(field, Test::Present),
        _ => return Err(Error::internal("the schema promised a text")),
    })
}

/// The test of a point in time. One that is not set passes none, `!=` included.
pub(crate) fn time<F: Copy>(field: F, wanted: &Wanted) -> Result<Filter<F>> {
    let is = |comparison, at: &i64| Filter::Is(field, Test::Int(comparison, *at));
    let is_set = Filter::Is(field, Test::Present);
    Ok(match wanted {
        Wanted::Present => is_set,
        Wanted::Timestamp(Compared::Equality(equality), at) => {
            is_set.and(negated(*equality, is(Comparison::Equal, at)))
        }
        Wanted::Timestamp(Compared::Order(order), at) => is(comparison(*order), at),
        _ => return Err(Error::internal("the schema promised a time")),
    })
}

/// The filter, or its opposite for `!=`.
pub(crate) fn negated<F>(equality: Equality, filter: Filter<F>) -> Filter<F> {
    match equality {
        Equality::Equal => filter,
        Equality::NotEqual => filter.not(),
    }
}

const fn comparison(order: Order) -> Comparison {
    match order {
        Order::Less => Comparison::Less,
        Order::LessOrEqual => Comparison::LessOrEqual,
        Order::Greater => Comparison::Greater,
        Order::GreaterOrEqual => Comparison::GreaterOrEqual,
    }
}
