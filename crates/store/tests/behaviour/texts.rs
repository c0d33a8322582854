//! Statements are written once for both engines. Whoever must write one twice, or ask which engine it is, says so here.

use std::fs;
use std::path::Path;

/// The lines of the store that match, as `file: line`, outside the driver layer and the engines themselves.
fn places(wanted: &[&str]) -> Vec<String> {
    let mut files: Vec<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    let mut places = vec![];
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).unwrap();
        let found = text.lines().filter(|line| wanted.iter().any(|wanted| line.contains(wanted)));
        places.extend(found.map(|line| format!("{name}: {}", line.trim())));
    }
    places
}

#[test]
fn no_statement_has_two_texts() {
    assert_eq!(places(&["Sql {", "sqlite: ", "postgres: "]), [""; 0]);
}

#[test]
fn few_places_ask_which_engine_it_is() {
    let known = [
        "doctor.rs: if let Conn::Sqlite(_) = self.conn {",
        "migrate.rs: Conn::Sqlite(_) => text.to_owned(),",
        "migrate.rs: Conn::Postgres(_) => text",
    ];
    assert_eq!(places(&["Conn::Sqlite", "Conn::Postgres"]), known);
}
