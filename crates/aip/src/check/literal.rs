//! Words to values. Each function answers `None` when the word is not of its type.

/// An instant or a span in microseconds, rounded down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Micros {
    pub(super) floor: i64,
    /// Whether nothing was rounded away.
    pub(super) is_exact: bool,
}

pub(super) fn boolean(word: &str) -> Option<bool> {
    match word {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// An integer, also written with an exponent as long as nothing is left behind the point: `3e8`, `1.5e1`.
pub(super) fn integer(word: &str) -> Option<i64> {
    let (value, is_exact) = Decimal::parse(word)?.scaled(0)?;
    if is_exact { Some(value) } else { None }
}

pub(super) fn float(word: &str) -> Option<f64> {
    Decimal::parse(word)?;
    word.parse().ok().filter(|value: &f64| value.is_finite())
}

/// Decimal seconds with an `s`.
pub(super) fn duration(word: &str) -> Option<Micros> {
    let seconds = word.strip_suffix('s').filter(|seconds| !seconds.contains(['e', 'E']))?;
    let (floor, is_exact) = Decimal::parse(seconds)?.scaled(6)?;
    Some(Micros { floor, is_exact })
}

/// An RFC 3339 time. Its shape is checked here, since the calendar's own reader is more liberal than RFC 3339.
pub(super) fn timestamp(text: &str) -> Option<Micros> {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let (start, rest) = text.split_at_checked(SHAPE.len())?;
    let fits = |(byte, shape): (u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        _ => byte.eq_ignore_ascii_case(shape),
    };
    if !start.bytes().zip(SHAPE).all(fits) {
        return None;
    }
    let (fraction, offset) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?),
        None => ("0", rest),
    };
    if !is_offset(offset) {
        return None;
    }
    let second = format!("{start}{offset}").parse::<jiff::Timestamp>().ok()?.as_second();
    let (micros, is_exact) = Decimal::parse(&format!("0.{fraction}"))?.scaled(6)?;
    let floor = second.checked_mul(1_000_000)?.checked_add(micros)?;
    Some(Micros { floor, is_exact })
}

/// `Z`, or hours and minutes such as `+05:30`.
fn is_offset(text: &str) -> bool {
    match text.as_bytes() {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', h1 @ b'0'..=b'2', h2 @ b'0'..=b'9', b':', b'0'..=b'5', b'0'..=b'9'] => {
            (*h1, *h2) <= (b'2', b'3')
        }
        _ => false,
    }
}

/// A decimal number as written: digits, and by how many powers of ten they stand too high.
struct Decimal {
    negative: bool,
    /// All digits without the point and without leading zeros.
    digits: String,
    exponent: i32,
}

impl Decimal {
    /// `-?digits[.digits][e[+-]digits]`
    fn parse(word: &str) -> Option<Self> {
        let (negative, unsigned) = word.strip_prefix('-').map_or((false, word), |rest| (true, rest));
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let exponent_digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if ![whole, fraction, exponent_digits].into_iter().all(is_digits) {
            return None;
        }
        let fraction_length = i32::try_from(fraction.len()).ok()?;
        let exponent = exponent.parse::<i32>().ok()?.checked_sub(fraction_length)?;
        let digits = format!("{whole}{fraction}").trim_start_matches('0').to_owned();
        Some(Self { negative, digits, exponent })
    }

    /// The number times ten to the `power`, rounded down, and whether that lost nothing.
    fn scaled(&self, power: i32) -> Option<(i64, bool)> {
        if self.digits.is_empty() {
            return Some((0, true));
        }
        let shift = self.exponent.checked_add(power)?;
        let zeros = usize::try_from(shift).unwrap_or(0);
        let cut = usize::try_from(shift.checked_neg()?).unwrap_or(0);
        let (kept, lost) = self.digits.split_at(self.digits.len().saturating_sub(cut));
        // Nineteen digits are the most an i64 has; more must not even be written out.
        if kept.len() + zeros > 19 {
            return None;
        }
        let is_exact = lost.bytes().all(|digit| digit == b'0');
        let magnitude: i128 = format!("0{kept}{}", "0".repeat(zeros)).parse().ok()?;
        let rounded = if self.negative { -magnitude - i128::from(!is_exact) } else { magnitude };
        Some((i64::try_from(rounded).ok()?, is_exact))
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Micros, boolean, duration, float, integer, timestamp};

