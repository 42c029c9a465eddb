//! Roles that models name: they belong to the whole server, so a real one never gets any from us.

use std::collections::BTreeSet;

use tokio_postgres::{Client, error::DbError};

use crate::{pg::words::Words, schema::sql::ident};

/// All roles and memberships of the server, in one number.
const FINGERPRINT: &str = "SELECT md5(concat(
    (SELECT string_agg(r::text, ',' ORDER BY r.oid) FROM pg_catalog.pg_roles AS r),
    (SELECT string_agg(m::text, ',' ORDER BY m::text) FROM pg_catalog.pg_auth_members AS m)))";

/// Whether a block of code makes or changes roles, as far as its words tell.
pub(super) fn spoken_of(code: &str) -> bool {
    let lower = code.to_ascii_lowercase();
    ["create", "alter", "drop"].iter().any(|verb| {
        lower.match_indices(verb).any(|(at, _)| {
            let words = Words::new(&lower[at..]);
            ["role", "user", "group"].iter().any(|what| {
                let mut words = words.clone();
                words.accept(&format!("{verb} {what}")) && !words.at("mapping")
            })
        })
    })
}

/// The role that `error` misses; none when it is about something else.
///
/// The server tells it in the message alone; the session speaks English where it may.
pub(super) fn missing(error: &DbError) -> Option<String> {
    let rest = error.message().strip_prefix("role \"")?;
    Some(rest.strip_suffix("\" does not exist")?.to_owned())
}

/// Makes roles that cannot log in. Whoever else makes one at the same time is as good.
pub(super) async fn create(client: &Client, names: &BTreeSet<String>) -> bool {
    let mut made = false;
    for name in names {
        let sql = format!("CREATE ROLE {} NOLOGIN", ident(name));
        made |= client.batch_execute(&sql).await.is_ok();
    }
    made
}

/// Runs a block of code unless it changes a role of the server; tells whether it ran.
pub(super) async fn run_without(
    client: &Client,
    code: &str,
) -> Result<bool, tokio_postgres::Error> {
    let print = async || -> Result<String, tokio_postgres::Error> {
        client.query_one(FINGERPRINT, &[]).await?.try_get(0)
    };
    client.batch_execute("BEGIN").await?;
    let outcome = async {
        let before = print().await?;
        client.batch_execute(code).await?;
        Ok(before == print().await?)
    };
    let outcome = outcome.await;
    let end = if matches!(outcome, Ok(true)) { "COMMIT" } else { "ROLLBACK" };
    client.batch_execute(end).await?;
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_makes_roles_is_known_by_its_words() {
        assert!(spoken_of("DO $$ BEGIN CREATE  ROLE app; END $$"));
        assert!(spoken_of("do 'begin execute ''create user x''; end'"));
        assert!(!spoken_of("DO $$ BEGIN CREATE USER MAPPING FOR a SERVER b; END $$"));
        assert!(!spoken_of("DO $$ BEGIN CREATE TABLE role (); END $$"));
    }
}
