//! `~/.pgpass`: passwords by host, port, database and role.
//!
//! Rules as in the PostgreSQL documentation, "The Password File": five fields separated by colons,
//! `*` matches anything, `\:` and `\\` are escapes, the first match wins, and a connection through
//! a Unix socket is looked up as `localhost`.

use std::fmt;

use secrecy::SecretString;

use super::connection::is_socket;

/// A parsed password file. `Debug` shows how many lines it has, never what they say.
#[derive(Clone, Default)]
pub struct PassFile {
    entries: Vec<Entry>,
}

#[derive(Clone)]
struct Entry {
    /// Host, port, database, role; none is `*`.
    fields: [Option<String>; 4],
    password: SecretString,
}

impl fmt::Debug for PassFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PassFile({} entries)", self.entries.len())
    }
}

impl PassFile {
    /// Parses the text of a password file; lines that are no entry are skipped, as libpq does.
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self { entries: lines.filter_map(entry).collect() }
    }

    /// Whether there is no usable line.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The password of the first line that fits; an empty one counts as none.
    pub fn find(&self, host: &str, port: u16, database: &str, user: &str) -> Option<SecretString> {
        use secrecy::ExposeSecret;
        let host = if is_socket(host) { "localhost" } else { host };
        let port = port.to_string();
        let wanted = [host, &port, database, user];
        self.entries
            .iter()
            .find(|entry| {
                entry
                    .fields
                    .iter()
                    .zip(wanted)
                    .all(|(field, wanted)| field.as_deref().is_none_or(|text| text == wanted))
            })
            .map(|entry| entry.password.clone())
            .filter(|password| !password.expose_secret().is_empty())
    }
}

/// Splits one line at unescaped colons; the password is the rest, its escapes undone too.
fn entry(line: &str) -> Option<Entry> {
    let mut fields: [Option<String>; 4] = Default::default();
    let mut rest = line;
    for field in &mut fields {
        let (raw, after) = split_field(rest)?;
        *field = if raw == "*" { None } else { Some(unescape(raw)) };
        rest = after;
    }
    // What follows a fifth colon is ignored by libpq.
    let password = split_field(rest).map_or(rest, |(password, _)| password);
    Some(Entry { fields, password: SecretString::from(unescape(password)) })
}

/// The text up to the first unescaped colon, and what follows that colon.
fn split_field(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ':' => return Some((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn find(text: &str, host: &str, port: u16, database: &str, user: &str) -> Option<String> {
        PassFile::parse(text)
            .find(host, port, database, user)
            .map(|password| password.expose_secret().to_owned())
    }

    #[test]
    fn the_first_line_that_fits_wins() {
        let text = "# comment\n\nother:5432:app:ann:no\ndb:5432:*:ann:first\n*:*:*:*:last\n";
        assert_eq!(find(text, "db", 5432, "app", "ann").as_deref(), Some("first"));
        assert_eq!(find(text, "db", 5433, "app", "ann").as_deref(), Some("last"));
        assert_eq!(find("db:5432:app:ann:x", "db", 5432, "app", "bob"), None);
    }

    #[test]
    fn escapes_are_undone_in_every_field() {
        let text = r"fe80\:\:1:5432:a\\b:*:p\:w\\d";
        assert_eq!(find(text, "fe80::1", 5432, r"a\b", "x").as_deref(), Some(r"p:w\d"));
    }

    #[test]
    fn sockets_are_localhost() {
        let text = "localhost:*:*:*:s";
        assert_eq!(find(text, "/var/run/postgresql", 1, "d", "u").as_deref(), Some("s"));
        assert_eq!(find(text, "127.0.0.1", 1, "d", "u"), None);
    }

    #[test]
    fn an_escaped_star_is_a_star_and_short_lines_are_skipped() {
        let text = "db:5432\n\\*:*:*:*:star";
        assert_eq!(find(text, "db", 5432, "d", "u"), None);
        assert_eq!(find(text, "*", 5432, "d", "u").as_deref(), Some("star"));
    }

    #[test]
    fn empty_passwords_are_none_and_crlf_is_read() {
        assert_eq!(find("*:*:*:*:", "h", 1, "d", "u"), None);
        assert_eq!(find("*:*:*:*:p\r\n", "h", 1, "d", "u").as_deref(), Some("p"));
    }

    #[test]
    fn debug_is_silent() {
        assert_eq!(format!("{:?}", PassFile::parse("*:*:*:*:secret")), "PassFile(1 entries)");
    }
}
