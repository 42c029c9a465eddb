//! A known session for every revision, whatever the one before has left behind.

use std::fmt::Write;

use super::Options;
use crate::pg::ident::quote_literal;

/// Everything a script can leave in a session, but for advisory locks: `DISCARD ALL` would drop ours.
pub(super) const CLEAN: &str = "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; CLOSE ALL; \
     UNLISTEN *; DEALLOCATE ALL; DISCARD TEMP; DISCARD SEQUENCES";

/// What makes the server notice that we are gone, and leave alone a session that only waits, or our own
/// queries between revisions: in the
/// session itself, since `RESET ALL` takes it away with everything else.
///
/// A client that ends is noticed within half a second even while a statement runs (14 and later), one
/// whose machine or network went away within a minute; until then it would keep the runners' lock.
pub(super) fn vigil(version: u32) -> String {
    let mut sql = "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; \
                   SET tcp_keepalives_count = 3; SET tcp_user_timeout = '60s'; \
                   SET statement_timeout = 0"
        .to_owned();
    if version >= 140_000 {
        sql.push_str("; SET client_connection_check_interval = 500; SET idle_session_timeout = 0");
    }
    sql
}

/// How long a transaction of ours may sit idle before the server ends it: a suspended or cut-off
/// client must not hold its locks for ever.
const IDLE: &str = "30s";

/// The settings of a session that migrates, as statements.
///
/// They override what roles and databases preset: a `statement_timeout` meant for a web application
/// would otherwise kill index builds.
pub(super) fn settings(options: &Options, version: u32, local: bool, lock_timeout: bool) -> String {
    let set = if local { "SET LOCAL" } else { "SET" };
    let lock = if lock_timeout { options.lock_timeout.as_millis() } else { 0 };
    let statement = options.statement_timeout.as_millis();
    let mut sql = format!(
        "{set} lock_timeout = {lock}; {set} statement_timeout = {statement}; \
         {set} idle_in_transaction_session_timeout = '{IDLE}'; {set} synchronous_commit = on; \
         {set} standard_conforming_strings = on"
    );
    if version >= 170_000 {
        let _ = write!(sql, "; {set} transaction_timeout = 0");
    }
    let _ = write!(sql, "; {}", search_path(options, local));
    sql
}

/// The statement that sets where a revision's objects go.
///
/// Unset it is the role's own path without our schema: for a role of that name, `"$user"` is our
/// schema, and what revisions make would end up among our tables.
pub(super) fn search_path(options: &Options, local: bool) -> String {
    // `set_config` takes the list as written; SET would take it as one name.
    if let Some(path) = &options.search_path {
        return format!(
            "SELECT pg_catalog.set_config('search_path', {}, {local})",
            quote_literal(path)
        );
    }
    let ours = quote_literal(&options.schema);
    let parts = "pg_catalog.unnest(pg_catalog.string_to_array(\
                 pg_catalog.current_setting('search_path'), ',')) WITH ORDINALITY AS p(part, n)";
    let is_ours = format!(
        "CASE pg_catalog.btrim(part, ' \"') WHEN '$user' THEN session_user::text \
         ELSE pg_catalog.btrim(part, ' \"') END OPERATOR(pg_catalog.=) {ours}"
    );
    format!(
        "SELECT pg_catalog.set_config('search_path', pg_catalog.array_to_string(ARRAY(\
         SELECT part FROM {parts} WHERE NOT {is_ours} ORDER BY n), ','), {local}) \
         WHERE EXISTS (SELECT FROM {parts} WHERE {is_ours})"
    )
}
