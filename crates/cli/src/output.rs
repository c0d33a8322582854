//! Standard output: what commands tell, and how they end when nobody listens any more.

use std::fmt;
use std::io::{self, BufWriter, ErrorKind, Write};

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

/// How a command tells what it found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Table,
    /// What the server answered, as one line of JSON
    Json,
}

/// Whoever read standard output has closed it, as `head` does when it has enough. That is no failure.
#[derive(Debug)]
pub struct OutputClosed;

impl fmt::Display for OutputClosed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("standard output is closed")
    }
}

impl std::error::Error for OutputClosed {}

/// Writes to standard output what `tell` writes, as one.
///
/// # Errors
/// [`OutputClosed`] if nobody reads it.
pub fn print(tell: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match tell(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            // What is left in the buffer would be written once more when it is dropped.
            let _ = out.into_parts();
            Err(OutputClosed.into())
        }
        told => told.context("standard output"),
    }
}

/// Prints rows below their headings, or the answer that they were made from.
pub(crate) fn print_rows(format: Format, answer: &Value, rows: &[Vec<String>]) -> Result<()> {
    print(|out| match format {
        Format::Table => out.write_all(table(rows).as_bytes()),
        Format::Json => writeln!(out, "{answer}"),
    })
}

/// Columns as wide as the widest text in them.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|text| printable(text)).collect()).collect();
    let width = |column: usize| {
        let texts = rows.iter().filter_map(|row| row.get(column));
        texts.map(|text| text.width()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut told = String::new();
    for row in &rows {
        let mut line = String::new();
        for (text, width) in row.iter().zip(&widths) {
            line.push_str(text);
            line.push_str(&" ".repeat(width + 2 - text.width()));
        }
        told.push_str(line.trim_end());
        told.push('\n');
    }
    told
}

/// A text of a server's that a terminal takes for nothing else: whatever steers one is written out.
pub(crate) fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .flat_map(|c| if steers(c) { c.escape_unicode().collect::<Vec<_>>() } else { vec![c] })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{printable, table};

    #[test]
    fn columns_are_as_wide_as_they_look() {
        let rows = [["ID", "TITLE"], ["1", "日本語"], ["22", ""]];
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.map(str::to_owned).into()).collect();
        assert_eq!(table(&rows), "ID  TITLE\n1   日本語\n22\n");
    }

    #[test]
    fn a_server_steers_no_terminal() {
        assert_eq!(printable("a\u{1b}[2J\u{202e}b\n"), "a\\u{1b}[2J\\u{202e}b\\u{a}");
    }
}
