//! The interface: its update logic by keys and scripted reports, its screens as text, properties of
//! both, the registry of actions, and the whole program in a pseudo-terminal.
#![cfg(feature = "tui")]

#[path = "tui/clock.rs"]
mod clock;
#[path = "tui/drill.rs"]
mod drill;
#[path = "tui/fixture.rs"]
mod fixture;
#[path = "tui/keys.rs"]
mod keys;
#[path = "tui/pending.rs"]
mod pending;
#[path = "tui/properties.rs"]
mod properties;
#[path = "tui/pty.rs"]
mod pty;
#[path = "tui/reach.rs"]
mod reach;
#[path = "tui/recovery.rs"]
mod recovery;
#[path = "tui/registry.rs"]
mod registry;
#[path = "tui/screens.rs"]
mod screens;
mod support;
