//! Colours by meaning: a theme gives each role a style, and nothing else in the interface names a colour.
//!
//! Themes are TOML (`themes/*.toml`, `docs/themes.md`). A user's theme inherits one of the built-in ones and
//! overrides only what it likes to: a palette entry changes every role that uses it, a role
//! changes alone. What a terminal cannot show is replaced role by role: 256 colours by the
//! nearest of the cube, 16 colours by the `terminal` theme, no colour by the `mono` theme.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// 24 bits.
    True,
    /// The 256 indexed ones.
    Indexed,
    /// The 16 named ones.
    Named,
    /// None (`NO_COLOR`, or a terminal that says `dumb`).
    Mono,
}

impl Depth {
    /// Tells the depth from `NO_COLOR`, `COLORTERM` and `TERM`, which the caller read.
    pub fn from_env(no_color: bool, colorterm: Option<&str>, term: Option<&str>) -> Self {
        let term = term.unwrap_or_default();
        if no_color || term == "dumb" {
            Self::Mono
        } else if matches!(colorterm, Some("truecolor" | "24bit")) || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256")
            || ["kitty", "ghostty", "foot", "alacritty"].iter().any(|t| term.contains(t))
        {
            Self::Indexed
        } else {
            Self::Named
        }
    }
}

macro_rules! roles {
    ($($(#[$doc:meta])+ $role:ident;)+) => {
        /// A style for each role.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Theme {
            /// Its name, as the settings call it.
            pub name: String,
            /// Made for a light ground.
            pub light: bool,
            $($(#[$doc])+ pub $role: Style,)+
        }

        impl Theme {
            /// The names of all roles, as theme files write them.
            pub const ROLES: &'static [&'static str] = &[$(stringify!($role)),+];

            /// The style of a role by name.
            pub fn role(&self, name: &str) -> Option<Style> {
                match name { $(stringify!($role) => Some(self.$role),)+ _ => None }
            }

            fn from_roles(name: &str, light: bool, mut style: impl FnMut(&'static str) -> Style) -> Self {
                Self { name: name.to_owned(), light, $($role: style(stringify!($role)),)+ }
            }
        }
    };
}

roles! {
    /// The ground everything stands on, and plain text on it.
    surface;
    /// The ground of popups.
    popup;
    /// Plain text.
    text;
    /// Text that matters.
    strong;
    /// Text that matters less.
    dim;
    /// Decoration; never carries meaning alone.
    faint;
    /// What the eye should find first.
    accent;
    /// Names of objects that can be opened.
    link;
    /// Titles of panes.
    title;
    /// The rest of a title.
    title_dim;
    /// Frames.
    border;
    /// The frame that has the focus.
    border_focus;
    /// Frames of popups.
    border_popup;
    /// Frames of popups that ask about something dangerous.
    border_danger;
    /// The selected row; patched over the row's own colours.
    selection;
    /// The selected row of a pane without focus.
    selection_idle;
    /// The text cursor of a prompt.
    cursor;
    /// The mark before the selected row.
    marker;
    /// Letters that a filter or search found.
    hit;
    /// Tabs.
    tab;
    /// The tab that is shown.
    tab_active;
    /// Keys in hints.
    key;
    /// Keys of actions that cannot be used now.
    key_disabled;
    /// What a key does.
    hint;
    /// Scroll positions.
    scroll;
    /// Revision ids.
    id;
    /// `(head main)`.
    label_head;
    /// `(base)`.
    label_base;
    /// `[billing]`.
    label_branch;
    /// Applied revisions.
    applied;
    /// Pending revisions.
    pending;
    /// Where the database is.
    current;
    /// Merges.
    merge;
    /// Revisions without a file.
    orphan;
    /// Failed revisions.
    failed;
    /// Files changed after they were applied.
    edited;
    /// Good news.
    ok;
    /// Worth a look.
    warn;
    /// Worth a stop.
    danger;
    /// Work in progress.
    running;
    /// Revisions that the selected action would run.
    would_run;
    /// The done part of a progress bar.
    bar_done;
    /// The rest of a progress bar.
    bar_rest;
    /// First lane colour.
    lane1;
    /// Second lane colour.
    lane2;
    /// Third lane colour.
    lane3;
    /// Fourth lane colour.
    lane4;
    /// Fifth lane colour.
    lane5;
    /// Sixth lane colour.
    lane6;
    /// Guard level dev.
    badge_dev;
    /// Guard level staging.
    badge_staging;
    /// Guard level prod.
    badge_prod;
    /// SQL keywords.
    sql_keyword;
    /// SQL strings.
    sql_string;
    /// SQL numbers and parameters.
    sql_number;
    /// SQL comments.
    sql_comment;
    /// SQL names.
    sql_ident;
    /// SQL names in quotes.
    sql_quoted;
    /// SQL operators and punctuation.
    sql_operator;
    /// The `+` before a line.
    diff_sign_add;
    /// The `-` before a line.
    diff_sign_remove;
    /// Tint of added lines; patched under the SQL colours.
    diff_add;
    /// Tint of removed lines.
    diff_remove;
    /// The changed words of an added line.
    diff_add_emphasis;
    /// The changed words of a removed line.
    diff_remove_emphasis;
    /// Where the other side has no line.
    diff_absent;
    /// Folded unchanged lines.
    diff_fold;
    /// Line numbers.
    diff_number;
}

const BUILT_IN: &[(&str, &str)] = &[
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("terminal", include_str!("../../themes/terminal.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// Longest chain of `inherits` that is followed.
const MAX_INHERIT: usize = 8;

/// Why a theme cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// There is no such theme.
    #[error("there is no theme `{name}`; built in are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// Those there are.
        known: String,
    },
    /// The TOML cannot be read.
    #[error("theme `{name}`: {problem}")]
    Syntax {
        /// The theme.
        name: String,
        /// What the parser said, on one line.
        problem: String,
    },
    /// A key or value means nothing.
    #[error("theme `{name}`: {problem}")]
    Value {
        /// The theme.
        name: String,
        /// What and where.
        problem: String,
    },
}

impl Theme {
    /// The names of the built-in themes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A built-in theme in full colour.
    pub fn built_in(name: &str) -> Option<Self> {
        let known = BUILT_IN.iter().any(|(n, _)| *n == name);
        known.then(|| Self::load(name, None, Depth::True, &|_| None).ok()).flatten()
    }

    /// The dark theme, which every failure falls back to.
    pub fn dark() -> Self {
        Self::built_in("dark")
            .unwrap_or_else(|| Self::from_roles("dark", false, |_| Style::default()))
    }

    /// Loads the theme that the settings name. `auto` is dark or light as the terminal told; `user`
    /// returns the text of a user's theme file of that name, which wins over a built-in one.
    pub fn load(
        choice: &str,
        light: Option<bool>,
        depth: Depth,
        user: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ThemeError> {
        let name = match (choice, light) {
            ("auto" | "", Some(true)) => "light",
            ("auto" | "", _) => "dark",
            (name, _) => name,
        };
        match depth {
            Depth::True => resolve(name, user),
            Depth::Indexed => resolve(name, user).map(|theme| theme.map(|_, style| indexed(style))),
            Depth::Named => {
                let plain = resolve("terminal", &|_| None)?;
                resolve(name, user).map(|theme| {
                    theme.map(|role, style| {
                        if has_rgb(style) { plain.role(role).unwrap_or(style) } else { style }
                    })
                })
            }
            Depth::Mono => {
                resolve("mono", &|_| None).map(|theme| theme.map(|_, style| colourless(style)))
            }
        }
    }

    /// The colour of a lane; lanes count on, the theme has six.
    pub fn lane(&self, colour: u8) -> Style {
        [self.lane1, self.lane2, self.lane3, self.lane4, self.lane5, self.lane6]
            [usize::from(colour) % 6]
    }

    fn map(&self, mut change: impl FnMut(&'static str, Style) -> Style) -> Self {
        Self::from_roles(&self.name, self.light, |role| {
            change(role, self.role(role).expect("every name in ROLES is a role"))
        })
    }
}

/// One theme file, read but not resolved.
#[derive(Default)]
struct Sheet {
    light: Option<bool>,
    palette: BTreeMap<String, String>,
    roles: BTreeMap<String, BTreeMap<String, toml::Value>>,
}

fn resolve(name: &str, user: &dyn Fn(&str) -> Option<String>) -> Result<Theme, ThemeError> {
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
        let text = own
            .or_else(|| {
                BUILT_IN.iter().find(|(n, _)| *n == current).map(|(_, text)| (*text).to_owned())
            })
            .ok_or_else(|| ThemeError::Unknown {
                name: current.clone(),
                known: Theme::names().collect::<Vec<_>>().join(", "),
            })?;
        let parent = read(&current, &text, &mut sheet)?;
        next = match parent {
            // A user's `dark` may inherit the built-in `dark`.
            Some(parent) => Some((parent.clone(), !from_user || parent == current)),
            // A user's file that names no parent stands on the built-in theme of its brightness.
            None if from_user => {
                Some((if sheet.light == Some(true) { "light" } else { "dark" }.to_owned(), true))
            }
            None => None,
        };
    }
    let mut problem = None;
    let theme = Theme::from_roles(name, sheet.light.unwrap_or(false), |role| {
        let Some(parts) = sheet.roles.get(role) else { return Style::default() };
        style(role, parts, &sheet.palette).unwrap_or_else(|text| {
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
                for (entry, colour) in entries {
                    let toml::Value::String(colour) = colour else {
                        return Err(value(
                            name,
                            format!("`palette.{entry}` must be a text like \"#7fb2e5\""),
                        ));
                    };
                    sheet.palette.entry(entry).or_insert(colour);
                }
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
    let text = palette.get(name).map_or(name, String::as_str);
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

fn has_rgb(style: Style) -> bool {
    [style.fg, style.bg].iter().any(|c| matches!(c, Some(Color::Rgb(..))))
}

fn colourless(style: Style) -> Style {
    Style { fg: None, bg: None, underline_color: None, ..style }
}

fn indexed(style: Style) -> Style {
    let nearest = |colour| match colour {
        Color::Rgb(r, g, b) => Color::Indexed(nearest_index(r, g, b)),
        other => other,
    };
    Style { fg: style.fg.map(nearest), bg: style.bg.map(nearest), ..style }
}

/// The nearest of the 6x6x6 cube (16..=231) and the grey ramp (232..=255).
fn nearest_index(red: u8, green: u8, blue: u8) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let wanted = [red, green, blue];
    let distance = |found: [u8; 3]| -> u32 {
        wanted.iter().zip(found).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
    };
    let steps = wanted.map(|v| (0..6).min_by_key(|i| STEPS[*i].abs_diff(v)).unwrap_or(0));
    let average = wanted.iter().map(|v| u16::from(*v)).sum::<u16>() / 3;
    let grey = (average.saturating_sub(3) / 10).min(23) as u8;
    if distance([8 + 10 * grey; 3]) < distance(steps.map(|i| STEPS[i])) {
        232 + grey
    } else {
        (16 + 36 * steps[0] + 6 * steps[1] + steps[2]) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none(_: &str) -> Option<String> {
        None
    }

    /// WCAG relative luminance of an sRGB colour.
    fn luminance(colour: Color) -> f64 {
        let Color::Rgb(r, g, b) = colour else { panic!("{colour:?} is not RGB") };
        let part = |v: u8| {
            let v = f64::from(v) / 255.0;
            if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
    }

    fn contrast(a: Color, b: Color) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    const DECORATION: &[&str] =
        &["faint", "border", "scroll", "bar_rest", "diff_absent", "diff_number", "key_disabled"];
    const GROUNDS: &[&str] =
        &["surface", "popup", "selection", "selection_idle", "diff_add", "diff_remove"];

    #[test]
    fn every_theme_defines_every_role() {
        for name in Theme::names() {
            let theme = Theme::load(name, None, Depth::True, &none).unwrap();
            assert_eq!(theme.name, name);
            if name == "mono" || name == "terminal" {
                continue;
            }
            for role in Theme::ROLES {
                assert_ne!(
                    theme.role(role),
                    Some(Style::default()),
                    "{name} gives no style to {role}"
                );
            }
        }
    }

    #[test]
    fn text_is_readable_on_every_ground() {
        for (name, least) in [("dark", 4.5), ("light", 4.5), ("high-contrast", 7.0)] {
            let theme = Theme::built_in(name).unwrap();
            for ground in GROUNDS {
                let ground_colour = theme.role(ground).unwrap().bg.unwrap();
                for role in Theme::ROLES.iter().filter(|r| !DECORATION.contains(r)) {
                    let style = theme.role(role).unwrap();
                    let Some(fg) = style.fg else { continue };
                    let found = contrast(fg, style.bg.unwrap_or(ground_colour));
                    assert!(found >= least, "{name}: {role} on {ground} has {found:.2}");
                }
            }
        }
    }

    #[test]
    fn decoration_can_still_be_seen() {
        for name in ["dark", "light", "high-contrast"] {
            let theme = Theme::built_in(name).unwrap();
            for role in DECORATION {
                let found =
                    contrast(theme.role(role).unwrap().fg.unwrap(), theme.surface.bg.unwrap());
                assert!(found >= 1.6, "{name}: {role} has {found:.2}");
            }
        }
    }

    #[test]
    fn lanes_of_a_theme_differ() {
        for name in ["dark", "light", "high-contrast", "terminal"] {
            let theme = Theme::built_in(name).unwrap();
            let colours: std::collections::HashSet<_> = (0..6).map(|i| theme.lane(i).fg).collect();
            assert_eq!(colours.len(), 6, "{name}");
            assert_eq!(theme.lane(0), theme.lane(6));
        }
    }

    #[test]
    fn a_user_theme_overrides_only_what_it_names() {
        let user = |name: &str| {
            (name == "mine").then(|| {
                "inherits = \"light\"\n[palette]\nblue = \"#003366\"\n[roles]\nid = { fg = \"red\", italic = true }\n"
                    .to_owned()
            })
        };
        let mine = Theme::load("mine", None, Depth::True, &user).unwrap();
        let light = Theme::built_in("light").unwrap();
        assert!(mine.light);
        assert_eq!(mine.text, light.text);
        // A palette entry reaches every role that uses it, in the parent too.
        assert_eq!(mine.accent.fg, Some(Color::Rgb(0, 0x33, 0x66)));
        // The parent's palette can be used.
        assert_eq!(mine.id.fg, light.danger.fg);
        assert_eq!(mine.id.add_modifier, Modifier::ITALIC);
    }

    #[test]
    fn a_user_theme_may_refine_the_built_in_of_its_name_or_need_no_parent() {
        let user = |name: &str| match name {
            "dark" => Some("inherits = \"dark\"\n[roles]\nborder = \"#ffffff\"\n".to_owned()),
            "plain" => Some("light = true\n[roles]\nid = \"#000000\"\n".to_owned()),
            _ => None,
        };
        let dark = Theme::load("auto", Some(false), Depth::True, &user).unwrap();
        assert_eq!(dark.border.fg, Some(Color::Rgb(255, 255, 255)));
        assert_eq!(dark.text, Theme::dark().text);
        let plain = Theme::load("plain", None, Depth::True, &user).unwrap();
        assert_eq!(plain.surface, Theme::built_in("light").unwrap().surface);
    }

    #[test]
    fn a_modifier_can_be_taken_away() {
        let user =
            |_: &str| Some("inherits = \"dark\"\n[roles]\naccent = { bold = false }\n".to_owned());
        let theme =
            Theme::load("mine", None, Depth::True, &|n| (n == "mine").then(|| user(n)).flatten())
                .unwrap();
        assert_eq!(theme.accent, Theme::dark().accent.not_bold_for_test());
    }

    trait NotBold {
        fn not_bold_for_test(self) -> Self;
    }
    impl NotBold for Style {
        fn not_bold_for_test(mut self) -> Self {
            self.add_modifier.remove(Modifier::BOLD);
            self
        }
    }

    #[test]
    fn mistakes_are_named() {
        let check = |text: &str, expected: &str| {
            let text = text.to_owned();
            let error = Theme::load("mine", None, Depth::True, &move |n| {
                (n == "mine").then(|| text.clone())
            })
            .unwrap_err()
            .to_string();
            assert!(error.contains(expected), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        };
        check("[roles]\nacent = \"#000000\"", "unknown role `acent`, perhaps `accent`");
        check("[roles]\naccent = \"#12345\"", "`#12345` is not a colour");
        check(
            "[roles]\naccent = \"blurple\"",
            "neither the palette nor the terminal has a colour `blurple`",
        );
        check("[roles]\naccent = { blink = true }", "unknown key `blink`");
        check("[roles]\naccent = 3", "role `accent` must be a colour or a table");
        check("[roles]\naccent = { fg = 3 }", "`fg` has a value");
        check("inherits = \"drak\"", "there is no theme `drak`");
        check("colours = 1", "unknown key `colours`");
        check("= 1", "theme `mine`:");
        let circle = |name: &str| match name {
            "a" => Some("inherits = \"b\"".to_owned()),
            "b" => Some("inherits = \"a\"".to_owned()),
            _ => None,
        };
        let error = Theme::load("a", None, Depth::True, &circle).unwrap_err().to_string();
        assert!(error.contains("circle"), "{error}");
    }

    #[test]
    fn fewer_colours_keep_every_meaning() {
        for name in Theme::names() {
            for role in Theme::ROLES {
                let at = |depth| Theme::load(name, None, depth, &none).unwrap().role(role).unwrap();
                assert!(
                    !has_rgb(at(Depth::Indexed)) && !has_rgb(at(Depth::Named)),
                    "{name} {role}"
                );
                let mono = at(Depth::Mono);
                assert_eq!((mono.fg, mono.bg), (None, None), "{name} {role}");
            }
        }
        let mono = Theme::load("light", None, Depth::Mono, &none).unwrap();
        // What only colour tells apart elsewhere has weight of its own here.
        for role in [
            mono.selection,
            mono.diff_add_emphasis,
            mono.badge_prod,
            mono.tab_active,
            mono.key,
            mono.hit,
        ] {
            assert!(!role.add_modifier.is_empty());
        }
        assert_ne!(mono.badge_prod, mono.badge_staging);
    }

    #[test]
    fn depth_follows_the_environment() {
        let check = |no_color, colorterm, term, expected| {
            assert_eq!(Depth::from_env(no_color, colorterm, term), expected);
        };
        check(true, Some("truecolor"), Some("xterm-256color"), Depth::Mono);
        check(false, Some("truecolor"), Some("xterm-256color"), Depth::True);
        check(false, None, Some("xterm-256color"), Depth::Indexed);
        check(false, None, Some("linux"), Depth::Named);
        check(false, None, None, Depth::Named);
        check(false, Some("truecolor"), Some("dumb"), Depth::Mono);
    }

    #[test]
    fn nearest_colours_are_exact_where_they_can_be() {
        assert_eq!(nearest_index(0, 0, 0), 16);
        assert_eq!(nearest_index(255, 255, 255), 231);
        assert_eq!(nearest_index(95, 135, 175), 67);
        assert_eq!(nearest_index(8, 8, 8), 232);
        assert_eq!(nearest_index(0x80, 0x80, 0x80), 244);
    }
}
