//! The runner against a real PostgreSQL; what goes wrong around it is in `tests/faults/`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod support;

mod engine {
    mod adopt;
    mod doctor;
    mod happy;
    mod refuse;
    mod text;
    mod views;
    mod waiting;
}
