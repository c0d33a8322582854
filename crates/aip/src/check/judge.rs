//! The walk over the tree: fields, functions and bare literals.

use super::operand::Operand;
use super::{Checked, Predicate, Test};
use crate::error::{Error, Result, excerpt};
use crate::filter::{Arg, Comparable, Comparison, Expr, Form, Value, is_keyword, missing_space};
use crate::pattern::Pattern;
use crate::schema::{Field, FieldType, Schema};

pub(super) fn expr(schema: &Schema, expr: &Expr) -> Result<Checked> {
    match expr {
        Expr::And(parts) | Expr::Seq(parts) => Ok(Checked::And(all(schema, parts)?)),
        Expr::Or(parts) => Ok(Checked::Or(all(schema, parts)?)),
        Expr::Not(inner) => Ok(Checked::Not(Box::new(self::expr(schema, inner)?))),
        Expr::Compare(written) => compare(schema, written),
        Expr::Bare(bare) => {
            let text = plain_text(&text_of(bare)?, bare.position)?;
            search(schema, bare.position, &Test::Contains(text))
        }
    }
}

fn all(schema: &Schema, parts: &[Expr]) -> Result<Vec<Checked>> {
    parts.iter().map(|part| expr(schema, part)).collect()
}

fn compare(schema: &Schema, written: &Comparison) -> Result<Checked> {
    let field = field(schema, &written.left)?;
    let right = match &written.right {
        Arg::Comparable(comparable) => comparable,
        Arg::Group { position, .. } => {
            let problem = "expected a literal, as no field takes an expression in parentheses";
            return Err(Error::filter(*position, problem));
        }
    };
    let operand = Operand {
        field,
        op: written.op,
        op_position: written.op_position,
        text: text_of(right)?,
        is_word: matches!(&right.form, Form::Value(value) if !value.quoted),
        position: right.position,
    };
    match field.kind {
        FieldType::Search => search(schema, written.left.position, &operand.test()?),
        _ => operand.check(),
    }
}

/// The field that stands left of a comparator.
fn field(schema: &Schema, left: &Comparable) -> Result<&'static Field> {
    let (base, members): (&Value, &[Value]) = match &left.form {
        Form::Value(value) => (value, &[]),
        Form::Member { base, fields } => (base, fields),
        Form::Call { name, .. } => return Err(unknown_function(name, left.position)),
    };
    if base.quoted || members.iter().any(|member| member.quoted) {
        return Err(Error::filter(left.position, "expected the name of a field without quotes"));
    }
    let parts: Vec<String> = std::iter::once(base).chain(members).map(|part| part.text.to_plain()).collect();
    let path = parts.join(".");
    if let Some(field) = schema.find(&path) {
        return Ok(field);
    }
    let found = excerpt(&path);
    let scalar = (1..parts.len()).rev().find_map(|length| schema.find(&parts[..length].join(".")));
    let (problem, expected) = match scalar {
        Some(field) => (
            format!("expected {} alone, as it has no members, found {found}", field.path),
            field.path.to_owned(),
        ),
        None => (format!("unknown field {found}, expected one of: {}", schema.describe()), schema.describe()),
    };
    Err(Error::filter(left.position, &problem).with("field", found).with("expected", expected))
}

/// The same test of every searched field, of which one must pass.
fn search(schema: &Schema, position: usize, test: &Test) -> Result<Checked> {
    let one = |field: &&'static str| Checked::Test(Predicate { field, test: test.clone() });
    match schema.searched() {
        [] => {
            let problem = format!("expected a comparison with one of: {}", schema.describe());
            Err(Error::filter(position, &problem).with("expected", schema.describe()))
        }
        [only] => Ok(one(only)),
        several => Ok(Checked::Or(several.iter().map(one).collect())),
    }
}

/// The text of a literal; `com.google` is one text.
fn text_of(literal: &Comparable) -> Result<Pattern> {
    match &literal.form {
        Form::Value(value) => Ok(value.text.clone()),
        Form::Member { base, fields } => {
            let mut text = base.text.clone();
            for field in fields {
                text.append_dotted(&field.text);
            }
            Ok(text)
        }
        Form::Call { name, .. } => Err(unknown_function(name, literal.position)),
    }
}

/// The text of a literal for an operator without wildcards.
pub(super) fn plain_text(text: &Pattern, position: usize) -> Result<String> {
    let plain = text.to_plain();
    // Databases differ over U+0000 in text, and PostgreSQL takes none; no stored text can hold it.
    if plain.contains('\0') {
        return Err(Error::filter(position, "expected text without the character U+0000"));
    }
    Ok(plain)
}

fn unknown_function(name: &str, position: usize) -> Error {
    let name = excerpt(name);
    let error = Error::filter(position, &format!("unknown function {name}, expected a field or a literal"));
    let error = error.with("function", &*name);
    if is_keyword(&name) { error.advise(&missing_space(&name)) } else { error }
}
