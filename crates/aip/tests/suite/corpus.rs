//! The fuzzers' corpus, replayed on every ordinary test run.

use std::path::PathBuf;

use crate::{fuzzed_filter, fuzzed_page_token};

fn replay(target: &str, run: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("the corpus is checked in") {
        let path = entry.expect("a readable folder").path();
        let bytes = std::fs::read(&path).expect("a readable file");
        // Shown only when the test fails: the last name is the culprit.
        println!("{}", path.display());
        run(&bytes);
        count += 1;
    }
    assert!(count >= 24, "only {count} files in {}", folder.display());
}

#[test]
fn filter() {
    replay("filter", fuzzed_filter::run);
}

#[test]
fn page_token() {
    replay("page_token", fuzzed_page_token::run);
}

/// Without a token that opens, the corpus would only ever show refusals.
#[test]
fn the_corpus_holds_a_token_that_opens() {
    use fuzzed_page_token::{NOW, binding, key};

    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/page_token/sealed_usual");
    let token = std::fs::read_to_string(path).expect("the corpus is checked in");
    assert!(key().open(&token, &binding(), NOW).is_ok());
}
