//! Connections against real servers: settings, sessions, cancel, TLS.

mod support;

#[path = "db/hosts.rs"]
mod hosts;
#[path = "db/refusals.rs"]
mod refusals;
#[path = "db/sessions.rs"]
mod sessions;
#[path = "db/settings.rs"]
mod settings;
#[path = "db/tls.rs"]
mod tls;
