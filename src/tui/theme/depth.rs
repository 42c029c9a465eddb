//! What a terminal can show, and what a style becomes where it can show less.

use ratatui::style::{Color, Style};

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

pub(super) fn has_rgb(style: Style) -> bool {
    [style.fg, style.bg].iter().any(|c| matches!(c, Some(Color::Rgb(..))))
}

pub(super) fn colourless(style: Style) -> Style {
    Style { fg: None, bg: None, underline_color: None, ..style }
}

pub(super) fn indexed(style: Style) -> Style {
    let nearest = |colour| match colour {
        Color::Rgb(r, g, b) => Color::Indexed(nearest_index(r, g, b)),
        other => other,
    };
    Style { fg: style.fg.map(nearest), bg: style.bg.map(nearest), ..style }
}

/// The nearest of the 6x6x6 cube (16..=231) and the grey ramp (232..=255).
pub(super) fn nearest_index(red: u8, green: u8, blue: u8) -> u8 {
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
