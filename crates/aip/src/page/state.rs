//! What a page token says, and its compact form before sealing.
//!
//! ```text
//! state = time id count { key }      time = int     id = bytes     count = varint
//! key   = 0 | 1 | 2 | 3 int | 4 bytes     null, false, true, integer, text
//! bytes = varint, then as many bytes      int = zigzag varint
//! ```

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageState {
    /// The order keys of the last row, in the order of the list.
    pub keys: Vec<KeyValue>,
    /// The id of the last row, which breaks ties: for a UUID its 16 bytes.
    pub id: Vec<u8>,
    /// When the token was issued, in microseconds since 1970.
    pub issued_at_micros: i64,
}

/// The value of one order key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyValue {
    /// The row has none.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number, or a time in microseconds.
    Int(i64),
    /// Text.
    Text(String),
}

impl PageState {
    /// The form that is sealed into a token.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_int(&mut out, self.issued_at_micros);
        put_bytes(&mut out, &self.id);
        put_length(&mut out, self.keys.len());
        for key in &self.keys {
            match key {
                KeyValue::Null => out.push(0),
                KeyValue::Bool(false) => out.push(1),
                KeyValue::Bool(true) => out.push(2),
                KeyValue::Int(value) => {
                    out.push(3);
                    put_int(&mut out, *value);
                }
                KeyValue::Text(text) => {
                    out.push(4);
                    put_bytes(&mut out, text.as_bytes());
                }
            }
        }
        out
    }

    /// Reads that form back, if it is complete and nothing follows.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut input = Input { rest: bytes };
        let issued_at_micros = input.int()?;
        let id = input.bytes()?.to_vec();
        let count = input.length()?;
        let mut keys = Vec::new();
        // Each key takes a byte at least, so a false count ends with the input.
        for _ in 0..count {
            keys.push(input.key()?);
        }
        input.rest.is_empty().then_some(Self { keys, id, issued_at_micros })
    }
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low & 0x7F);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Zigzag: small numbers of either sign stay short.
fn put_int(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    put_varint(out, u64::try_from(length).unwrap_or(u64::MAX));
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_length(out, bytes.len());
    out.extend_from_slice(bytes);
}

struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            // The tenth byte has room for one bit only.
            if (bits << shift) >> shift != bits {
                return None;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn int(&mut self) -> Option<i64> {
        let zigzag = self.varint()?;
        Some((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.varint()?).ok()
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }

    fn key(&mut self) -> Option<KeyValue> {
        match self.byte()? {
            0 => Some(KeyValue::Null),
            1 => Some(KeyValue::Bool(false)),
            2 => Some(KeyValue::Bool(true)),
            3 => self.int().map(KeyValue::Int),
            4 => String::from_utf8(self.bytes()?.to_vec()).ok().map(KeyValue::Text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyValue, PageState};

    fn state(keys: Vec<KeyValue>, issued_at_micros: i64) -> PageState {
        PageState { keys, id: vec![7; 16], issued_at_micros }
    }

    #[test]
    fn round_trips_at_the_edges() {
        for value in [0, 1, -1, 63, 64, -64, -65, i64::MAX, i64::MIN] {
            let state = state(vec![KeyValue::Int(value)], value);
            assert_eq!(PageState::from_bytes(&state.to_bytes()), Some(state));
        }
        let state = state(
            vec![
                KeyValue::Null,
                KeyValue::Bool(true),
                KeyValue::Bool(false),
                KeyValue::Text("日本語".to_owned()),
                KeyValue::Text(String::new()),
            ],
            1,
        );
        assert_eq!(PageState::from_bytes(&state.to_bytes()), Some(state));
    }

    #[test]
    fn stays_compact() {
        let state = state(vec![KeyValue::Int(1_767_225_600_000_000)], 1_767_225_600_000_000);
        assert_eq!(state.to_bytes().len(), 8 + 17 + 1 + 9);
    }

    #[test]
    fn refuses_what_is_cut_lengthened_or_overflowing() {
        let bytes = state(vec![KeyValue::Text("title".to_owned())], 5).to_bytes();
        for end in 0..bytes.len() {
            assert_eq!(PageState::from_bytes(&bytes[..end]), None, "cut at {end}");
        }
        assert_eq!(PageState::from_bytes(&[bytes.as_slice(), &[0]].concat()), None);
        // A length, a number and a key kind that cannot be.
        assert_eq!(PageState::from_bytes(&[0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]), None);
        assert_eq!(
            PageState::from_bytes(&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02, 0, 0]),
            None
        );
        assert_eq!(PageState::from_bytes(&[0, 0, 1, 9]), None);
        assert_eq!(PageState::from_bytes(&[0, 0, 1, 4, 1, 0xFF]), None);
    }
}
