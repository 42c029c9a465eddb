//! Colours by meaning: a theme gives each role a style, and nothing else in the interface names a colour.
//!
//! Themes are TOML (`themes/*.toml`, `docs/themes.md`). Most are a palette for dark and one for light
//! grounds. A user's theme inherits one of the built-in ones and overrides only what it likes to: a
//! palette entry changes every role that uses it, a role changes alone. What a terminal cannot show is replaced role by role: 256 colours by the
//! nearest of the cube, 16 colours by the `terminal` theme, no colour by the `mono` theme.

mod depth;
pub mod library;
mod sheet;
#[cfg(test)]
mod tests;

use depth::{colourless, has_rgb, indexed};
use ratatui::style::Style;

pub use depth::Depth;
pub use library::Library;

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

impl ThemeError {
    fn unknown(name: &str) -> Self {
        let known = library::names().collect::<Vec<_>>().join(", ");
        Self::Unknown { name: name.to_owned(), known }
    }
}

impl Theme {
    /// A built-in theme in full colour.
    pub fn built_in(name: &str) -> Option<Self> {
        library::built_in(name)?;
        sheet::resolve(name, None, &|_| None).ok()
    }

    /// The dark theme, which every failure falls back to.
    pub fn dark() -> Self {
        Self::built_in("dark")
            .unwrap_or_else(|| Self::from_roles("dark", false, |_| Style::default()))
    }

    /// Loads the theme that the settings name. A theme for both grounds is dark or light as the
    /// terminal told, `auto` is the first of them; `user` returns the text of a user's theme file
    /// of that name, which wins over a built-in one.
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
        let theme = sheet::resolve(name, light, user)?;
        Ok(match depth {
            Depth::True => theme,
            Depth::Indexed => theme.map(|_, style| indexed(style)),
            Depth::Named => {
                let plain = sheet::resolve("terminal", light, &|_| None)?;
                theme.map(
                    |role, style| {
                        if has_rgb(style) { plain.role(role).unwrap_or(style) } else { style }
                    },
                )
            }
            Depth::Mono => {
                sheet::resolve("mono", light, &|_| None)?.map(|_, style| colourless(style))
            }
        })
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
