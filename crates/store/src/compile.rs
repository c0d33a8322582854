//! Filters, orders and places compiled to SQL: the one room that builds statements from data. Texts of clients travel as
//! parameters only; names of columns come from the exhaustive matches of the resources.

use std::borrow::Cow;

use tenantry_core::error::{Error, Result};
use tenantry_core::filter::{Comparison, Filter, Test};
use tenantry_core::page::{Cursor, KeyValue, Order, PageRequest, Start};
use uuid::Uuid;

use crate::driver::Value;

/// Adds a parameter and gives its name.
pub(crate) fn bind<'a>(params: &mut Vec<Value<'a>>, value: Value<'a>) -> String {
    params.push(value);
    format!("${}", params.len())
}

/// The names of parameters for a list of ids; `NULL` for an empty one, which nothing equals.
pub(crate) fn id_list(params: &mut Vec<Value<'_>>, ids: impl Iterator<Item = Uuid>) -> String {
    let names: Vec<String> = ids.map(|id| bind(params, Value::Id(id))).collect();
    if names.is_empty() { "NULL".to_owned() } else { names.join(", ") }
}

/// The names of parameters for a list of texts, one at least.
pub(crate) fn text_list<'a>(params: &mut Vec<Value<'a>>, texts: &[&'a str]) -> String {
    let names: Vec<String> = texts.iter().map(|text| bind(params, (*text).into())).collect();
    names.join(", ")
}

/// What a text that is `stem` and up to four characters more is less than, and how long it is at most. The stem ends with
/// a hyphen, which a dot follows.
pub(crate) fn behind_stem(stem: &str) -> (String, i64) {
    let longest = i64::try_from(stem.len() + 4).unwrap_or(i64::MAX);
    (format!("{}.", stem.trim_end_matches('-')), longest)
}

/// How a resource's fields become conditions.
pub(crate) trait Fields<F> {
    /// The condition that the field fulfils the test.
    fn condition(&self, field: F, test: &Test, params: &mut Vec<Value<'_>>) -> Result<String>;
}

/// The condition of a whole filter.
pub(crate) fn condition<F: Copy>(
    fields: &impl Fields<F>,
    filter: &Filter<F>,
    params: &mut Vec<Value<'_>>,
) -> Result<String> {
    let mut joined = |filters: &[Filter<F>], word: &str, empty: &str| -> Result<String> {
        let parts = filters.iter().map(|part| condition(fields, part, params)).collect::<Result<Vec<_>>>()?;
        Ok(if parts.is_empty() { empty.to_owned() } else { format!("({})", parts.join(word)) })
    };
    match filter {
        Filter::All => Ok("1 = 1".to_owned()),
        Filter::And(filters) => joined(filters, " AND ", "1 = 1"),
        Filter::Or(filters) => joined(filters, " OR ", "1 = 0"),
        Filter::Not(filter) => Ok(format!("NOT ({})", condition(fields, filter, params)?)),
        Filter::Is(field, test) => fields.condition(*field, test, params),
    }
}

/// The test of a text, which has a folded column beside it. Neither column may be null.
pub(crate) fn text_test(
    column: &str,
    folded: &str,
    test: &Test,
    params: &mut Vec<Value<'_>>,
) -> Result<String> {
    Ok(match test {
        Test::Text(comparison, wanted) => {
            format!("{column} {} {}", sign(*comparison), bind(params, wanted.clone().into()))
        }
        Test::Like(pieces) => like(column, pieces, params),
        Test::Contains(part) => {
            like(folded, &[String::new(), tenantry_core::text::fold(part), String::new()], params)
        }
        Test::Folded(wanted) => {
            format!("{folded} = {}", bind(params, tenantry_core::text::fold(wanted).into()))
        }
        Test::Present => format!("{column} <> ''"),
        Test::Int(..) | Test::Id(_) => return Err(unfit(column)),
    })
}

/// No text is longer, in bytes. SQLite gives up on patterns beyond 50,000, which this keeps them from.
const LONGEST: usize = 4 * tenantry_core::text::DESCRIPTION_MAX;

fn like(column: &str, pieces: &[String], params: &mut Vec<Value<'_>>) -> String {
    if pieces.iter().map(String::len).sum::<usize>() > LONGEST {
        return "1 = 0".to_owned();
    }
    let last = pieces.len().saturating_sub(1);
    let told =
        pieces.iter().enumerate().filter(|(place, piece)| [0, last].contains(place) || !piece.is_empty());
    let pattern = told.map(|(_, piece)| escaped(piece)).collect::<Vec<_>>().join("%");
    format!("{column} LIKE {} ESCAPE '\\'", bind(params, pattern.into()))
}

/// The test of a number or point in time.
pub(crate) fn int_test(column: &str, test: &Test, params: &mut Vec<Value<'_>>) -> Result<String> {
    match test {
        Test::Int(comparison, value) => {
            Ok(format!("{column} {} {}", sign(*comparison), bind(params, (*value).into())))
        }
        Test::Present => Ok(format!("{column} IS NOT NULL")),
        Test::Text(..) | Test::Like(_) | Test::Contains(_) | Test::Folded(_) | Test::Id(_) => {
            Err(unfit(column))
        }
    }
}

/// The same of a number or point in time that may be missing, which passes no test.
pub(crate) fn opt_int_test(column: &str, test: &Test, params: &mut Vec<Value<'_>>) -> Result<String> {
    // Said apart, so that the opposite of the test is not unknown but true.
    Ok(format!("({column} IS NOT NULL AND {})", int_test(column, test, params)?))
}

/// The test of an id.
pub(crate) fn id_test(column: &str, test: &Test, params: &mut Vec<Value<'_>>) -> Result<String> {
    match test {
        Test::Id(id) => Ok(format!("{column} = {}", bind(params, Value::Id(*id)))),
        _ => Err(unfit(column)),
    }
}

/// A codec made a test that the field cannot answer: a fault of ours.
pub(crate) fn unfit(column: &str) -> Error {
    Error::internal(format!("the test does not fit {column}"))
}

const fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// `ORDER BY`, the place of the page's first row, and how many rows: one more than the page holds.
pub(crate) struct Paging {
    /// A condition that holds for the rows behind the start.
    pub(crate) behind: String,
    /// `ORDER BY ... LIMIT ... OFFSET ...`
    pub(crate) tail: String,
}

/// The column by which a field sorts. An index holds each column in one direction, so a field whose small end is the
/// column's large one (the default workspace comes first) says so here instead of sorting by an expression.
pub(crate) struct Column {
    name: Cow<'static, str>,
    reversed: bool,
}

impl Column {
    /// The field sorts as this column does.
    pub(crate) fn along(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), reversed: false }
    }

    /// The field sorts against this column.
    pub(crate) fn against(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), reversed: true }
    }
}

