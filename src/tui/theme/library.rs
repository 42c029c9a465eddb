//! The themes there are: those built in, and those in the user's folders.

use std::{collections::BTreeMap, path::PathBuf};

use super::{Depth, Theme, ThemeError};

/// What other themes stand on.
pub(super) const DEFAULT: &str = "limbeck";

macro_rules! built_in {
    ($($name:literal),+ $(,)?) => {
        const BUILT_IN: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../themes/", $name, ".toml"))),)+];
    };
}

built_in! {
    "limbeck", "graphite", "harbour", "lagoon", "moss", "ember", "rosewood", "dusk", "pastel",
    "okabe", "high-contrast", "terminal", "mono",
}

/// Themes that look the same on every ground.
const ONE_GROUND: [&str; 2] = ["terminal", "mono"];

/// The names of the built-in themes.
pub fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, _)| *name)
}

/// The built-in themes with colours for dark and for light grounds.
pub fn pairs() -> impl Iterator<Item = &'static str> {
    names().filter(|name| !ONE_GROUND.contains(name))
}

/// The theme that a name is one side of (`dark` and `light` of the default one, `moss-dark` of `moss`),
/// else the name itself.
pub fn family(name: &str) -> &str {
    match name {
        "dark" | "light" => DEFAULT,
        _ => {
            let stem = name.strip_suffix("-light").or_else(|| name.strip_suffix("-dark"));
            stem.filter(|stem| pairs().any(|pair| pair == *stem)).unwrap_or(name)
        }
    }
}

/// The text of a built-in theme, and the ground when the name says which: `dark` and `light` are the
/// two sides of the default theme, `NAME-dark` and `NAME-light` those of another.
pub(super) fn built_in(name: &str) -> Option<(&'static str, Option<bool>)> {
    let find = |wanted: &str| BUILT_IN.iter().find(|(known, _)| *known == wanted).map(|(_, t)| *t);
    match name {
        "dark" => return Some((find(DEFAULT)?, Some(false))),
        "light" => return Some((find(DEFAULT)?, Some(true))),
        _ => {}
    }
    find(name).map(|text| (text, None)).or_else(|| {
        let (stem, light) = match name.strip_suffix("-light") {
            Some(stem) => (stem, true),
            None => (name.strip_suffix("-dark")?, false),
        };
        pairs().any(|pair| pair == stem).then(|| find(stem).map(|text| (text, Some(light))))?
    })
}

/// The themes that can be chosen, read once, and what the terminal can show of them.
#[derive(Clone, Debug)]
pub struct Library {
    /// Texts of the user's theme files, by name.
    user: BTreeMap<String, String>,
    light: Option<bool>,
    depth: Depth,
}

impl Default for Library {
    /// The built-in themes on a dark terminal with all colours.
    fn default() -> Self {
        Self { user: BTreeMap::new(), light: None, depth: Depth::True }
    }
}

impl Library {
    /// Reads the theme files of these folders, the first one wins; what cannot be read is left out.
    pub fn read(folders: &[PathBuf], light: Option<bool>, depth: Depth) -> Self {
        let mut user = BTreeMap::new();
        for folder in folders {
            let Ok(files) = std::fs::read_dir(folder) else { continue };
            for path in files.filter_map(|file| Some(file.ok()?.path())) {
                if path.extension().is_some_and(|extension| extension == "toml")
                    && let Some(name) = path.file_stem().and_then(|stem| stem.to_str())
                    && let Ok(text) = std::fs::read_to_string(&path)
                {
                    user.entry(name.to_owned()).or_insert(text);
                }
            }
        }
        Self { user, light, depth }
    }

    /// The names that can be chosen: `auto`, the user's own, the built-in ones.
    pub fn names(&self) -> Vec<String> {
        let own = self.user.keys().map(String::as_str);
        let built_in = names().filter(|name| !self.user.contains_key(*name));
        let mut all = vec!["auto".to_owned()];
        all.extend(own.map(str::to_owned));
        all.extend(built_in.map(str::to_owned));
        all
    }

    /// Loads a theme by name.
    pub fn load(&self, name: &str) -> Result<Theme, ThemeError> {
        Theme::load(name, self.light, self.depth, &|name| self.user.get(name).cloned())
    }
}
