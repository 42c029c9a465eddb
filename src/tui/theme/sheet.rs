//! Theme files: reading one, following what it inherits, and making styles of both.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};

use super::{Theme, ThemeError, library};

/// Longest chain of `inherits` that is followed, and of palette entries that name each other.
const MAX_INHERIT: usize = 8;

type Palette = BTreeMap<String, String>;

/// What a chain of theme files says, the theme itself first.
#[derive(Default)]
struct Sheet {
    light: Option<bool>,
    /// Entries for dark, light or any ground, in the order in which they win.
    palettes: Vec<(Option<bool>, Palette)>,
    roles: BTreeMap<String, BTreeMap<String, toml::Value>>,
}

impl Sheet {
    /// The palette for a ground.
    fn palette(&self, light: bool) -> Palette {
        let mut palette = Palette::new();
        let fitting = self.palettes.iter().filter(|(own, _)| own.is_none_or(|own| own == light));
        for (name, colour) in fitting.flat_map(|(_, entries)| entries) {
            palette.entry(name.clone()).or_insert_with(|| colour.clone());
        }
        palette
    }
}

/// Resolves a theme. `light` is what the terminal told; a theme for one ground alone does not care.
pub(super) fn resolve(
    name: &str,
    light: Option<bool>,
    user: &dyn Fn(&str) -> Option<String>,
) -> Result<Theme, ThemeError> {
    // Collected from the theme down to its ancestor, so that what is there already wins.
    let mut sheet = Sheet::default();
    let mut next = Some((name.to_owned(), false));
    let mut depth = 0;
    while let Some((current, built_in_only)) = next.take() {
        depth += 1;
        if depth > MAX_INHERIT {
            return Err(value(name, "`inherits` leads in a circle".to_owned()));
        }
        let own = if built_in_only { None } else { user(&current) };
        let from_user = own.is_some();
        let (text, pinned) = match own {
            Some(text) => (text, None),
            None => match library::built_in(&current) {
                Some((text, pinned)) => (text.to_owned(), pinned),
                None => return Err(ThemeError::unknown(&current)),
            },
        };
        let parent = read(&current, &text, &mut sheet)?;
        sheet.light = sheet.light.or(pinned);
        next = match parent {
            // A user's `dark` may inherit the built-in `dark`.
            Some(parent) => Some((parent.clone(), !from_user || parent == current)),
            // A user's file that names no parent stands on the built-in theme.
            None if from_user => Some((library::DEFAULT.to_owned(), true)),
            None => None,
        };
    }
    let light = sheet.light.or(light).unwrap_or(false);
    let palette = sheet.palette(light);
    let mut problem = None;
    let theme = Theme::from_roles(name, light, |role| {
        let Some(parts) = sheet.roles.get(role) else { return Style::default() };
        style(role, parts, &palette).unwrap_or_else(|text| {
            problem.get_or_insert(text);
            Style::default()
        })
    });
    problem.map_or(Ok(theme), |text| Err(value(name, text)))
}

fn value(name: &str, problem: String) -> ThemeError {
    ThemeError::Value { name: name.to_owned(), problem }
}

