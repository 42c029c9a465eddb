//! The runner against a real PostgreSQL. Test names begin with the row of the failure list in
//! `docs/design/runner.md` that they stand for, where there is one.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod support;

mod engine {
    mod adopt;
    mod cancel;
    mod happy;
    mod kit;
    mod lost;
    mod nontx;
    mod refuse;
    mod runners;
    mod text;
    mod views;
}
