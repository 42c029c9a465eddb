//! Any bytes as identifiers, targets and ranges.

#![no_main]

#[path = "../../tests/properties/spec.rs"]
mod spec;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    spec::holds(&String::from_utf8_lossy(data));
});
