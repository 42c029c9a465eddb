//! What the interface remembers of a project between two sessions: the screen, the split, the log.
//! A convenience: whatever cannot be read or written is left out in silence.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::{
    action::ACTIONS,
    app::{App, Screen},
};

/// Projects that are remembered.
const MOST: usize = 100;

/// The file, in the folder for kept state.
pub fn file(folder: Option<&Path>) -> Option<PathBuf> {
    folder.map(|folder| folder.join("tui.json"))
}

fn read(path: &Path) -> Map<String, Value> {
    std::fs::read_to_string(path)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

/// Takes over what was kept.
pub fn restore(app: &mut App, path: Option<&Path>) {
    let Some(path) = path else { return };
    let all = read(path);
    let Some(kept) = all.get(&key(app)) else { return };
    if let Some(name) = kept["screen"].as_str()
        && let Some(screen) = Screen::ALL.into_iter().find(|screen| screen.title() == name)
    {
        app.screen = screen;
    }
    if let Some(split) = kept["split"].as_u64() {
        app.split = (split as u16).clamp(30, 80);
    }
    if let Some(shown) = kept["log"].as_bool() {
        app.show_log = shown;
    }
    // A theme chosen here holds until the settings name another one.
    if let (Some(theme), Some(over)) = (kept["theme"].as_str(), kept["theme_over"].as_str())
        && over == app.config.tui.theme
    {
        super::update::settings::choose_theme(app, theme.to_owned());
    }
    if let Some(recent) = kept["recent"].as_array() {
        app.recent = recent
            .iter()
            .filter_map(|name| ACTIONS.iter().find(|entry| Some(entry.name) == name.as_str()))
            .map(|entry| entry.action)
            .take(20)
            .collect();
    }
}

/// Keeps it for the next session.
pub fn keep(app: &App, path: Option<&Path>) {
    let Some(path) = path else { return };
    let mut all = read(path);
    let key = key(app);
    all.remove(&key);
    while all.len() >= MOST {
        let Some(first) = all.keys().next().cloned() else { break };
        all.remove(&first);
    }
    let theme = app.theme_kept.then_some(app.theme_choice.as_str());
    let recent: Vec<&str> = app.recent.iter().map(|action| action.entry().name).collect();
    all.insert(
        key,
        json!({
            "screen": app.screen.title(),
            "split": app.split,
            "log": app.show_log,
            "recent": recent,
            "theme": theme,
            "theme_over": app.config.tui.theme,
        }),
    );
    let Some(folder) = path.parent() else { return };
    let Ok(text) = serde_json::to_string_pretty(&all) else { return };
    if std::fs::create_dir_all(folder).is_err() {
        return;
    }
    // Written aside and moved, so that two sessions cannot spoil it.
    let Ok(aside) = tempfile::NamedTempFile::new_in(folder) else { return };
    if std::fs::write(aside.path(), text).is_ok() {
        let _ = aside.persist(path);
    }
}

fn key(app: &App) -> String {
    app.config.root.display().to_string()
}
