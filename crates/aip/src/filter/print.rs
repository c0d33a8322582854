//! A filter as text again: the shortest spelling that parses to the same tree.

use std::fmt::{self, Formatter, Write};

use super::ast::{Arg, Comparable, Expr, Form, Value};

/// How tightly an expression holds together; a part that holds less than its place asks for needs parentheses.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Strength {
    And,
    Seq,
    Or,
    Not,
    Simple,
}

fn strength(expr: &Expr) -> Strength {
    match expr {
        Expr::And(_) => Strength::And,
        Expr::Seq(_) => Strength::Seq,
        Expr::Or(_) => Strength::Or,
        Expr::Not(_) => Strength::Not,
        Expr::Compare(_) | Expr::Bare(_) => Strength::Simple,
    }
}

pub(super) fn expr(f: &mut Formatter<'_>, expr: &Expr) -> fmt::Result {
    match expr {
        Expr::And(parts) => list(f, parts, " AND ", Strength::Seq),
        Expr::Seq(parts) => list(f, parts, " ", Strength::Or),
        Expr::Or(parts) => list(f, parts, " OR ", Strength::Not),
        Expr::Not(inner) => {
            f.write_char('-')?;
            part(f, inner, Strength::Simple)
        }
        Expr::Compare(comparison) => {
            comparable(f, &comparison.left)?;
            f.write_str(comparison.op.as_str())?;
            arg(f, &comparison.right)
        }
        Expr::Bare(bare) => comparable(f, bare),
    }
}

fn list(f: &mut Formatter<'_>, parts: &[Expr], between: &str, at_least: Strength) -> fmt::Result {
    for (index, inner) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        part(f, inner, at_least)?;
    }
    Ok(())
}

fn part(f: &mut Formatter<'_>, inner: &Expr, at_least: Strength) -> fmt::Result {
    if strength(inner) < at_least { group(f, inner) } else { expr(f, inner) }
}

fn group(f: &mut Formatter<'_>, inner: &Expr) -> fmt::Result {
    f.write_char('(')?;
    expr(f, inner)?;
    f.write_char(')')
}

fn arg(f: &mut Formatter<'_>, arg: &Arg) -> fmt::Result {
    match arg {
        Arg::Comparable(inner) => comparable(f, inner),
        Arg::Group { expr, .. } => group(f, expr),
    }
}

fn comparable(f: &mut Formatter<'_>, comparable: &Comparable) -> fmt::Result {
    match &comparable.form {
        Form::Value(inner) => value(f, inner),
        Form::Member { base, fields } => {
            value(f, base)?;
            for field in fields {
                f.write_char('.')?;
                value(f, field)?;
            }
            Ok(())
        }
        Form::Call { name, args } => {
            write!(f, "{name}(")?;
            for (index, inner) in args.iter().enumerate() {
                if index > 0 {
                    f.write_char(',')?;
                }
                arg(f, inner)?;
            }
            f.write_char(')')
        }
    }
}

fn value(f: &mut Formatter<'_>, value: &Value) -> fmt::Result {
    if !value.quoted {
        return f.write_str(&value.text.to_plain());
    }
    let quote = cheaper_quote(value.text.pieces());
    f.write_char(quote)?;
    for (index, piece) in value.text.pieces().iter().enumerate() {
        if index > 0 {
            f.write_char('*')?;
        }
        for c in piece.chars() {
            if c == quote || c == '\\' || c == '*' {
                f.write_char('\\')?;
            }
            f.write_char(c)?;
        }
    }
    f.write_char(quote)
}

/// The quote that needs fewer escapes inside, so that printing never makes a filter longer.
fn cheaper_quote(pieces: &[String]) -> char {
    let count = |quote| pieces.iter().map(|piece| piece.matches(quote).count()).sum::<usize>();
    if count('"') > count('\'') { '\'' } else { '"' }
}
