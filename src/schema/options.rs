//! Options as the catalogs keep them (`{key=value,…}`): compared as a set, written in their order.

use std::hash::{Hash, Hasher};

use serde::{Serialize, Serializer, ser::SerializeMap};

/// Keys with values. The order is that of the catalog, which `pg_dump` prints; it makes no
/// difference between two databases.
#[derive(Clone, Debug, Default, Eq)]
pub struct Options(Vec<(String, String)>);

impl Options {
    /// No options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of an option.
    pub fn get(&self, key: &str) -> Option<&String> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, value)| value)
    }

    /// Whether the option is there.
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Sets an option; a new one comes last.
    pub fn insert(&mut self, key: String, value: String) {
        match self.0.iter_mut().find(|(k, _)| *k == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key, value)),
        }
    }

    /// Takes an option out.
    pub fn remove(&mut self, key: &str) -> Option<String> {
        let at = self.0.iter().position(|(k, _)| k == key)?;
        Some(self.0.remove(at).1)
    }

    /// All options in order.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.iter().map(|(key, _)| key)
    }

    fn sorted(&self) -> Vec<(&String, &String)> {
        let mut sorted: Vec<_> = self.iter().collect();
        sorted.sort_unstable();
        sorted
    }
}

impl PartialEq for Options {
    fn eq(&self, other: &Self) -> bool {
        self.sorted() == other.sorted()
    }
}

impl Hash for Options {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sorted().hash(state);
    }
}

impl Serialize for Options {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.sorted() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl Extend<(String, String)> for Options {
    fn extend<T: IntoIterator<Item = (String, String)>>(&mut self, more: T) {
        for (key, value) in more {
            self.insert(key, value);
        }
    }
}

impl FromIterator<(String, String)> for Options {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(from: T) -> Self {
        let mut options = Self::new();
        options.extend(from);
        options
    }
}

impl IntoIterator for Options {
    type Item = (String, String);
    type IntoIter = std::vec::IntoIter<(String, String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Options {
    type Item = &'a (String, String);
    type IntoIter = std::slice::Iter<'a, (String, String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::sql::option_changes;

    fn options(text: &str) -> Options {
        text.split_whitespace()
            .filter_map(|o| o.split_once('='))
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect()
    }

    #[test]
    fn order_makes_no_difference_but_is_kept() {
        assert_eq!(options("b=1 a=2"), options("a=2 b=1"));
        assert_ne!(options("b=1 a=2"), options("a=2"));
        assert_eq!(options("b=1 a=2").keys().collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(serde_json::to_string(&options("b=1 a=2")).unwrap(), r#"{"a":"2","b":"1"}"#);
    }

    #[test]
    fn changes_lead_to_the_order_that_is_wanted() {
        // What the server does: takes out what is reset or set, and appends what is set.
        for (old, new) in [
            ("a=1 b=2", "a=5 b=2"),
            ("a=1 b=2 c=3", "a=1 c=3"),
            ("a=1", "b=2 a=1"),
            ("a=1 b=2", "a=1 b=2 c=3"),
            ("b=2 a=1", "a=1 b=3"),
            ("", "b=1 a=1"),
            ("a=1", ""),
        ] {
            let (old, new) = (options(old), options(new));
            let mut left: Vec<(String, String)> = old.clone().into_iter().collect();
            for change in option_changes(&old, &new) {
                let (verb, list) = change.split_once(" (").unwrap();
                for item in list.trim_end_matches(')').split(", ") {
                    let (key, value) = item.split_once('=').unwrap_or((item, ""));
                    left.retain(|(k, _)| k != key);
                    if verb == "SET" {
                        left.push((key.to_owned(), value.trim_matches('\'').to_owned()));
                    }
                }
            }
            assert_eq!(left, new.into_iter().collect::<Vec<_>>());
        }
        assert_eq!(option_changes(&options("a=1 b=2"), &options("a=1 b=2 c=3")), ["SET (c='3')"]);
    }
}
