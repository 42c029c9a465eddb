//! `~/.pg_service.conf`: named sets of connection parameters.
//!
//! Rules as in the PostgreSQL documentation, "The Connection Service File": `[name]` opens a
//! service, `key=value` lines follow, `#` begins a comment line.

use std::path::Path;

use super::{conninfo::Params, error::ConfigError};

/// The parameters of `service` in `text`; none when the file has no such service.
pub(super) fn find(
    text: &str,
    path: &Path,
    service: &str,
) -> Result<Option<(Params, u32)>, ConfigError> {
    let mut found: Option<(Params, u32)> = None;
    for (line, number) in text.lines().map(str::trim).zip(1..) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            if found.is_some() {
                break;
            }
            if name == service {
                found = Some((Params::default(), number));
            }
            continue;
        }
        let Some((params, _)) = &mut found else { continue };
        let Some((name, value)) = line.split_once('=') else {
            return Err(ConfigError::new("not of the form `key=value`").at(path, number));
        };
        if matches!(name.trim(), "service" | "servicefile") {
            return Err(ConfigError::new("a service cannot name another one").at(path, number));
        }
        params.set(name.trim(), value.trim().to_owned()).map_err(|e| e.at(path, number))?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# services\n[one]\nhost=a\n\n[two]\nhost = b\n# port=1\nport=5433\n[three]\nnonsense\n";

    fn get(service: &str) -> Result<Option<(Params, u32)>, ConfigError> {
        find(TEXT, Path::new("/h/.pg_service.conf"), service)
    }

    #[test]
    fn a_service_ends_where_the_next_begins() {
        let (params, line) = get("two").expect("it parses").expect("it is there");
        assert_eq!(line, 5);
        let pairs: Vec<_> = params.0.into_iter().collect();
        assert_eq!(pairs, [("host", "b".to_owned()), ("port", "5433".to_owned())]);
        assert_eq!(get("four").expect("others are not looked at"), None);
    }

    #[test]
    fn mistakes_name_their_line() {
        let error = get("three").expect_err("it is nonsense").to_string();
        assert_eq!(error, "/h/.pg_service.conf:10: not of the form `key=value`");
        let error = find("[a]\nhots=x", Path::new("f"), "a").expect_err("misspelt").to_string();
        assert_eq!(error, "f:2: unknown connection parameter `hots`");
    }
}
