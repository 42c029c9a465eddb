//! Hiding passwords in SQL text before it is shown, logged or stored.
//!
//! Three places hold them: the literal after `PASSWORD` or another word that names a secret (roles,
//! options of foreign servers and user mappings), `password=…` and the like in a connection string
//! (subscriptions, dblink), and `scheme://user:password@host`. The last two, and `PASSWORD '…'` in
//! the text of a routine or of a dynamic statement, are looked for in every literal and comment.

use std::borrow::Cow;

use super::lex::{Lexer, Token, TokenKind};

/// What stands in the place of a secret.
pub(crate) const MASK: &str = "***";

/// Masks all secrets of `sql`; borrowed when there are none.
pub(crate) fn mask(sql: &str) -> Cow<'_, str> {
    if !may_hold_secret(sql) {
        return Cow::Borrowed(sql);
    }
    let mut out = String::with_capacity(sql.len());
    for (_, text) in masked(sql) {
        out.push_str(&text);
    }
    if out == sql { Cow::Borrowed(sql) } else { Cow::Owned(out) }
}

/// Masks the secrets in the options of a DDL statement: of foreign servers, foreign tables, user
/// mappings and subscriptions. Every other statement is left as it is, since it is run later: the
/// body of a routine that compares a password must not be changed.
pub(crate) fn mask_options(sql: &str) -> Cow<'_, str> {
    let mut words = Lexer::new(sql)
        .filter(|token| token.kind == TokenKind::Word)
        .map(|token| token.text(sql).to_ascii_uppercase());
    let changes = words.next().is_some_and(|verb| matches!(verb.as_str(), "CREATE" | "ALTER"));
    let holds =
        |noun: String| matches!(noun.as_str(), "SERVER" | "USER" | "FOREIGN" | "SUBSCRIPTION");
    if changes && words.next().is_some_and(holds) { mask(sql) } else { Cow::Borrowed(sql) }
}

/// The tokens of `sql` with their texts, secrets masked.
pub(crate) fn masked(sql: &str) -> impl Iterator<Item = (Token, Cow<'_, str>)> {
    // A literal right after PASSWORD is secret, and so are its continuations on later lines.
    let mut secret = false;
    Lexer::new(sql).map(move |token| {
        let text = token.text(sql);
        let shown = match token.kind {
            TokenKind::String | TokenKind::DollarString if secret => {
                return (token, Cow::Owned(format!("'{MASK}'")));
            }
            TokenKind::Space => Cow::Borrowed(text),
            TokenKind::LineComment | TokenKind::BlockComment => mask_inside(text),
            TokenKind::String | TokenKind::DollarString => {
                secret = false;
                mask_inside(text)
            }
            TokenKind::Word | TokenKind::QuotedIdent => {
                secret = is_secret_name(text.trim_matches('"'));
                Cow::Borrowed(text)
            }
            _ => {
                secret = false;
                Cow::Borrowed(text)
            }
        };
        (token, shown)
    })
}

/// What the names of secrets end with.
const ENDINGS: [&str; 9] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "access_key",
    "api_key",
    "apikey",
    "private_key",
];

/// Whether an option of this name holds a secret, as foreign-data wrappers call them.
pub(crate) fn is_secret_name(name: &str) -> bool {
    ENDINGS.iter().any(|ending| {
        let start = name.len().checked_sub(ending.len());
        start.and_then(|at| name.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(ending))
    })
}

fn may_hold_secret(text: &str) -> bool {
    text.contains("://") || find_name(text, 0).is_some()
}

/// Where the next name of a secret, in any case, ends; and whether it is a password's.
fn find_name(text: &str, from: usize) -> Option<(usize, bool)> {
    let bytes = text.as_bytes();
    (from..bytes.len()).find_map(|at| {
        let first = bytes[at].to_ascii_lowercase();
        if !matches!(first, b'p' | b's' | b't' | b'a') {
            return None;
        }
        let fits = |name: &&&str| {
            let here = bytes.get(at..at + name.len());
            here.is_some_and(|here| here.eq_ignore_ascii_case(name.as_bytes()))
        };
        let name = ENDINGS.iter().find(fits)?;
        Some((at + name.len(), name.starts_with("passw")))
    })
}

/// Masks secrets in the text of a literal or comment.
fn mask_inside(text: &str) -> Cow<'_, str> {
    if !may_hold_secret(text) {
        return Cow::Borrowed(text);
    }
    let mut hidden = values(text);
    hidden.extend(url_passwords(text));
    hidden.sort_unstable();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end) in hidden {
        if start < at {
            continue;
        }
        out.push_str(&text[at..start]);
        out.push_str(MASK);
        at = end;
    }
    out.push_str(&text[at..]);
    if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

/// The values of `password=value`, `password = 'value'` and `PASSWORD 'value'`. Other secrets count
/// only where something is assigned to them: the words are common.
fn values(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((mut at, password)) = find_name(text, from) {
        let blanks = |from: usize| {
            from + bytes[from..].iter().take_while(|byte| byte.is_ascii_whitespace()).count()
        };
        from = at;
        // A quoted key, as in `"password": …`, is not one of the forms.
        at = blanks(at);
        let assigned = bytes.get(at) == Some(&b'=');
        if assigned {
            at = blanks(at + 1);
        }
        if !assigned && !password {
            continue;
        }
        if matches!(bytes.get(at), Some(b'E' | b'e')) && bytes.get(at + 1) == Some(&b'\'') {
            at += 1;
        }
        let quotes = bytes[at..].iter().take_while(|&&byte| byte == b'\'').count();
        // Within a literal the quotes of the inner one are doubled: as many close as opened. Two
        // quotes and nothing more may also be an empty value; then there is nothing to hide.
        let end = if quotes > 0 {
            let start = at + quotes;
            let close = &text[at..start];
            Some((start, text[start..].find(close).map_or(text.len(), |end| start + end)))
        } else if assigned {
            let value = &bytes[at..];
            let ends = |byte: &u8| {
                byte.is_ascii_whitespace() || matches!(byte, b'\'' | b'"' | b'&' | b'$')
            };
            Some((at, at + value.iter().position(ends).unwrap_or(value.len())))
        } else {
            None
        };
        if let Some((start, end)) = end {
            if end > start {
                found.push((start, end));
            }
            from = end.max(from);
        }
    }
    found
}

