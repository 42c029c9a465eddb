//! What the palette offers besides actions and revisions: tables, themes, settings, profiles.

use super::Fuzzy;
use crate::{
    config::Guard,
    present::age::{bytes, count},
    tui::{
        app::App,
        layer::{Choice, Item, Scope, Setting},
        update::settings,
    },
};

/// Says where other things say what they are.
const IN_USE: &str = "in use";

/// Tables offered at once.
const MOST: usize = 200;

fn entry(choice: Choice, text: String, key: String, place: &'static str) -> Item {
    Item { choice, text, key, place, disabled: None, hits: Vec::new() }
}

fn themes(app: &App) -> Vec<Item> {
    let one = |name: String| {
        let choice = Choice::Theme(name.clone());
        let place = if settings::is_chosen(app, &choice) { IN_USE } else { "Theme" };
        entry(choice, format!("theme {name}"), String::new(), place)
    };
    app.themes.names().into_iter().map(one).collect()
}

fn profiles(app: &App) -> Vec<Item> {
    let one = |name: Option<String>, guard: Guard| {
        let text = match &name {
            Some(name) => format!("profile {name}"),
            None => "no profile: the project's own database".to_owned(),
        };
        let choice = Choice::Profile(name);
        let word = match guard {
            Guard::Dev => "DEV",
            Guard::Staging => "STAGING",
            Guard::Prod => "PROD",
        };
        let place = if settings::is_chosen(app, &choice) { IN_USE } else { "Profile" };
        let disabled = app.running().map(|job| format!("job {} is running", job.id.0));
        Item { disabled, ..entry(choice, text, word.to_owned(), place) }
    };
    if app.config.profiles.is_empty() {
        return Vec::new();
    }
    let named = app.config.profiles.iter().map(|(name, guard)| one(Some(name.clone()), *guard));
    std::iter::once(one(None, Guard::Dev)).chain(named).collect()
}

fn changes(app: &App) -> Vec<Item> {
    let glyphs = if app.glyphs.is_ascii() { ("ascii", "unicode") } else { ("unicode", "ascii") };
    let motion = if app.motion { ("true", "false") } else { ("false", "true") };
    [("glyphs", glyphs, Setting::Glyphs), ("motion", motion, Setting::Motion)]
        .map(|(name, (now, then), setting)| {
            let text = format!("setting {name} = {now}, make it {then}");
            entry(Choice::Setting(setting), text, String::new(), "Setting")
        })
        .into()
}

/// Without the words that tell them from others: there are none.
fn alone(items: Vec<Item>) -> Vec<Item> {
    let own = |mut item: Item| {
        if let Choice::Theme(name) | Choice::Profile(Some(name)) = &item.choice {
            item.text = name.clone();
        }
        if item.place != IN_USE {
            item.place = "";
        }
        item
    };
    items.into_iter().map(own).collect()
}

/// Those of a scope that match.
pub(super) fn items(app: &App, scope: Scope, text: &str) -> Vec<Item> {
    let all = match scope {
        Scope::Themes => alone(themes(app)),
        Scope::Profiles => alone(profiles(app)),
        Scope::All => Vec::new(),
    };
    matching(all, text)
}

/// The tables that match, the largest first.
pub(super) fn tables(app: &App, text: &str) -> Vec<Item> {
    let Some(tables) = &app.snapshot.tables else { return Vec::new() };
    let all = tables.iter().map(|table| {
        let rows = table.rows.map(|n| format!("  {} rows", count(n))).unwrap_or_default();
        let text = format!("{}{rows}", table.name);
        entry(Choice::Table(table.name.clone()), text, bytes(table.size), "Table")
    });
    let mut found = matching(all.collect(), text);
    found.truncate(MOST);
    found
}

/// Everything here that matches, with how well.
pub(super) fn all(app: &App, text: &str) -> Vec<(u32, Item)> {
    let all = themes(app).into_iter().chain(changes(app)).chain(profiles(app));
    let mut found = scored(all.collect(), text);
    // Tables are many: they must hold the text as it was typed.
    let lower = text.to_lowercase();
    let tables = tables(app, "").into_iter().filter_map(|mut item| {
        let at = item.text.to_lowercase().find(&lower)?;
        let start = item.text.get(..at)?.chars().count() as u32;
        item.hits = (start..start + lower.chars().count() as u32).collect();
        Some((20, item))
    });
    found.extend(tables.take(20));
    found
}

fn matching(all: Vec<Item>, text: &str) -> Vec<Item> {
    let mut found = scored(all, text);
    if !text.is_empty() {
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    }
    found.into_iter().map(|(_, item)| item).collect()
}

fn scored(all: Vec<Item>, text: &str) -> Vec<(u32, Item)> {
    let mut fuzzy = Fuzzy::new(text);
    all.into_iter()
        .filter_map(|mut item| {
            let (score, hits) = fuzzy.score(&item.text)?;
            item.hits = hits;
            Some((score, item))
        })
        .collect()
}
