//! Characters to tokens, one at a time, so that the first fault in reading order is the one that is told.

use super::ast::Op;
use super::escape::{self, Escaped};
use crate::error::{Error, Result, excerpt};
use crate::pattern::Pattern;

/// A place in the text, counted in code points.
pub(super) struct Cursor<'a> {
    rest: std::str::Chars<'a>,
    position: usize,
}

impl Cursor<'_> {
    pub(super) fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.rest.next();
        self.position += usize::from(next.is_some());
        next
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Takes the next character if it is this one.
    fn take(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.next();
        }
        there
    }
}

/// What a token is.
#[derive(Debug, PartialEq)]
pub(super) enum Kind {
    /// Also the keywords: only the parser knows whether one stands where it is one.
    Word(String),
    String(Pattern),
    Open,
    Close,
    Comma,
    Dot,
    Op(Op),
    End,
}

/// A token and its surroundings: where whitespace stands decides what keywords and parentheses mean.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) position: usize,
    pub(super) space_before: bool,
    /// The character right behind the token.
    pub(super) next: Option<char>,
}

impl Token {
    /// The token as an error message calls it.
    pub(super) fn describe(&self) -> String {
        match &self.kind {
            Kind::Word(word) => format!("`{}`", excerpt(word)),
            Kind::String(_) => "a quoted string".to_owned(),
            Kind::Open => "`(`".to_owned(),
            Kind::Close => "`)`".to_owned(),
            Kind::Comma => "`,`".to_owned(),
            Kind::Dot => "`.`".to_owned(),
            Kind::Op(op) => format!("`{}`", op.as_str()),
            Kind::End => "the end".to_owned(),
        }
    }

    /// Whether whitespace, or nothing more at all, stands behind the token.
    pub(super) fn is_last_or_spaced(&self) -> bool {
        self.next.is_none_or(char::is_whitespace)
    }
}

/// The source of tokens.
pub(super) struct Lexer<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { cursor: Cursor { rest: text.chars(), position: 0 } }
    }

    /// The next token; at the end of the text, `End` forever.
    pub(super) fn next(&mut self) -> Result<Token> {
        let before = self.cursor.position();
        while self.cursor.peek().is_some_and(char::is_whitespace) {
            self.cursor.next();
        }
        let position = self.cursor.position();
        let kind = self.kind(position)?;
        Ok(Token { kind, position, space_before: position > before, next: self.cursor.peek() })
    }

    fn kind(&mut self, position: usize) -> Result<Kind> {
        let Some(first) = self.cursor.peek() else {
            return Ok(Kind::End);
        };
        if !ends_word(first) {
            return Ok(Kind::Word(self.word()));
        }
        self.cursor.next();
        Ok(match first {
            '(' => Kind::Open,
            ')' => Kind::Close,
            ',' => Kind::Comma,
            '.' => Kind::Dot,
            ':' => Kind::Op(Op::Has),
            '=' => Kind::Op(Op::Equal),
            '<' if self.cursor.take('=') => Kind::Op(Op::LessOrEqual),
            '<' => Kind::Op(Op::Less),
            '>' if self.cursor.take('=') => Kind::Op(Op::GreaterOrEqual),
            '>' => Kind::Op(Op::Greater),
            '!' if self.cursor.take('=') => Kind::Op(Op::NotEqual),
            '!' => {
                let error = Error::filter(position, "expected `!=`, found `!` alone");
                return Err(error.with("expected", "`!=`").with("found", "`!`"));
            }
            // Of the characters that end a word only the two quotes are left; whitespace was skipped.
            quote => Kind::String(self.string(quote, position)?),
        })
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.cursor.peek().filter(|c| !ends_word(*c)) {
            word.push(c);
            self.cursor.next();
        }
        word
    }

    /// Reads what follows an opening quote. A bare star parts two pieces, an escaped one is a character.
    fn string(&mut self, quote: char, opened: usize) -> Result<Pattern> {
        let mut pieces = Vec::new();
        let mut piece = String::new();
        loop {
            let position = self.cursor.position();
            match self.cursor.next() {
                Some('\\') => match escape::read(&mut self.cursor, position)? {
                    Escaped::Char(c) => piece.push(c),
                    Escaped::End => return Err(unterminated(opened, quote)),
                },
                Some('*') => pieces.push(std::mem::take(&mut piece)),
                Some(c) if c == quote => break,
                Some(c) => piece.push(c),
                None => return Err(unterminated(opened, quote)),
            }
        }
        pieces.push(piece);
        Ok(Pattern::from_pieces(pieces))
    }
}

fn unterminated(opened: usize, quote: char) -> Error {
    let problem = format!("the string that opens here is unterminated, expected a closing {quote}");
    Error::filter(opened, &problem).with("expected", quote)
}

/// Whether a character cannot be part of a word.
fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | ',' | '.' | ':' | '=' | '<' | '>' | '!' | '"' | '\'')
}
