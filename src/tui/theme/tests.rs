//! Every built-in theme is complete, readable and whole with fewer colours.

use ratatui::style::{Color, Modifier, Style};

use super::{
    depth::{has_rgb, nearest_index},
    library::{names, pairs},
    *,
};

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
    for name in names() {
        let theme = Theme::load(name, None, Depth::True, &none).unwrap();
        assert_eq!(theme.name, name);
        if name == "mono" || name == "terminal" {
            continue;
        }
        for role in Theme::ROLES {
            assert_ne!(theme.role(role), Some(Style::default()), "{name} gives no style to {role}");
        }
    }
}

/// Both sides of every theme that has two.
fn sides() -> impl Iterator<Item = (String, Theme)> {
    pairs().flat_map(|name| ["dark", "light"].map(|side| format!("{name}-{side}"))).map(|name| {
        let theme = Theme::built_in(&name).unwrap();
        (name, theme)
    })
}

#[test]
fn there_are_ten_pairs_and_the_terminal_chooses_the_side() {
    assert!(pairs().count() >= 10);
    for name in pairs() {
        for light in [false, true] {
            let theme = Theme::load(name, Some(light), Depth::True, &none).unwrap();
            assert_eq!(theme.light, light, "{name}");
            let ground = luminance(theme.surface.bg.unwrap());
            assert_eq!(ground > 0.5, light, "{name}: the ground is as bright as it says");
        }
    }
    assert_eq!(Theme::load("auto", Some(true), Depth::True, &none).unwrap().name, "light");
    assert_eq!(Theme::built_in("mono-light"), None);
}

#[test]
fn text_is_readable_on_every_ground() {
    for (name, theme) in sides() {
        let least = if name.starts_with("high-contrast") { 7.0 } else { 4.5 };
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
    for (name, theme) in sides() {
        for role in DECORATION {
            let found = contrast(theme.role(role).unwrap().fg.unwrap(), theme.surface.bg.unwrap());
            assert!(found >= 1.6, "{name}: {role} has {found:.2}");
        }
    }
}

#[test]
fn lanes_of_a_theme_differ() {
    for (name, theme) in
        sides().chain([("terminal".to_owned(), Theme::built_in("terminal").unwrap())])
    {
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
        let error =
            Theme::load("mine", None, Depth::True, &move |n| (n == "mine").then(|| text.clone()))
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
    for name in names() {
        for role in Theme::ROLES {
            let at = |depth| Theme::load(name, None, depth, &none).unwrap().role(role).unwrap();
            assert!(!has_rgb(at(Depth::Indexed)) && !has_rgb(at(Depth::Named)), "{name} {role}");
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
