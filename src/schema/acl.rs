//! Rights: `aclitem` lists, read and compared by grantee and grantor.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer, ser::SerializeSeq};

/// Who was granted what by whom. Equal whatever the order of the entries; that is kept to grant in
/// the order in which it was granted, so that a list reads alike wherever it was made.
#[derive(Clone, Debug, Default)]
pub struct Acl {
    entries: BTreeMap<Grant, Rights>,
    order: Vec<Grant>,
}

impl PartialEq for Acl {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Eq for Acl {}

/// One entry's parties.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// The role; none is PUBLIC.
    pub grantee: Option<String>,
    /// Who granted it.
    pub grantor: String,
}

/// The rights of one entry: the letter of each (`r`, `a`, `w`, …), and whether it may be passed on.
pub type Rights = BTreeMap<char, bool>;

impl Acl {
    /// Reads `aclitem[]::text[]`: `"some role"=arw*/owner`, `=r/owner` for PUBLIC. Entries that
    /// cannot be read are left out; the server writes none such.
    pub fn parse(items: &[String]) -> Self {
        let mut acl = Self::default();
        for item in items {
            let Some((grantee, rest)) = role(item) else { continue };
            let Some(rest) = rest.strip_prefix('=') else { continue };
            let Some((letters, grantor)) = rest.split_once('/') else { continue };
            let Some((Some(grantor), _)) = role(grantor) else { continue };
            let mut rights = Rights::new();
            let mut letters = letters.chars().peekable();
            while let Some(letter) = letters.next() {
                rights.insert(letter, letters.next_if_eq(&'*').is_some());
            }
            acl.add(Grant { grantee, grantor }, &rights);
        }
        acl
    }

    /// The entries in the order in which they were made.
    pub fn iter(&self) -> impl Iterator<Item = (&Grant, &Rights)> {
        self.order.iter().filter_map(|grant| Some((grant, self.entries.get(grant)?)))
    }

    /// The rights of one entry.
    pub fn get(&self, grant: &Grant) -> Option<&Rights> {
        self.entries.get(grant)
    }

    /// Takes out an entry.
    pub fn remove(&mut self, grant: &Grant) {
        self.entries.remove(grant);
        self.order.retain(|other| other != grant);
    }

    /// Adds rights; a right that is there already may be passed on if either says so.
    pub fn add(&mut self, grant: Grant, rights: &Rights) {
        if rights.is_empty() {
            return;
        }
        if !self.entries.contains_key(&grant) {
            self.order.push(grant.clone());
        }
        let entry = self.entries.entry(grant).or_default();
        for (letter, option) in rights {
            *entry.entry(*letter).or_default() |= option;
        }
    }
}

/// A role name at the start of `text`, quoted if it must be, and what follows; the empty name is
/// PUBLIC.
fn role(text: &str) -> Option<(Option<String>, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let mut name = String::new();
        let mut chars = quoted.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c != '"' {
                name.push(c);
            } else if chars.next_if(|(_, next)| *next == '"').is_some() {
                name.push('"');
            } else {
                return Some((Some(name), &quoted[at + 1..]));
            }
        }
        return None;
    }
    let end = text.find(['=', '/']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    Some(((!name.is_empty()).then(|| name.to_owned()), rest))
}

impl Serialize for Acl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.entries.len()))?;
        for (grant, rights) in &self.entries {
            let letters: String =
                rights.iter().flat_map(|(c, o)| [Some(*c), o.then_some('*')]).flatten().collect();
            let grantee = grant.grantee.as_deref().unwrap_or("PUBLIC");
            list.serialize_element(&format!("{grantee}={letters}/{}", grant.grantor))?;
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_as_the_server_writes_them() {
        let acl = Acl::parse(&[
            "postgres=arwdDxt/postgres".into(),
            "=r/postgres".into(),
            "\"a \"\"b=c\"=r*w/\"o/w\"".into(),
        ]);
        let json = serde_json::to_value(&acl).unwrap();
        assert_eq!(
            json,
            serde_json::json!([
                "PUBLIC=r/postgres",
                "a \"b=c=r*w/o/w",
                "postgres=Dadrtwx/postgres"
            ])
        );
    }
}
