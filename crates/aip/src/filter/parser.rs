//! Tokens to a tree, by recursive descent with one token of lookahead.
//!
//! Each function carries its rule of the grammar. Recursion happens only through parentheses, whose depth is bounded,
//! so no input can exhaust the stack. What stands inside a restriction is read in `operand.rs`.

use super::ast::{Arg, Comparison, Expr, Join};
use super::lexer::{Kind, Lexer, Token};
use super::{MAX_COMPARISONS, MAX_DEPTH};
use crate::error::{Error, Result};

pub(super) const TERM: &str = "a term: a word, a quoted string, a comparison or a group";
const AFTER_TERM: &str = "another term, AND, OR or the end";
const AFTER_TERM_IN_GROUP: &str = "another term, AND, OR or `)`";

/// `filter = [ expression ]`
pub(super) fn parse(text: &str) -> Result<Option<Expr>> {
    let mut lexer = Lexer::new(text);
    let token = lexer.next()?;
    if token.kind == Kind::End {
        return Ok(None);
    }
    let mut parser = Parser { lexer, token, depth: 0, comparisons: 0 };
    let root = parser.expression()?;
    if parser.token.kind != Kind::End {
        return Err(parser.unexpected(AFTER_TERM));
    }
    Ok(Some(root))
}

pub(super) struct Parser<'a> {
    lexer: Lexer<'a>,
    pub(super) token: Token,
    depth: usize,
    comparisons: usize,
}

impl Parser<'_> {
    /// `expression = sequence { WS "AND" WS sequence }`
    fn expression(&mut self) -> Result<Expr> {
        let mut parts = vec![self.sequence()?];
        while self.take_operator("AND")? {
            parts.push(self.sequence()?);
        }
        Ok(Expr::join(Join::And, parts))
    }

    /// `sequence = factor { WS factor }`
    fn sequence(&mut self) -> Result<Expr> {
        let mut parts = vec![self.factor()?];
        while matches!(self.token.kind, Kind::Word(_) | Kind::String(_) | Kind::Open)
            && !self.at_operator("AND")
        {
            self.need_space()?;
            parts.push(self.factor()?);
        }
        Ok(Expr::join(Join::Seq, parts))
    }

    /// `factor = term { WS "OR" WS term }`
    fn factor(&mut self) -> Result<Expr> {
        let mut parts = vec![self.term()?];
        while self.take_operator("OR")? {
            parts.push(self.term()?);
        }
        Ok(Expr::join(Join::Or, parts))
    }

    /// `term = [ "NOT" WS | "-" ] simple`
    fn term(&mut self) -> Result<Expr> {
        if self.at_operator("NOT") {
            self.advance()?;
            return Ok(Expr::Not(Box::new(self.simple()?)));
        }
        if self.take_minus()? {
            return Ok(Expr::Not(Box::new(self.simple()?)));
        }
        self.simple()
    }

    /// Takes the minus before a term: off the front of a word, or as a word of its own before a quote or a group.
    fn take_minus(&mut self) -> Result<bool> {
        let Kind::Word(word) = &mut self.token.kind else {
            return Ok(false);
        };
        if !word.starts_with('-') {
            return Ok(false);
        }
        if word.len() > 1 {
            word.remove(0);
            self.token.position += 1;
            return Ok(true);
        }
        if !matches!(self.token.next, Some('(' | '"' | '\'')) {
            let position = self.token.position + 1;
            return Err(expected(position, "a word, a quoted string or a group right after the minus", None));
        }
        self.advance()?;
        Ok(true)
    }

    /// `simple = "(" expression ")" | restriction`
    fn simple(&mut self) -> Result<Expr> {
        match &self.token.kind {
            Kind::Open => {
                let group = self.group()?;
                if matches!(self.token.kind, Kind::Op(_)) {
                    return Err(
                        self.unexpected("AND, OR or the end, as a group cannot stand left of a comparator")
                    );
                }
                Ok(group)
            }
            Kind::Word(word) if word.starts_with('-') => {
                Err(self.unexpected("a word without a minus, as a term is negated only once"))
            }
            Kind::Word(word) if word == "NOT" && self.token.is_last_or_spaced() => {
                Err(self.unexpected("a term without NOT, as a term is negated only once"))
            }
            Kind::Word(_) | Kind::String(_) => self.restriction(),
            _ => Err(self.unexpected(TERM)),
        }
    }

    /// `"(" expression ")"`
    fn group(&mut self) -> Result<Expr> {
        self.enter()?;
        let inner = self.expression()?;
        if self.token.kind != Kind::Close {
            return Err(self.unexpected(AFTER_TERM_IN_GROUP));
        }
        self.leave()?;
        Ok(inner)
    }

    /// `restriction = comparable [ comparator arg ]`
    fn restriction(&mut self) -> Result<Expr> {
        self.comparisons += 1;
        if self.comparisons > MAX_COMPARISONS {
            let problem = format!("expected at most {MAX_COMPARISONS} comparisons");
            let error = Error::filter(self.token.position, &problem);
            return Err(error.with("limit", MAX_COMPARISONS.to_string()));
        }
        let left = self.comparable()?;
        let Kind::Op(op) = self.token.kind else {
            return Ok(Expr::Bare(left));
        };
        let op_position = self.advance()?.position;
        let right = self.arg()?;
        Ok(Expr::Compare(Comparison { left, op, op_position, right }))
    }

    /// `arg = comparable | "(" expression ")"`
    pub(super) fn arg(&mut self) -> Result<Arg> {
        let position = self.token.position;
        match self.token.kind {
            Kind::Open => Ok(Arg::Group { position, expr: Box::new(self.group()?) }),
            Kind::Word(_) | Kind::String(_) => Ok(Arg::Comparable(self.comparable()?)),
            _ => Err(self.unexpected("an argument: a word, a quoted string or a group")),
        }
    }

    /// Steps over an opening parenthesis, if the nesting allows one more.
    pub(super) fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let problem = format!("expected at most {MAX_DEPTH} nested groups or calls");
            return Err(Error::filter(self.token.position, &problem).with("limit", MAX_DEPTH.to_string()));
        }
        self.advance()?;
        Ok(())
    }

    /// Steps over a closing parenthesis.
    pub(super) fn leave(&mut self) -> Result<()> {
        self.depth -= 1;
        self.advance()?;
        Ok(())
    }

    /// Whether the current word is this keyword and stands as an operator: whitespace must follow.
    fn at_operator(&self, keyword: &str) -> bool {
        matches!(&self.token.kind, Kind::Word(word) if word == keyword) && self.token.is_last_or_spaced()
    }

    /// Steps over a keyword between two operands.
    fn take_operator(&mut self, keyword: &str) -> Result<bool> {
        if !self.at_operator(keyword) {
            return Ok(false);
        }
        self.need_space()?;
        self.advance()?;
        Ok(true)
    }

    fn need_space(&self) -> Result<()> {
        if self.token.space_before { Ok(()) } else { Err(self.unexpected("whitespace before the next term")) }
    }

    /// Moves on by one token and gives back the one that was current.
    pub(super) fn advance(&mut self) -> Result<Token> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    pub(super) fn unexpected(&self, wanted: &str) -> Error {
        expected(self.token.position, wanted, Some(self.token.describe()))
    }
}

pub(super) fn expected(position: usize, wanted: &str, found: Option<String>) -> Error {
    match found {
        Some(found) => Error::filter(position, &format!("expected {wanted}, found {found}"))
            .with("expected", wanted)
            .with("found", found),
        None => Error::filter(position, &format!("expected {wanted}")).with("expected", wanted),
    }
}
