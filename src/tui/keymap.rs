//! Keys, sequences of keys, and the map from them to actions.

use std::{collections::BTreeMap, fmt};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{ACTIONS, Action, Context};

/// One key press. Shift is part of the character and therefore left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub struct Key {
    /// The key.
    pub code: KeyCode,
    /// With Ctrl.
    pub ctrl: bool,
    /// With Alt.
    pub alt: bool,
}

const NAMED: &[(&str, KeyCode)] = &[
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("BackTab", KeyCode::BackTab),
    ("Space", KeyCode::Char(' ')),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("Insert", KeyCode::Insert),
];

impl Key {
    /// A plain character.
    pub const fn char(c: char) -> Self {
        Self { code: KeyCode::Char(c), ctrl: false, alt: false }
    }

    /// A key without modifiers.
    pub const fn plain(code: KeyCode) -> Self {
        Self { code, ctrl: false, alt: false }
    }

    /// The key of a terminal event, in its one normal form.
    pub fn of(event: &KeyEvent) -> Self {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        let shift = event.modifiers.contains(KeyModifiers::SHIFT);
        let code = match event.code {
            KeyCode::Char(c) if ctrl => KeyCode::Char(c.to_ascii_lowercase()),
            KeyCode::Char(c) if shift => KeyCode::Char(c.to_ascii_uppercase()),
            KeyCode::Tab if shift => KeyCode::BackTab,
            KeyCode::Char('\n' | '\r') => KeyCode::Enter,
            code => code,
        };
        Self { code, ctrl, alt }
    }

    /// Reads a key: `u`, `U`, `Ctrl-u`, `Alt-x`, `Enter`, `F5`; names in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let (mut ctrl, mut alt, mut shift) = (false, false, false);
        while let Some((head, tail)) = rest.split_once('-') {
            if tail.is_empty() {
                break;
            }
            match head.to_ascii_lowercase().as_str() {
                "ctrl" | "c" => ctrl = true,
                "alt" | "a" => alt = true,
                "shift" | "s" => shift = true,
                _ => return None,
            }
            rest = tail;
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_control() => KeyCode::Char(if ctrl {
                c.to_ascii_lowercase()
            } else if shift {
                c.to_ascii_uppercase()
            } else {
                c
            }),
            _ => Self::named(rest)?,
        };
        let code = if shift && code == KeyCode::Tab { KeyCode::BackTab } else { code };
        Some(Self { code, ctrl, alt })
    }

    fn named(text: &str) -> Option<KeyCode> {
        let alias = match text.to_ascii_lowercase().as_str() {
            "return" | "cr" => Some(KeyCode::Enter),
            "escape" => Some(KeyCode::Esc),
            "pageup" => Some(KeyCode::PageUp),
            "pagedown" => Some(KeyCode::PageDown),
            "del" => Some(KeyCode::Delete),
            _ => None,
        };
        alias
            .or_else(|| NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|n| n.1))
            .or_else(|| {
                let number: u8 = text.strip_prefix(['F', 'f'])?.parse().ok()?;
                (1..=24).contains(&number).then_some(KeyCode::F(number))
            })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("Ctrl-")?;
        }
        if self.alt {
            f.write_str("Alt-")?;
        }
        if let Some((name, _)) = NAMED.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "F{n}"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// A key, or a short sequence such as `g g`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chord(pub Vec<Key>);

impl Chord {
    /// Reads keys separated by blanks; `gg` is short for `g g`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let keys: Option<Vec<Key>> = text.split_whitespace().map(Key::parse).collect();
        let keys = keys.or_else(|| {
            let pair: Vec<char> = text.chars().collect();
            let [a, b] = pair.as_slice() else { return None };
            Some(vec![Key::char(*a), Key::char(*b)])
        })?;
        (!keys.is_empty() && keys.len() <= 3).then_some(Self(keys))
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for key in &self.0 {
            write!(f, "{key}")?;
        }
        Ok(())
    }
}

