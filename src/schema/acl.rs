//! Rights: `aclitem` lists, read and compared by grantee and grantor.

use std::{
    collections::BTreeMap,
    hash::{Hash, Hasher},
    sync::Arc,
};

use serde::{Serialize, Serializer, ser::SerializeSeq};

/// Who was granted what by whom. Equal whatever the order of the entries; that is kept to grant in
/// the order in which it was granted, so that a list reads alike wherever it was made. Cheap to
/// clone: most tables have the same.
#[derive(Clone, Debug, Default)]
pub struct Acl(Arc<Entries>);

#[derive(Clone, Debug, Default)]
struct Entries {
    rights: BTreeMap<Grant, Rights>,
    order: Vec<Grant>,
}

impl PartialEq for Acl {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.rights == other.0.rights
    }
}

impl Eq for Acl {}

impl Hash for Acl {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.rights.hash(state);
    }
}

/// One entry's parties.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
        self.0.order.iter().filter_map(|grant| Some((grant, self.0.rights.get(grant)?)))
    }

    /// The rights of one entry.
    pub fn get(&self, grant: &Grant) -> Option<&Rights> {
        self.0.rights.get(grant)
    }

    /// Takes out an entry.
    pub fn remove(&mut self, grant: &Grant) {
        let entries = Arc::make_mut(&mut self.0);
        entries.rights.remove(grant);
        entries.order.retain(|other| other != grant);
    }

    /// Adds rights; a right that is there already may be passed on if either says so.
    pub fn add(&mut self, grant: Grant, rights: &Rights) {
        if rights.is_empty() {
            return;
        }
        let entries = Arc::make_mut(&mut self.0);
        if !entries.rights.contains_key(&grant) {
            entries.order.push(grant.clone());
        }
        let entry = entries.rights.entry(grant).or_default();
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
        let mut list = serializer.serialize_seq(Some(self.0.rights.len()))?;
        for (grant, rights) in &self.0.rights {
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
