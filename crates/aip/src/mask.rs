//! Field masks: which fields to write (AIP-134), or to read (AIP-157), by comma-separated paths (AIP-161).

use std::collections::BTreeSet;

use crate::error::{Error, Result, excerpt};

/// A set of fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mask {
    /// `*`: every field.
    All,
    /// These paths, each with everything below it.
    Paths(BTreeSet<String>),
}

impl Mask {
    /// Reads a mask against the paths that may be named. `parameter` is what the client calls it, such as `update_mask`.
    ///
    /// Absent or blank text is no mask at all; what that means differs between reading and writing.
    pub fn parse(
        parameter: &'static str,
        text: Option<&str>,
        paths: &[impl AsRef<str>],
    ) -> Result<Option<Self>> {
        let text = text.unwrap_or_default();
        match text.trim() {
            "" => return Ok(None),
            "*" => return Ok(Some(Self::All)),
            _ => {}
        }
        let mut named = BTreeSet::new();
        let mut position = 0;
        for item in text.split(',') {
            let blank = item.chars().take_while(|c| c.is_whitespace()).count();
            named.insert(known(parameter, item.trim(), position + blank, paths)?.to_owned());
            position += item.chars().count() + 1;
        }
        Ok(Some(Self::Paths(named)))
    }

    /// Whether the field at `path` belongs to the mask, by itself or by something above it.
    pub fn covers(&self, path: &str) -> bool {
        match self {
            Self::All => true,
            Self::Paths(paths) => {
                let mut ends = path.match_indices('.').map(|(dot, _)| dot).chain([path.len()]);
                ends.any(|end| paths.contains(&path[..end]))
            }
        }
    }
}

fn known<'a>(
    parameter: &'static str,
    item: &'a str,
    position: usize,
    paths: &[impl AsRef<str>],
) -> Result<&'a str> {
    if paths.iter().any(|path| path.as_ref() == item) {
        return Ok(item);
    }
    let allowed = paths.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    let found = excerpt(item);
    let problem = match item {
        "" => format!("expected a path before the comma or the end, one of: {allowed}"),
        "*" => format!("`*` stands alone, expected one of: {allowed}"),
        _ => format!("unknown path {found}, expected one of: {allowed}"),
    };
    Err(Error::field_mask(parameter, position, &problem).with("field", found).with("expected", allowed))
}

#[cfg(test)]
mod tests {
    use super::Mask;

    const PATHS: [&str; 4] = ["title", "settings", "settings.color", "owner.email"];

    fn parse(text: &str) -> crate::Result<Option<Mask>> {
        Mask::parse("update_mask", Some(text), &PATHS)
    }

    #[test]
    fn paths_star_and_nothing() {
        assert_eq!(Mask::parse("read_mask", None, &PATHS), Ok(None));
        assert_eq!(parse(" "), Ok(None));
        assert_eq!(parse("*"), Ok(Some(Mask::All)));
        assert_eq!(
            parse("title , owner.email,title"),
            Ok(Some(Mask::Paths(["owner.email", "title"].map(str::to_owned).into())))
        );
    }

    #[test]
    fn a_path_covers_what_lies_below_it() {
        let mask = parse("settings,owner.email").unwrap().unwrap();
        for (path, covered) in [
            ("settings", true),
            ("settings.color", true),
            ("settings.color.shade", true),
            ("settingsx", false),
            ("owner", false),
            ("owner.email", true),
            ("title", false),
        ] {
            assert_eq!(mask.covers(path), covered, "{path}");
            assert!(Mask::All.covers(path));
        }
    }

    #[test]
    fn errors_name_the_parameter_and_the_place() {
        for (text, position) in [
            ("title,", 6),
            (",title", 0),
            ("title,,owner.email", 6),
            ("title, x", 7),
            ("title,*", 6),
            ("Title", 0),
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!(error.position(), Some(position), "{text}: {error}");
            assert_eq!((error.parameter(), error.reason().as_str()), ("update_mask", "INVALID_FIELD_MASK"));
        }
    }
}
