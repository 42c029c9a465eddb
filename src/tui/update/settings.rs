//! What can be changed while the interface runs: the theme, the characters, the profile.

use super::toast;
use crate::tui::{
    app::{App, Tone},
    event::Effect,
    glyph::Glyphs,
    layer::{Choice, Setting},
    theme::library::family,
};

/// Draws with a theme that is only looked at.
pub fn preview(app: &mut App, name: &str) {
    if let Ok(theme) = app.themes.load(name) {
        app.theme = theme;
        app.previewing = true;
    }
}

/// Back to the chosen theme, when another one was looked at.
pub fn shown(app: &mut App) {
    if std::mem::take(&mut app.previewing)
        && let Ok(theme) = app.themes.load(&app.theme_choice)
    {
        app.theme = theme;
    }
}

/// Chooses a theme, for this session and those after it.
pub fn choose_theme(app: &mut App, name: String) {
    match app.themes.load(&name) {
        Ok(theme) => {
            app.theme = theme;
            app.previewing = false;
            app.theme_choice = name;
            app.theme_kept = true;
        }
        Err(error) => toast(app, Tone::Bad, error.to_string()),
    }
}

/// Changes a setting to its other value.
pub fn change(app: &mut App, setting: Setting) {
    match setting {
        Setting::Glyphs => app.glyphs = Glyphs::new(!app.glyphs.is_ascii()),
        Setting::Motion => app.motion = !app.motion,
    }
}

/// What an entry would choose is chosen now.
pub fn is_chosen(app: &App, choice: &Choice) -> bool {
    match choice {
        Choice::Theme(name) => {
            *name == family(&app.theme_choice) || (name == "auto" && app.theme_choice.is_empty())
        }
        Choice::Profile(name) => *name == app.config.profile,
        _ => false,
    }
}

/// Connects with a profile.
pub fn connect(app: &mut App, name: Option<String>) -> Vec<Effect> {
    if name == app.config.profile {
        toast(app, Tone::Info, "that is the profile in use");
        return Vec::new();
    }
    vec![Effect::Connect(name)]
}
