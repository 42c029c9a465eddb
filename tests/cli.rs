//! The program as scripts and people meet it: exit statuses, streams, JSON, colours, signals.

mod support;

#[path = "cli/asking.rs"]
mod asking;
#[path = "cli/errors.rs"]
mod errors;
#[path = "cli/files.rs"]
mod files;
#[path = "cli/lint.rs"]
mod lint;
#[path = "cli/managing.rs"]
mod managing;
#[path = "cli/migrating.rs"]
mod migrating;
#[path = "cli/output.rs"]
mod output;
#[path = "cli/reading.rs"]
mod reading;
#[path = "cli/server.rs"]
mod server;
#[path = "cli/settings.rs"]
mod settings;
#[path = "cli/tending.rs"]
mod tending;
#[path = "cli/verifying.rs"]
mod verifying;

use self::support::{Ran, forked, on, run, three};
