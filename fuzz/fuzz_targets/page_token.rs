//! Any bytes as a `page_token`; what must hold is written where the ordinary tests replay the corpus.
#![no_main]

#[path = "../../crates/aip/tests/suite/fuzzed_page_token.rs"]
mod fuzzed;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzed::run(data));
