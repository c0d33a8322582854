//! Words, strings, numbers, paths and calls: the operands that terms are made of.

use super::ast::{Arg, Comparable, Form, Value};
use super::lexer::Kind;
use super::parser::{Parser, TERM, expected};
use crate::error::Result;

/// Whether a word is a keyword, spelled in exactly this case.
pub(crate) fn is_keyword(word: &str) -> bool {
    matches!(word, "AND" | "OR" | "NOT")
}

/// What to tell someone who wrote `NOT(a)`.
pub(crate) fn missing_space(keyword: &str) -> String {
    format!("write a space after {keyword} to make it an operator instead of the name of a function")
}

impl Parser<'_> {
    /// ```text
    /// comparable = function | member
    /// member     = value { "." field }
    /// function   = name { "." name } "(" [ arg { "," arg } ] ")"
    /// value = WORD | STRING     field = value | keyword     name = WORD | keyword
    /// ```
    pub(super) fn comparable(&mut self) -> Result<Comparable> {
        let position = self.token.position;
        let keyword = self.keyword_as_name()?;
        let mut base = self.value()?;
        let mut fields = Vec::new();
        while self.token.kind == Kind::Dot && !self.token.space_before {
            let field = self.field()?;
            match joined_number(&base, &field) {
                Some(number) if fields.is_empty() => base = number,
                _ => fields.push(field),
            }
        }
        let has_name = !base.quoted && fields.iter().all(|field| !field.quoted);
        if has_name && self.token.kind == Kind::Open && !self.token.space_before {
            return Ok(Comparable { position, form: self.call(&base, &fields)? });
        }
        if let Some(keyword) = keyword {
            return Err(expected(position, TERM, Some(format!("`{keyword}`"))));
        }
        let form = if fields.is_empty() { Form::Value(base) } else { Form::Member { base, fields } };
        Ok(Comparable { position, form })
    }

    /// A keyword may begin a comparable only as the name of a function.
    fn keyword_as_name(&self) -> Result<Option<String>> {
        let Kind::Word(word) = &self.token.kind else {
            return Ok(None);
        };
        if !is_keyword(word) {
            return Ok(None);
        }
        if matches!(self.token.next, Some('(' | '.')) {
            return Ok(Some(word.clone()));
        }
        if self.token.is_last_or_spaced() {
            return Err(self.unexpected(TERM));
        }
        let behind = self.token.position + word.len();
        Err(expected(behind, &format!("whitespace after {word}"), None))
    }

    /// `"." ( value | keyword )`, all without whitespace.
    fn field(&mut self) -> Result<Value> {
        let dot = self.advance()?;
        if self.token.space_before || !matches!(self.token.kind, Kind::Word(_) | Kind::String(_)) {
            return Err(expected(dot.position + 1, "a field name right after the dot", None));
        }
        self.value()
    }

    /// The current word or string, whatever it says.
    fn value(&mut self) -> Result<Value> {
        match self.advance()?.kind {
            Kind::Word(word) => Ok(Value::word(&word)),
            Kind::String(text) => Ok(Value::string(text)),
            _ => Err(self.unexpected("a word or a quoted string")),
        }
    }

    /// `"(" [ arg { "," arg } ] ")"`, behind the name.
    fn call(&mut self, base: &Value, fields: &[Value]) -> Result<Form> {
        let parts: Vec<String> =
            std::iter::once(base).chain(fields).map(|part| part.text.to_plain()).collect();
        let name = parts.join(".");
        // `NOT(a b)` fails on `b`, but what its author needs to hear is that NOT wants a space.
        let args = self
            .call_args()
            .map_err(|error| if is_keyword(&name) { error.advise(&missing_space(&name)) } else { error })?;
        Ok(Form::Call { name, args })
    }

    fn call_args(&mut self) -> Result<Vec<Arg>> {
        let mut args = Vec::new();
        self.enter()?;
        if self.token.kind == Kind::Close {
            self.leave()?;
            return Ok(args);
        }
        loop {
            args.push(self.arg()?);
            match self.token.kind {
                Kind::Comma => self.advance()?,
                Kind::Close => break,
                _ => return Err(self.unexpected("`,` or `)`")),
            };
        }
        self.leave()?;
        Ok(args)
    }
}

/// `2` and `5s` around a dot are one literal: digits before it, with or without a minus, and a digit right behind it.
fn joined_number(base: &Value, field: &Value) -> Option<Value> {
    let whole = base.text.as_literal().filter(|_| !base.quoted)?;
    let fraction = field.text.to_plain();
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let joins = is_whole && !field.quoted && fraction.starts_with(|c: char| c.is_ascii_digit());
    joins.then(|| Value::word(&format!("{whole}.{fraction}")))
}
