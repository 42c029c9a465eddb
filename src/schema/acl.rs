//! Rights: `aclitem` lists, read and compared by grantee and grantor.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer, ser::SerializeSeq};

/// Who was granted what by whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acl(pub BTreeMap<Grant, Rights>);

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
        let mut entries = BTreeMap::<Grant, Rights>::new();
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
            if !rights.is_empty() {
                entries.entry(Grant { grantee, grantor }).or_default().extend(rights);
            }
        }
        Self(entries)
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
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for (grant, rights) in &self.0 {
            let letters: String =
                rights.iter().map(|(c, o)| format!("{c}{}", if *o { "*" } else { "" })).collect();
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
