//! Escapes inside quoted strings. All of them name code points, never bytes.

use super::lexer::Cursor;
use crate::error::{Error, Result, excerpt};

/// What an escape stands for.
pub(super) enum Escaped {
    Char(char),
    /// The input ended inside the escape, so the string around it is unterminated.
    End,
}

/// Reads what follows a backslash that stood at `backslash`.
pub(super) fn read(cursor: &mut Cursor<'_>, backslash: usize) -> Result<Escaped> {
    let Some(c) = cursor.peek() else {
        return Ok(Escaped::End);
    };
    let plain = match c {
        'a' => '\u{07}',
        'b' => '\u{08}',
        'f' => '\u{0C}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{0B}',
        '\\' | '\'' | '"' | '`' | '?' | '*' => c,
        'x' => return after_letter(cursor, backslash, 2),
        'u' => return after_letter(cursor, backslash, 4),
        'U' => return after_letter(cursor, backslash, 8),
        // Three octal digits reach 0o377 at most, which the first digit decides.
        '0'..='3' => return number(cursor, backslash, 8, 3),
        _ => {
            return Err(refused(
                cursor,
                c,
                r#"one of \a \b \f \n \r \t \v \\ \' \" \` \? \* \x \u \U or \000 to \377"#,
            ));
        }
    };
    cursor.next();
    Ok(Escaped::Char(plain))
}

fn after_letter(cursor: &mut Cursor<'_>, backslash: usize, digits: usize) -> Result<Escaped> {
    cursor.next();
    number(cursor, backslash, 16, digits)
}

fn number(cursor: &mut Cursor<'_>, backslash: usize, radix: u32, digits: usize) -> Result<Escaped> {
    let mut code: u32 = 0;
    for _ in 0..digits {
        let Some(c) = cursor.peek() else {
            return Ok(Escaped::End);
        };
        let Some(digit) = c.to_digit(radix) else {
            let kind = if radix == 8 { "octal" } else { "hexadecimal" };
            return Err(refused(cursor, c, &format!("{digits} {kind} digits in the escape")));
        };
        // Eight hexadecimal digits fill the 32 bits exactly.
        code = code * radix + digit;
        cursor.next();
    }
    char::from_u32(code).map(Escaped::Char).ok_or_else(|| {
        let problem =
            format!("expected an escape for a Unicode character, found U+{code:04X}, which is none");
        Error::filter(backslash, &problem).with("found", format!("U+{code:04X}"))
    })
}

fn refused(cursor: &Cursor<'_>, found: char, expected: &str) -> Error {
    let found = excerpt(&found.to_string());
    Error::filter(cursor.position(), &format!("expected {expected}, found {found:?}"))
        .with("expected", expected)
        .with("found", found)
}