/// The passwords of `scheme://user:password@host`.
fn url_passwords(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("://") {
        let start = from + at + 3;
        let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '\'' | '"');
        let end = text[start..].find(ends).map_or(text.len(), |end| start + end);
        let authority = &text[start..end];
        if let Some((user, _)) = authority.rsplit_once('@')
            && let Some((name, password)) = user.split_once(':')
            && !password.is_empty()
        {
            let password_start = start + name.len() + 1;
            found.push((password_start, password_start + password.len()));
        }
        from = start;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sql: &str, expected: &str) {
        assert_eq!(mask(sql), expected);
    }

    #[test]
    fn passwords_of_roles() {
        check("ALTER ROLE a PASSWORD 'x''y' LOGIN", "ALTER ROLE a PASSWORD '***' LOGIN");
        check(
            "create role a encrypted password E'x\\'y'",
            "create role a encrypted password '***'",
        );
        check(
            "ALTER ROLE a PASSWORD /* p */ 'x'\n 'y'; SELECT 'z'",
            "ALTER ROLE a PASSWORD /* p */ '***'\n '***'; SELECT 'z'",
        );
        check("ALTER ROLE a PASSWORD $$x$$", "ALTER ROLE a PASSWORD '***'");
        check("ALTER ROLE a PASSWORD NULL", "ALTER ROLE a PASSWORD NULL");
        check(
            "CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'u', \"password\" 'x')",
            "CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'u', \"password\" '***')",
        );
        check("OPTIONS (sslpassword 'x')", "OPTIONS (sslpassword '***')");
        check(
            "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'h', Api_Key 'x', SET token 'y')",
            "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'h', Api_Key '***', SET token '***')",
        );
    }

    #[test]
    fn passwords_in_connection_strings() {
        check(
            "CREATE SUBSCRIPTION s CONNECTION 'host=h password=x dbname=d'",
            "CREATE SUBSCRIPTION s CONNECTION 'host=h password=*** dbname=d'",
        );
        check(
            "SELECT dblink('host=h PASSWORD = ''x y'' user=u')",
            "SELECT dblink('host=h PASSWORD = ''***'' user=u')",
        );
        check("CONNECTION 'postgres://u:p%40x@h/d?a=b'", "CONNECTION 'postgres://u:***@h/d?a=b'");
        check(
            "CONNECTION 'postgres://h/d?user=u&password=x&a=b'",
            "CONNECTION 'postgres://h/d?user=u&password=***&a=b'",
        );
        check(
            "CONNECTION 'host=h oauth_client_secret=x sslpassword=y user=u'",
            "CONNECTION 'host=h oauth_client_secret=*** sslpassword=*** user=u'",
        );
        check(
            "SELECT * FROM dblink('host=h passwd=x', 'SELECT secret FROM t')",
            "SELECT * FROM dblink('host=h passwd=***', 'SELECT secret FROM t')",
        );
        check("-- postgres://u:x@h\nSELECT 1", "-- postgres://u:***@h\nSELECT 1");
    }

    #[test]
    fn passwords_in_routines() {
        check(
            "DO $$ BEGIN ALTER ROLE a PASSWORD 'x'; END $$",
            "DO $$ BEGIN ALTER ROLE a PASSWORD '***'; END $$",
        );
        check(
            "DO $$ BEGIN EXECUTE 'ALTER ROLE a PASSWORD ''x'''; END $$",
            "DO $$ BEGIN EXECUTE 'ALTER ROLE a PASSWORD ''***'''; END $$",
        );
        check(
            "SELECT 'ALTER ROLE a PASSWORD ''x'' LOGIN'",
            "SELECT 'ALTER ROLE a PASSWORD ''***'' LOGIN'",
        );
    }

    #[test]
    fn only_options_are_masked_in_what_is_run_later() {
        let body =
            "CREATE FUNCTION f(t text) RETURNS bool LANGUAGE sql AS $$ SELECT password = 'x' $$";
        assert_eq!(mask_options(body), body);
        let comment = "COMMENT ON TABLE t IS 'password=x'";
        assert_eq!(mask_options(comment), comment);
        assert_eq!(
            mask_options("ALTER USER MAPPING FOR a SERVER s OPTIONS (SET password 'x')"),
            "ALTER USER MAPPING FOR a SERVER s OPTIONS (SET password '***')",
        );
        assert_eq!(
            mask_options("CREATE SUBSCRIPTION s CONNECTION 'host=h password=x' PUBLICATION p"),
            "CREATE SUBSCRIPTION s CONNECTION 'host=h password=***' PUBLICATION p",
        );
    }

    #[test]
    fn what_holds_no_secret_is_borrowed() {
        for sql in [
            "SELECT password FROM users WHERE password = 'x'",
            "COMMENT ON TABLE t IS 'no password here'",
            "SELECT 'https://example.org/a:b@c'",
            "COMMENT ON COLUMN t.token IS 'the secret ''token'' of a user'",
            "SELECT token, secret FROM t WHERE token = 'x'",
            "SELECT 1",
            "-- password",
            "SELECT 'password='",
        ] {
            assert!(matches!(mask(sql), Cow::Borrowed(_)), "{sql}");
        }
    }
}
