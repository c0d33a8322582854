//! Any bytes as a token; what must hold is written where the ordinary tests replay the corpus.
#![no_main]

#[path = "../../crates/outbound/tests/suite/fuzzed_token.rs"]
mod fuzzed;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzed::run(data));
