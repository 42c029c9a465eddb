//! The registry of actions: complete, unique, documented.

use std::{collections::BTreeMap, fmt::Write as _};

use limbeck::tui::{
    action::{ACTIONS, Action, Context, Danger},
    keymap::{Chord, Key, Keymap},
};

#[test]
fn every_action_has_words_and_a_place() {
    for (index, entry) in ACTIONS.iter().enumerate() {
        assert_eq!(entry.action as usize, index, "the table is in the order of the enum");
        assert_eq!(entry.action.entry().name, entry.name);
        assert!(!entry.help.is_empty() && !entry.short.is_empty(), "{}", entry.name);
        assert!(!entry.keys.is_empty(), "{} has no key", entry.name);
        assert!(!entry.help.ends_with('.'), "{}", entry.name);
        assert!(entry.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", entry.name);
    }
    let mut names: Vec<&str> = ACTIONS.iter().map(|entry| entry.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ACTIONS.len(), "names are unique");
}

#[test]
fn keys_are_unique_per_context() {
    let mut seen: BTreeMap<(Context, String), &str> = BTreeMap::new();
    for entry in ACTIONS {
        for key in entry.keys {
            let chord = Chord::parse(key).unwrap_or_else(|| panic!("`{key}` is no key"));
            let other = seen.insert((entry.context, chord.to_string()), entry.name);
            assert_eq!(other, None, "`{key}` of {}", entry.name);
        }
    }
    assert!(Keymap::default().conflicts.is_empty());
}

#[test]
fn keys_print_as_they_are_read() {
    for text in
        ["u", "U", "Ctrl-u", "Alt-x", "Enter", "Space", "F5", "PgDn", "<", "-", "|", "Ctrl--"]
    {
        let key = Key::parse(text).unwrap_or_else(|| panic!("`{text}` is a key"));
        assert_eq!(Key::parse(&key.to_string()), Some(key), "{text}");
    }
    for text in ["", "nothing", "Hyper-x", "F99"] {
        assert_eq!(Key::parse(text), None, "{text}");
    }
}

#[test]
fn settings_change_keys_and_conflicts_are_told() {
    let set = |pairs: &[(&str, &[&str])]| {
        let map = pairs
            .iter()
            .map(|(name, keys)| {
                ((*name).to_owned(), keys.iter().map(|k| (*k).to_owned()).collect())
            })
            .collect();
        Keymap::new(&map)
    };
    let map = set(&[("upgrade-here", &["F5", "x"])]);
    assert_eq!(map.label(Action::UpgradeHere), "F5");
    assert!(map.conflicts.is_empty(), "{:?}", map.conflicts);
    // Taking a key of another action: the settings win, and it is told with both names.
    let map = set(&[("upgrade-here", &["d"])]);
    assert_eq!(map.label(Action::UpgradeHere), "d");
    assert_eq!(map.label(Action::DowngradeHere), "");
    assert!(
        map.conflicts[0].contains("upgrade-here") && map.conflicts[0].contains("downgrade-here")
    );
    // Unbound, unknown, unreadable.
    let map = set(&[("stamp", &[])]);
    assert_eq!(map.label(Action::Stamp), "");
    assert!(map.conflicts.is_empty());
    assert_eq!(set(&[("upgrade-heer", &["x"])]).conflicts.len(), 1);
    assert_eq!(set(&[("stamp", &["Hyper-x"])]).conflicts.len(), 1);
}

/// The page about keys, from the registry.
fn page() -> String {
    let mut text = String::from(
        "# Keys\n\n\
         Generated from the registry of actions (`src/tui/action.rs`) by `tests/tui/registry.rs`; with\n\
         `UPDATE_DOCS=1` the test writes it. `tui.keys` in `limbeck.toml` gives an action other keys by its name:\n\
         `upgrade-here = [\"F5\", \"u\"]`; an empty list takes its keys away. A sequence is written with blanks\n\
         (`\"g g\"`), modifiers with a dash (`\"Ctrl-u\"`).\n",
    );
    for context in Context::ALL {
        let _ = write!(
            text,
            "\n## {}\n\n| key | action | what it does |\n|---|---|---|\n",
            context.title()
        );
        for entry in ACTIONS.iter().filter(|entry| entry.context == context) {
            let keys: Vec<String> =
                entry.keys.iter().map(|key| format!("`{}`", key.replace('|', "\\|"))).collect();
            let asks = match entry.danger {
                Danger::None | Danger::File => "",
                Danger::Change | Danger::Destroy => " (asks first)",
            };
            let keys = keys.join(" ");
            let _ = writeln!(text, "| {keys} | `{}` | {}{asks} |", entry.name, entry.help);
        }
    }
    text
}

#[test]
fn the_page_about_keys_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/keys.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &page).expect("docs/keys.md can be written");
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert!(there == page, "docs/keys.md is old: run this test with UPDATE_DOCS=1");
}