/// Adds what `text` says and `sheet` does not say yet; returns the parent's name.
fn read(name: &str, text: &str, sheet: &mut Sheet) -> Result<Option<String>, ThemeError> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| ThemeError::Syntax {
        name: name.to_owned(),
        problem: error.message().lines().collect::<Vec<_>>().join(" "),
    })?;
    let mut parent = None;
    for (key, entry) in table {
        match (key.as_str(), entry) {
            ("inherits", toml::Value::String(from)) => parent = Some(from),
            ("light", toml::Value::Boolean(light)) => {
                sheet.light.get_or_insert(light);
            }
            ("palette", toml::Value::Table(entries)) => {
                // What is meant for one ground wins over what is meant for both.
                let mut both = Palette::new();
                for (entry, colour) in entries {
                    match (entry.as_str(), colour) {
                        (_, toml::Value::String(colour)) => {
                            both.insert(entry, colour);
                        }
                        (ground @ ("dark" | "light"), toml::Value::Table(own)) => {
                            let own: Result<Palette, _> = own
                                .into_iter()
                                .map(|(entry, colour)| match colour {
                                    toml::Value::String(colour) => Ok((entry, colour)),
                                    _ => Err(no_text(name, &format!("{ground}.{entry}"))),
                                })
                                .collect();
                            sheet.palettes.push((Some(ground == "light"), own?));
                        }
                        (entry, _) => return Err(no_text(name, entry)),
                    }
                }
                sheet.palettes.push((None, both));
            }
            ("roles", toml::Value::Table(entries)) => {
                for (role, entry) in entries {
                    if !Theme::ROLES.contains(&role.as_str()) {
                        return Err(value(name, unknown("role", &role, Theme::ROLES)));
                    }
                    let parts = match entry {
                        toml::Value::String(fg) => {
                            toml::Table::from_iter([("fg".to_owned(), toml::Value::String(fg))])
                        }
                        toml::Value::Table(parts) => parts,
                        _ => {
                            return Err(value(
                                name,
                                format!("role `{role}` must be a colour or a table"),
                            ));
                        }
                    };
                    let known = sheet.roles.entry(role).or_default();
                    for (part, entry) in parts {
                        known.entry(part).or_insert(entry);
                    }
                }
            }
            (key, _) => {
                return Err(value(
                    name,
                    unknown("key", key, &["inherits", "light", "palette", "roles"]),
                ));
            }
        }
    }
    Ok(parent)
}

fn no_text(name: &str, entry: &str) -> ThemeError {
    value(name, format!("`palette.{entry}` must be a text like \"#7fb2e5\""))
}

fn unknown(what: &str, word: &str, known: &[&str]) -> String {
    let near = known.iter().map(|k| (strsim::damerau_levenshtein(k, word), k)).min();
    match near {
        Some((distance, near)) if distance <= 3 => {
            format!("unknown {what} `{word}`, perhaps `{near}`")
        }
        _ => format!("unknown {what} `{word}`"),
    }
}

const MODIFIERS: &[(&str, Modifier)] = &[
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
];

fn style(
    role: &str,
    parts: &BTreeMap<String, toml::Value>,
    palette: &BTreeMap<String, String>,
) -> Result<Style, String> {
    let mut style = Style::default();
    for (part, entry) in parts {
        match (part.as_str(), entry) {
            ("fg", toml::Value::String(name)) => style.fg = colour(role, name, palette)?,
            ("bg", toml::Value::String(name)) => style.bg = colour(role, name, palette)?,
            (name, toml::Value::Boolean(on)) => {
                let Some((_, modifier)) = MODIFIERS.iter().find(|(known, _)| *known == name) else {
                    return Err(format!(
                        "role `{role}`: {}",
                        unknown("key", name, &["fg", "bg", "bold"])
                    ));
                };
                if *on {
                    style = style.add_modifier(*modifier);
                }
            }
            (name, _) => {
                return Err(format!("role `{role}`: `{name}` has a value that means nothing"));
            }
        }
    }
    Ok(style)
}

/// `none` leaves the colour alone, `default` is the terminal's own.
fn colour(
    role: &str,
    name: &str,
    palette: &BTreeMap<String, String>,
) -> Result<Option<Color>, String> {
    // An entry may name another one (`accent = "blue"`); one that names itself is the terminal's.
    let mut text = name;
    for _ in 0..MAX_INHERIT {
        match palette.get(text) {
            Some(next) if next != text => text = next,
            _ => break,
        }
    }
    if text == "none" {
        return Ok(None);
    }
    if let Some(hex) = text.strip_prefix('#') {
        let digits = (hex.len() == 6).then(|| u32::from_str_radix(hex, 16).ok()).flatten();
        return digits
            .map(|rgb| Some(Color::Rgb((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8)))
            .ok_or_else(|| format!("role `{role}`: `{text}` is not a colour like #7fb2e5"));
    }
    Ok(Some(match text {
        "default" => Color::Reset,
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "white" => Color::Gray,
        "bright-black" => Color::DarkGray,
        "bright-red" => Color::LightRed,
        "bright-green" => Color::LightGreen,
        "bright-yellow" => Color::LightYellow,
        "bright-blue" => Color::LightBlue,
        "bright-magenta" => Color::LightMagenta,
        "bright-cyan" => Color::LightCyan,
        "bright-white" => Color::White,
        _ => {
            return Err(format!(
                "role `{role}`: neither the palette nor the terminal has a colour `{text}`"
            ));
        }
    }))
}
