//! Any bytes as what reaches a terminal.

#![no_main]

#[path = "../../tests/properties/display.rs"]
mod display;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    display::holds(&String::from_utf8_lossy(data));
});
