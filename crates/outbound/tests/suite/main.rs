//! What must hold for any bytes that somebody shows as a token.

mod fuzzed_token;

use std::path::PathBuf;

/// The corpus of the fuzzer, replayed on every ordinary test run.
#[test]
fn the_corpus_of_tokens_holds() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/token");
    let mut replayed = 0;
    for entry in std::fs::read_dir(&folder).expect("the corpus is checked in") {
        fuzzed_token::run(&std::fs::read(entry.expect("the folder can be read").path()).expect("a file"));
        replayed += 1;
    }
    assert!(replayed > 5, "the corpus has tokens of both forms");
}
