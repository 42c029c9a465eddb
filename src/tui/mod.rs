//! The terminal interface.
//!
//! One loop (`run`) turns keys, signals and the worker's reports into [`event::Event`]s;
//! [`update`] alone changes the [`app::App`] and says what is wanted done; [`view`] draws it.
//! `docs/design/interface.md` tells the rest.

pub mod action;
pub mod app;
pub mod demo;
pub mod event;
pub mod glyph;
pub mod hits;
pub mod keymap;
pub mod layer;
pub mod message;
pub mod pending;
pub mod picture;
pub mod progress;
pub mod recording;
pub mod recovery;
mod run;
pub mod screen;
pub mod snapshot;
pub mod state;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;
pub mod widget;

use crate::engine::Project;

/// How the interface starts.
#[derive(Debug)]
pub struct Start {
    /// The project.
    pub project: Project,
    /// Opens it again with another profile.
    pub reopen: crate::engine::project::Reopen,
    /// The folder holds no project; what else it holds.
    pub newcomer: Option<crate::engine::project::Newcomer>,
    /// Does what a newcomer chooses.
    pub begin: crate::engine::project::Begin,
    /// Light or dark as the terminal told, none when it did not.
    pub light: Option<bool>,
    /// `NO_COLOR` is set.
    pub no_color: bool,
    /// `$VISUAL` or `$EDITOR`.
    pub editor: Option<String>,
    /// Programs called `pg_dump` that proofs may use, best first.
    pub pg_dump: Vec<std::path::PathBuf>,
    /// Folder of the user's themes and keys (`$XDG_CONFIG_HOME/limbeck`).
    pub config_dir: Option<std::path::PathBuf>,
    /// Folder of kept state (`$XDG_STATE_HOME/limbeck`).
    pub state_dir: Option<std::path::PathBuf>,
}

/// Runs the interface until it is left; returns the exit status.
pub async fn run(start: Start) -> std::io::Result<u8> {
    run::run(start).await
}
