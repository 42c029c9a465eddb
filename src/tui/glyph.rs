//! The characters that carry meaning, in box-drawing form and in plain ASCII.
//!
//! Marks of revisions and the graph's lines are shared with the command line
//! ([`crate::present::lanes`]); here is what only a screen needs.

use ratatui::symbols::border;

use crate::present::lanes::Charset;

/// One set of characters; every one is one cell wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// What the graph is drawn with.
    pub charset: Charset,
    /// Before the selected row.
    pub pointer: &'static str,
    /// Before rows that an upgrade to the selected one would run.
    pub bar: &'static str,
    /// "The database is here".
    pub here: &'static str,
    /// The file changed after it was applied.
    pub edited: &'static str,
    /// Something to look at.
    pub warn: &'static str,
    /// Failed, or missing.
    pub cross: &'static str,
    /// Cancelled.
    pub cancelled: &'static str,
    /// Done, or fine.
    pub check: &'static str,
    /// A running server.
    pub server_up: &'static str,
    /// A stopped server.
    pub server_down: &'static str,
    /// Waits its turn.
    pub waits: &'static str,
    /// Paused or waiting for a lock.
    pub paused: &'static str,
    /// Text goes on.
    pub ellipsis: &'static str,
    /// Between facts of one line.
    pub dot: &'static str,
    /// From, to.
    pub arrow: &'static str,
    /// A wrapped line goes on here.
    pub wrapped: &'static str,
    /// The other side has no such line.
    pub absent: &'static str,
    /// Between two columns.
    pub rule: &'static str,
    /// Around folded lines.
    pub fold: &'static str,
    /// An open group.
    pub open: &'static str,
    /// A closed group.
    pub closed: &'static str,
    /// A child in a tree.
    pub branch: &'static str,
    /// The done part of a bar.
    pub bar_done: &'static str,
    /// The rest of a bar.
    pub bar_rest: &'static str,
    /// The text cursor of a prompt.
    pub caret: &'static str,
    /// The Enter key.
    pub enter: &'static str,
    /// More above.
    pub up: &'static str,
    /// More below.
    pub down: &'static str,
    /// The thumb of a scroll bar.
    pub thumb: &'static str,
    /// Left edge of a badge.
    pub badge_left: &'static str,
    /// Right edge of a badge.
    pub badge_right: &'static str,
    /// A spinner's pictures.
    pub spinner: &'static [&'static str],
}

impl Glyphs {
    /// Box-drawing and symbols.
    pub const UNICODE: Self = Self {
        charset: Charset::Unicode,
        pointer: "▶",
        bar: "▎",
        here: "◀",
        edited: "✎",
        warn: "⚠",
        cross: "✖",
        cancelled: "⊘",
        check: "✔",
        server_up: "●",
        server_down: "○",
        waits: "·",
        paused: "‖",
        ellipsis: "…",
        dot: "·",
        arrow: "→",
        wrapped: "↪",
        absent: "╱",
        rule: "│",
        fold: "┄",
        open: "▾",
        closed: "▸",
        branch: "└",
        bar_done: "█",
        bar_rest: "░",
        caret: "▏",
        enter: "⏎",
        up: "↑",
        down: "↓",
        thumb: "▐",
        badge_left: "▌",
        badge_right: "▐",
        spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
    };

    /// Plain ASCII, for fonts, logs and screen readers.
    pub const ASCII: Self = Self {
        charset: Charset::Ascii,
        pointer: ">",
        bar: "!",
        here: "<",
        edited: "~",
        warn: "!",
        cross: "x",
        cancelled: "/",
        check: "v",
        server_up: "*",
        server_down: "o",
        waits: ".",
        paused: "=",
        ellipsis: "~",
        dot: "-",
        arrow: ">",
        wrapped: "\\",
        absent: "/",
        rule: "|",
        fold: "-",
        open: "v",
        closed: ">",
        branch: "`",
        bar_done: "#",
        bar_rest: ".",
        caret: "_",
        enter: "Enter",
        up: "^",
        down: "v",
        thumb: "#",
        badge_left: "[",
        badge_right: "]",
        spinner: &["|", "/", "-", "\\"],
    };

    /// The set for the setting `tui.glyphs`.
    pub fn new(ascii: bool) -> Self {
        if ascii { Self::ASCII } else { Self::UNICODE }
    }

    /// Whether this is the ASCII set.
    pub fn is_ascii(&self) -> bool {
        self.charset == Charset::Ascii
    }

    /// Frames: heavy with the focus, light and round without it.
    pub fn border(&self, focus: bool) -> border::Set<'static> {
        const ASCII: border::Set<'static> = border::Set {
            top_left: "+",
            top_right: "+",
            bottom_left: "+",
            bottom_right: "+",
            vertical_left: "|",
            vertical_right: "|",
            horizontal_top: "-",
            horizontal_bottom: "-",
        };
        const ASCII_FOCUS: border::Set<'static> =
            border::Set { horizontal_top: "=", horizontal_bottom: "=", ..ASCII };
        match (self.charset, focus) {
            (Charset::Unicode, true) => border::THICK,
            (Charset::Unicode, false) => border::ROUNDED,
            (Charset::Ascii, true) => ASCII_FOCUS,
            (Charset::Ascii, false) => ASCII,
        }
    }

    /// A picture of the spinner; a still one without motion.
    pub fn spin(&self, step: usize, motion: bool) -> &'static str {
        if motion { self.spinner[step % self.spinner.len()] } else { self.arrow }
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn glyphs_are_one_cell_wide() {
        for set in [Glyphs::UNICODE, Glyphs::ASCII] {
            let all = [
                set.pointer,
                set.bar,
                set.here,
                set.edited,
                set.warn,
                set.cross,
                set.cancelled,
                set.check,
                set.server_up,
                set.server_down,
                set.waits,
                set.paused,
                set.ellipsis,
                set.dot,
                set.arrow,
                set.wrapped,
                set.absent,
                set.rule,
                set.fold,
                set.open,
                set.closed,
                set.branch,
                set.bar_done,
                set.bar_rest,
                set.caret,
                set.up,
                set.down,
                set.thumb,
                set.badge_left,
                set.badge_right,
            ];
            for glyph in all.iter().chain(set.spinner) {
                assert_eq!(glyph.width(), 1, "{glyph}");
                assert_eq!(set.is_ascii(), glyph.is_ascii(), "{glyph}");
            }
        }
    }
}
