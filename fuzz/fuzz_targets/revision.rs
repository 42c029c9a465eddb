//! Any bytes as revision files.

#![no_main]

#[path = "../../tests/properties/revision.rs"]
mod revision;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    revision::holds(data);
});