/// Compiles a page request over columns; `id` is the column that breaks ties, ascending. A field without a column
/// cannot sort, and a codec that lets it through is at fault.
pub(crate) fn paging<F: Copy>(
    page: &PageRequest<F>,
    column: impl Fn(F) -> Option<Column>,
    id: &str,
    params: &mut Vec<Value<'_>>,
) -> Result<Paging> {
    let sorting = |by: &Order<F>| {
        let column = column(by.field).ok_or_else(|| unfit("an order"))?;
        Ok((column.name, by.descending != column.reversed))
    };
    let columns = page.order.iter().map(sorting).collect::<Result<Vec<(Cow<'static, str>, bool)>>>()?;
    let (from, skip) = match &page.start {
        Start::Beginning => (None, 0),
        Start::After(cursor) => (Some(cursor), 0),
        Start::Skip { from, rows } => (from.as_ref(), *rows),
    };
    let behind = match from {
        Some(cursor) => behind(&columns, id, cursor, &page.order, params)?,
        None => "1 = 1".to_owned(),
    };
    let mut keys: Vec<String> = columns
        .iter()
        .map(|(column, descending)| format!("{column}{}", if *descending { " DESC" } else { "" }))
        .collect();
    keys.push(id.to_owned());
    let limit = bind(params, i64::try_from(page.limit.saturating_add(1)).unwrap_or(i64::MAX).into());
    let mut tail = format!(" ORDER BY {} LIMIT {limit}", keys.join(", "));
    if skip > 0 {
        let skip = bind(params, i64::try_from(skip).unwrap_or(i64::MAX).into());
        tail = format!("{tail} OFFSET {skip}");
    }
    Ok(Paging { behind, tail })
}

/// `(a > x OR (a = x AND (b < y OR (b = y AND id > z))))`, led by `a >= x` so that an index on `a` can start there.
fn behind<F>(
    columns: &[(Cow<'static, str>, bool)],
    id: &str,
    cursor: &Cursor,
    order: &[Order<F>],
    params: &mut Vec<Value<'_>>,
) -> Result<String> {
    if cursor.keys.len() != order.len() || columns.is_empty() {
        return Err(Error::internal("the place is of another order"));
    }
    let mut condition = format!("{id} > {}", bind(params, Value::Id(cursor.id)));
    let mut lead = String::new();
    for ((column, descending), value) in columns.iter().zip(&cursor.keys).rev() {
        let name = bind(
            params,
            match value {
                KeyValue::Int(value) => (*value).into(),
                KeyValue::Text(text) => text.clone().into(),
            },
        );
        let sign = if *descending { "<" } else { ">" };
        condition = format!("({column} {sign} {name} OR ({column} = {name} AND {condition}))");
        lead = format!("{column} {sign}= {name}");
    }
    Ok(format!("{lead} AND {condition}"))
}
