//! Any bytes as scripts, split into statements.

#![no_main]

#[path = "../../tests/properties/split.rs"]
mod split;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    split::holds(&String::from_utf8_lossy(data));
});
