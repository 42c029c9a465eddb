//! The entries of the palette and of the help: what there is, and what is left of it after typing.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};

use crate::{
    present::safe::display_safe,
    tui::{
        action::{self, ACTIONS, Action, Context, Entry},
        app::App,
        layer::{Choice, Item, ListLayer},
    },
};

/// Revisions offered at once.
const MOST: usize = 200;

/// A fuzzy pattern; matching needs scratch memory, kept here.
pub struct Fuzzy {
    matcher: Matcher,
    pattern: Pattern,
    chars: Vec<char>,
}

impl std::fmt::Debug for Fuzzy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fuzzy").field("pattern", &self.pattern).finish_non_exhaustive()
    }
}

impl Fuzzy {
    /// A pattern for this text: words in any order, upper case only where it is typed.
    pub fn new(text: &str) -> Self {
        Self {
            matcher: Matcher::new(Config::DEFAULT),
            pattern: Pattern::parse(text, CaseMatching::Smart, Normalization::Smart),
            chars: Vec::new(),
        }
    }

    /// Whether `text` matches.
    pub fn matches(&mut self, text: &str) -> bool {
        self.pattern.score(Utf32Str::new(text, &mut self.chars), &mut self.matcher).is_some()
    }

    /// How well `text` matches, and where.
    pub fn score(&mut self, text: &str) -> Option<(u32, Vec<u32>)> {
        let mut hits = Vec::new();
        let haystack = Utf32Str::new(text, &mut self.chars);
        let score = self.pattern.indices(haystack, &mut self.matcher, &mut hits)?;
        hits.sort_unstable();
        hits.dedup();
        Some((score, hits))
    }
}

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

/// The entries of the palette, best first. `>` asks for actions alone, `@` for revisions alone.
pub fn palette_items(app: &App, layer: &ListLayer) -> Vec<Item> {
    let typed = layer.input.value().trim_start();
    let (actions, revisions, text) = match typed.as_bytes().first() {
        Some(b'>') => (true, false, typed[1..].trim()),
        Some(b'@') => (false, true, typed[1..].trim()),
        _ => (true, !typed.trim().is_empty(), typed.trim()),
    };
    let mut fuzzy = Fuzzy::new(text);
    let mut found: Vec<(u32, usize, Item)> = Vec::new();
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
    if revisions && let Some(history) = &app.snapshot.history {
        let lower = text.to_lowercase();
        let mut count = 0;
        for row in &app.graph.rows {
            let crate::tui::app::Row::Revision { node, .. } = row else { continue };
            let revision = history.revision(*node);
            let words = format!("{}  {}", app.short_node(*node), display_safe(&revision.message));
            let scored = if actions {
                // Among actions, a revision must hold the text as it was typed. Lower case may be
                // longer than what it comes from: hits are characters of the lower-case text.
                let words = words.to_lowercase();
                words.find(&lower).map(|at| {
                    let start = words[..at].chars().count() as u32;
                    (20, (start..start + lower.chars().count() as u32).collect())
                })
            } else {
                fuzzy.score(&words)
            };
            let Some((score, hits)) = scored else { continue };
            found.push((
                score,
                ACTIONS.len() + count,
                Item {
                    choice: Choice::Revision(*node),
                    text: words,
                    key: String::new(),
                    place: "Revision",
                    disabled: None,
                    hits,
                },
            ));
            count += 1;
            if count == MOST {
                break;
            }
        }
    }
    if !text.is_empty() || !app.recent.is_empty() {
        found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    }
    found.into_iter().map(|(_, _, item)| item).collect()
}

/// With a capital at the start.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
