//! The kinds around tables and code - extensions, foreign data, publications, subscriptions, text
//! search, default privileges - and owners and rights of all kinds, against a real PostgreSQL:
//! each pair of scripts is built, and the plan from one to the other is run both ways.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod support;

mod around {
    mod kinds;
    mod kit;
    mod rights;
}
