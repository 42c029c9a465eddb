//! The one place where the state changes: [`update`] takes an event and says what is wanted done.

pub mod list;

use super::{
    action::{Action, Reason},
    app::App,
    event::{Effect, Event},
};

/// Takes an event in.
pub fn update(app: &mut App, event: Event) -> Vec<Effect> {
    let _ = (app, event);
    Vec::new()
}

/// Whether an action can be used now.
pub fn enabled(app: &App, action: Action) -> Result<(), Reason> {
    let _ = (app, action);
    Ok(())
}
