//! The failures that limbeck must survive: one place with every row of the list, each test named after
//! its row, against real servers and with the faults really made.
//!
//! What must happen in each row stands in `docs/design/runner.md`, "Failures to survive".

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod support;

mod faults {
    mod compare;
    mod disk;
    mod files;
    mod guarantees;
    mod killed;
    mod large;
    mod list;
    mod names;
    mod network;
    mod pooler;
    mod presets;
    mod resume;
    mod runners;
    mod scripts;
    mod secrets;
    mod servers;
    mod signals;
    mod specimen;
    mod torture;
    mod waiting;
}