/// What a sequence of keys leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// An action.
    Action(Action),
    /// The beginning of a longer sequence.
    Prefix,
    /// Nothing.
    Nothing,
}

/// The keys of every action, after the settings' changes.
#[derive(Clone, Debug)]
pub struct Keymap {
    bindings: Vec<(Action, Vec<Chord>)>,
    /// What is wrong with the settings' keys, one sentence each.
    pub conflicts: Vec<String>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self::new(&BTreeMap::new())
    }
}

impl Keymap {
    /// The registry's keys with the settings' on top: a listed action has exactly the keys it is
    /// given (none: unbound). A key that two actions of one context claim is reported, and the
    /// settings win over the built-in key.
    pub fn new(overrides: &BTreeMap<String, Vec<String>>) -> Self {
        let mut conflicts = Vec::new();
        for name in overrides.keys() {
            if !ACTIONS.iter().any(|entry| entry.name == name) {
                conflicts.push(format!("`tui.keys` names `{name}`, which is no action"));
            }
        }
        let mut bindings: Vec<(Action, Vec<Chord>, bool)> = Vec::new();
        for entry in ACTIONS {
            let (texts, own): (Vec<&str>, bool) = match overrides.get(entry.name) {
                Some(keys) => (keys.iter().map(String::as_str).collect(), true),
                None => (entry.keys.to_vec(), false),
            };
            let mut chords = Vec::new();
            for text in texts {
                match Chord::parse(text) {
                    Some(chord) => chords.push(chord),
                    None => {
                        conflicts.push(format!("`tui.keys.{}`: `{text}` is no key", entry.name));
                    }
                }
            }
            bindings.push((entry.action, chords, own));
        }
        for i in 0..bindings.len() {
            for j in i + 1..bindings.len() {
                let (a, b) = (bindings[i].0.entry(), bindings[j].0.entry());
                if !a.context.meets(b.context) {
                    continue;
                }
                let shared: Vec<Chord> =
                    bindings[i].1.iter().filter(|c| bindings[j].1.contains(c)).cloned().collect();
                for chord in shared {
                    // A screen's own key is meant to win over a global one, as long as both are ours.
                    if a.context != b.context && !bindings[i].2 && !bindings[j].2 {
                        continue;
                    }
                    let loser = if bindings[i].2 && !bindings[j].2 { j } else { i };
                    let loser = if bindings[i].2 == bindings[j].2 { j } else { loser };
                    let winner = if loser == i { b } else { a };
                    conflicts.push(format!(
                        "key `{chord}` is bound to `{}` and `{}`; `{}` has it",
                        a.name, b.name, winner.name
                    ));
                    bindings[loser].1.retain(|c| *c != chord);
                }
            }
        }
        let bindings = bindings.into_iter().map(|(action, chords, _)| (action, chords)).collect();
        Self { bindings, conflicts }
    }

    /// The keys of an action, the first one first.
    pub fn keys(&self, action: Action) -> &[Chord] {
        self.bindings.iter().find(|(a, _)| *a == action).map_or(&[], |(_, chords)| chords)
    }

    /// The key to show for an action; empty when it has none.
    pub fn label(&self, action: Action) -> String {
        self.keys(action).first().map(Chord::to_string).unwrap_or_default()
    }

    /// Looks a sequence up in these contexts, the first that knows it wins.
    pub fn find(&self, contexts: &[Context], keys: &[Key]) -> Found {
        let mut prefix = false;
        for context in contexts {
            for (action, chords) in &self.bindings {
                if action.entry().context != *context {
                    continue;
                }
                for chord in chords {
                    if chord.0 == keys {
                        return Found::Action(*action);
                    }
                    prefix |= chord.0.starts_with(keys);
                }
            }
        }
        if prefix { Found::Prefix } else { Found::Nothing }
    }
}
