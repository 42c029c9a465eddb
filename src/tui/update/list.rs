//! The entries of the palette and of the help: what there is, and what is left of it after typing.

mod others;

use crate::{
    present::safe::display_safe,
    revision::Node,
    tui::{
        action::{self, ACTIONS, Action, Context, Entry},
        app::App,
        layer::{Choice, Item, ListLayer, Scope},
    },
    worker::filter::Fuzzy,
};

/// Revisions offered at once.
const MOST: usize = 200;

/// Revisions whose letters are matched one by one; of larger histories only those that hold the text.
const FUZZY: usize = 5_000;

/// Keys as the help shows them: all of an action's.
fn keys(app: &App, action: Action) -> String {
    let keys: Vec<String> = app.keymap.keys(action).iter().map(ToString::to_string).collect();
    keys.join(" ")
}

fn item(app: &App, entry: &Entry, text: &str, key: String) -> Item {
    Item {
        choice: Choice::Action(entry.action),
        text: text.to_owned(),
        key,
        place: entry.context.title(),
        disabled: entry.action.enabled(app).err().map(std::borrow::Cow::into_owned),
        hits: Vec::new(),
    }
}

/// The entries of the help, in the order they are shown: this place first, then movement and what
/// works everywhere. Headings are the changes of `place`. Typing keeps those whose key is exactly
/// the text, or whose words hold it.
pub fn help_items(app: &App, layer: &ListLayer) -> Vec<Item> {
    let below = app.layers.iter().rev().find_map(|layer| match layer {
        crate::tui::layer::Layer::Diff(_) => Some(Context::Diff),
        _ => None,
    });
    let own = below.unwrap_or_else(|| action::screen_context(app.screen));
    let needle = layer.input.value().trim().to_owned();
    let lower = needle.to_lowercase();
    let mut items = Vec::new();
    for context in [own, Context::Global, Context::Move] {
        for entry in ACTIONS.iter().filter(|entry| entry.context == context) {
            let mut item = item(app, entry, entry.help, keys(app, entry.action));
            if !needle.is_empty() {
                let by_key = item.key.split(' ').any(|key| key == needle);
                let text = item.text.to_lowercase();
                let found =
                    text.find(&lower).or_else(|| entry.name.find(&lower).map(|_| usize::MAX));
                match found {
                    _ if by_key => {}
                    Some(usize::MAX) => {}
                    Some(at) => {
                        let start = text[..at].chars().count() as u32;
                        item.hits = (start..start + lower.chars().count() as u32).collect();
                    }
                    None => continue,
                }
            }
            items.push(item);
        }
    }
    items
}

/// The entries of the palette, best first. `>` asks for actions alone, `@` for revisions, `#` for
/// tables. Settings, themes and profiles are among them as soon as something is typed.
pub fn palette_items(app: &App, layer: &ListLayer) -> Vec<Item> {
    let typed = layer.input.value().trim_start();
    if layer.scope != Scope::All {
        return others::items(app, layer.scope, typed.trim());
    }
    let (actions, revisions, text) = match typed.as_bytes().first() {
        Some(b'>') => (true, false, typed[1..].trim()),
        Some(b'@') => (false, true, typed[1..].trim()),
        Some(b'#') => return others::tables(app, typed[1..].trim()),
        _ => (true, !typed.trim().is_empty(), typed.trim()),
    };
    let mut fuzzy = Fuzzy::new(text);
    let mut found: Vec<(u32, usize, Item)> = Vec::new();
    if actions && revisions {
        found.extend(
            others::all(app, text).into_iter().map(|(score, item)| (score, usize::MAX, item)),
        );
    }
    if actions {
        for (order, entry) in ACTIONS.iter().enumerate() {
            if matches!(entry.context, Context::Move | Context::Diff)
                || matches!(entry.action, Action::Palette | Action::Interrupt | Action::Back)
            {
                continue;
            }
            let words = sentence(entry.help);
            let Some((score, hits)) = fuzzy.score(&words) else { continue };
            let mut item = item(app, entry, &words, app.keymap.label(entry.action));
            item.hits = hits;
            let recent = app.recent.iter().position(|action| *action == entry.action);
            let own = entry.context == action::screen_context(app.screen);
            let bonus = recent.map_or(0, |at| 40 - 2 * at.min(19) as u32) + u32::from(own) * 10;
            found.push((score + bonus, order, item));
        }
    }
    if revisions {
        let alone = !actions;
        let found_here = self::revisions(app, text, alone, &mut fuzzy);
        found.extend(
            found_here
                .into_iter()
                .enumerate()
                .map(|(at, (score, item))| (score, ACTIONS.len() + at, item)),
        );
    }
    if !text.is_empty() || !app.recent.is_empty() {
        found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    }
    if text.is_empty() {
        // What can be done now comes first where nothing says what is wanted.
        found.sort_by_key(|(_, _, item)| item.disabled.is_some());
    }
    found.into_iter().map(|(_, _, item)| item).collect()
}

/// The revisions that hold the text; asked for alone, in a history that is not too large, also those
/// that have its letters.
fn revisions(app: &App, text: &str, alone: bool, fuzzy: &mut Fuzzy) -> Vec<(u32, Item)> {
    let Some(history) = &app.snapshot.history else { return Vec::new() };
    let nodes = || {
        app.graph.rows.iter().filter_map(|row| match row {
            crate::tui::app::Row::Revision { node, .. } => Some(*node),
            crate::tui::app::Row::Orphan(_) => None,
        })
    };
    let words = |node: Node| {
        let message = display_safe(&history.revision(node).message).into_owned();
        format!("{}  {message}", app.short_node(node))
    };
    let item = |node: Node, text: String, hits: Vec<u32>| Item {
        choice: Choice::Revision(node),
        text,
        key: String::new(),
        place: "Revision",
        disabled: None,
        hits,
    };
    if alone && app.graph.rows.len() <= FUZZY {
        return nodes()
            .filter_map(|node| {
                let words = words(node);
                let (score, hits) = fuzzy.score(&words)?;
                Some((score, item(node, words, hits)))
            })
            .take(MOST)
            .collect();
    }
    let search = history.names().search(text);
    let lower = text.to_lowercase();
    nodes()
        .filter(|node| search.finds(*node))
        .take(MOST)
        .map(|node| {
            let words = words(node);
            // Lower case may be longer than what it comes from: hits count its characters.
            let folded = words.to_lowercase();
            let start = folded.find(&lower).map(|at| folded[..at].chars().count() as u32);
            let hits = start.map_or_else(Vec::new, |start| {
                (start..start + lower.chars().count() as u32).collect()
            });
            (20, item(node, words, hits))
        })
        .collect()
}

/// With a capital at the start.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