    #[test]
    fn booleans() {
        assert_eq!([boolean("true"), boolean("false"), boolean("True")], [Some(true), Some(false), None]);
    }

    #[test]
    fn integers() {
        let cases = [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("007", Some(7)),
            ("-2", Some(-2)),
            ("3e2", Some(300)),
            ("1.5e1", Some(15)),
            ("2.0", Some(2)),
            ("1200e-2", Some(12)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("1e999999999", None),
            ("1e-999999999", None),
            ("1e99999999999", None),
            ("0e999999999", Some(0)),
            ("1.5", None),
            ("1e", None),
            ("1.", None),
            (".5", None),
            ("+1", None),
            ("0x10", None),
            ("1_000", None),
            ("--1", None),
            ("", None),
            ("٣", None),
        ];
        for (word, expected) in cases {
            assert_eq!(integer(word), expected, "{word}");
        }
    }

    #[test]
    fn floats() {
        let cases = [
            ("2.5", Some(2.5)),
            ("-2.4", Some(-2.4)),
            ("2.997e9", Some(2.997e9)),
            ("1E-3", Some(0.001)),
            ("7", Some(7.0)),
            ("1e999", None),
            ("inf", None),
            ("NaN", None),
            ("1.5s", None),
        ];
        for (word, expected) in cases {
            assert_eq!(float(word), expected, "{word}");
        }
    }

    fn exact(floor: i64) -> Micros {
        Micros { floor, is_exact: true }
    }

    fn rounded(floor: i64) -> Micros {
        Micros { floor, is_exact: false }
    }

    #[test]
    fn durations() {
        let cases = [
            ("20s", Some(exact(20_000_000))),
            ("1.5s", Some(exact(1_500_000))),
            ("-1.5s", Some(exact(-1_500_000))),
            ("0.0000015s", Some(rounded(1))),
            ("-0.0000015s", Some(rounded(-2))),
            ("0.000001000s", Some(exact(1))),
            ("9223372036854s", Some(exact(9_223_372_036_854_000_000))),
            ("9223372036855s", None),
            ("1e3s", None),
            ("1", None),
            ("1m", None),
            ("s", None),
        ];
        for (word, expected) in cases {
            assert_eq!(duration(word), expected, "{word}");
        }
    }

    #[test]
    fn timestamps() {
        const NEW_YEAR: i64 = 1_767_225_600_000_000;
        let cases = [
            ("1970-01-01T00:00:00Z", Some(exact(0))),
            ("2026-01-01T00:00:00Z", Some(exact(NEW_YEAR))),
            ("2026-01-01t00:00:00z", Some(exact(NEW_YEAR))),
            ("2026-01-01T05:30:00+05:30", Some(exact(NEW_YEAR))),
            ("2025-12-31T16:00:00-08:00", Some(exact(NEW_YEAR))),
            ("2026-01-01T00:00:00-00:00", Some(exact(NEW_YEAR))),
            ("2026-01-01T00:00:00.25Z", Some(exact(NEW_YEAR + 250_000))),
            ("2026-01-01T00:00:00.123456000Z", Some(exact(NEW_YEAR + 123_456))),
            ("2026-01-01T00:00:00.1234567890123Z", Some(rounded(NEW_YEAR + 123_456))),
            ("1969-12-31T23:59:59.9999999Z", Some(rounded(-1))),
            ("2024-02-29T00:00:00Z", Some(exact(1_709_164_800_000_000))),
            ("2025-02-29T00:00:00Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-01-01T24:00:00Z", None),
            ("2026-01-01T00:00:00", None),
            ("2026-01-01 00:00:00Z", None),
            ("2026-01-01T00:00Z", None),
            ("2026-01-01", None),
            ("2026-01-01T00:00:00.Z", None),
            ("2026-01-01T00:00:00+24:00", None),
            ("2026-01-01T00:00:00+05:60", None),
            ("2026-01-01T00:00:00+0530", None),
            ("2026-01-01T00:00:00+05:30[Asia/Kolkata]", None),
            ("2026-01-01T00:00:0٣Z", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(timestamp(text), expected, "{text}");
        }
    }

    /// RFC 3339 knows leap seconds; they count as the second before, as POSIX time has no room for them.
    #[test]
    fn a_leap_second_is_accepted() {
        assert_eq!(timestamp("2016-12-31T23:59:60Z"), timestamp("2016-12-31T23:59:59Z"));
    }
}
