//! The tables limbeck keeps in a database, and what must be true of a server before it writes there.

use super::{
    Error, Options, fault,
    link::{number, rows, string, text, truth},
};
use crate::{
    code::Code,
    pg::ident::{QualifiedName, quote_ident, quote_literal},
};
use tokio_postgres::Client;

/// The layout of our tables; a higher one in `meta` belongs to a later limbeck.
pub(super) const FORMAT: u32 = 1;

/// The oldest server that has what the protocol needs (`pg_current_xact_id`, statement-wise timeouts).
const OLDEST: u32 = 130_000;

/// The names of our tables, ready for SQL.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) version: QualifiedName,
    pub(super) schema: String,
    pub(super) history: String,
    pub(super) step: String,
    pub(super) meta: String,
    /// The version table's name as a literal: several may share a schema, each with rows of its own.
    pub(super) own: String,
}

impl Names {
    pub(super) fn new(options: &Options) -> Self {
        let table = |name: &str| {
            QualifiedName { schema: options.schema.clone(), name: name.into() }.to_string()
        };
        Self {
            own: quote_literal(&options.version_table.to_string()),
            version: options.version_table.clone(),
            schema: options.schema.clone(),
            history: table("history"),
            step: table("step"),
            meta: table("meta"),
        }
    }
}

/// What is there, read in one round trip.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "facts about independent things")]
pub(super) struct Facts {
    pub(super) version: u32,
    pub(super) in_recovery: bool,
    pub(super) read_only: bool,
    /// The version table exists.
    pub(super) managed: bool,
    /// It can be read by this role.
    pub(super) readable: bool,
    /// The characters that its column holds; none when any number.
    pub(super) widest: Option<usize>,
    pub(super) history: bool,
    pub(super) history_readable: bool,
    pub(super) step: bool,
    pub(super) step_readable: bool,
    pub(super) meta: bool,
    meta_readable: bool,
    schema: bool,
    version_schema: bool,
    /// Version tables of Alembic that are not ours.
    pub(super) alembic: Vec<QualifiedName>,
    /// What makes one of our tables unsafe to write to.
    unsafe_tables: Vec<String>,
}

/// Reads the facts. Alembic's table may be called anything: it is known by its one column,
/// `version_num varchar` (1043 is its type).
pub(super) async fn facts(client: &Client, names: &Names) -> Result<Facts, Error> {
    let schema = quote_literal(&names.schema);
    let (vs, vt) = (quote_literal(&names.version.schema), quote_literal(&names.version.name));
    let sql = format!(
        "SELECT 's', pg_catalog.current_setting('server_version_num'), \
           pg_catalog.pg_is_in_recovery(), \
           pg_catalog.current_setting('default_transaction_read_only') OPERATOR(pg_catalog.=) 'on', \
           EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {schema}), \
           EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {vs}); \
         SELECT 't', n.nspname, c.relname, c.relkind, c.relhasrules, c.relrowsecurity, \
           (SELECT t.tgname FROM pg_catalog.pg_trigger t \
             WHERE t.tgrelid = c.oid AND NOT t.tgisinternal LIMIT 1), \
           CASE WHEN a.atttypid = 1043 AND a.atttypmod > 4 THEN a.atttypmod - 4 END, \
           pg_catalog.has_schema_privilege(n.oid, 'USAGE') \
             AND pg_catalog.has_table_privilege(c.oid, 'SELECT') \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_catalog.pg_attribute a \
           ON a.attrelid = c.oid AND a.attname = 'version_num' AND NOT a.attisdropped \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_(temp|toast)' AND ( \
           n.nspname = {schema} AND c.relname IN ('history', 'step', 'meta') \
           OR n.nspname = {vs} AND c.relname = {vt} OR c.relname = 'alembic_version' \
           OR c.relkind = 'r' AND c.relnatts = 1 AND a.atttypid = 1043) \
         ORDER BY n.nspname, c.relname"
    );
    let mut facts = Facts::default();
    for row in rows(client, &sql).await.map_err(|e| fault::plain(&e))? {
        if text(&row, 0) == Some("s") {
            facts.version = number(Some(&row), 1).unwrap_or(0);
            facts.in_recovery = truth(&row, 2);
            facts.read_only = truth(&row, 3);
            facts.schema = truth(&row, 4);
            facts.version_schema = truth(&row, 5);
            continue;
        }
        let (table_schema, name) = (string(&row, 1), string(&row, 2));
        let readable = truth(&row, 8);
        let ours = table_schema == names.schema;
        let mut known = false;
        if table_schema == names.version.schema && name == names.version.name {
            (facts.managed, facts.readable, known) = (true, readable, true);
            facts.widest = number(Some(&row), 7);
        } else if ours && name == "history" {
            (facts.history, facts.history_readable, known) = (true, readable, true);
        } else if ours && name == "step" {
            (facts.step, facts.step_readable, known) = (true, readable, true);
        } else if ours && name == "meta" {
            (facts.meta, facts.meta_readable, known) = (true, readable, true);
        } else if text(&row, 3) == Some("r") {
            facts.alembic.push(QualifiedName { schema: table_schema.clone(), name: name.clone() });
        }
        if known {
            let table = QualifiedName { schema: table_schema, name };
            let fault = if text(&row, 3) != Some("r") {
                Some("is no plain table".to_owned())
            } else if truth(&row, 4) {
                Some("has a rewrite rule".to_owned())
            } else if truth(&row, 5) {
                Some("has row-level security".to_owned())
            } else {
                text(&row, 6).map(|trigger| format!("has the trigger `{trigger}`"))
            };
            facts.unsafe_tables.extend(fault.map(|fault| format!("`{table}` {fault}")));
        }
    }
    Ok(facts)
}

impl Facts {
    /// Refuses servers and tables that must not be written to.
    pub(super) fn check(&self) -> Result<(), Error> {
        let refuse = |code, message: String, hint: &str| {
            Err(Error::new(code, message).with_state("nothing was changed").with_hint(hint))
        };
        if self.version < OLDEST {
            let major = self.version / 10_000;
            return refuse(
                Code::Connect,
                format!("the server is PostgreSQL {major}; limbeck needs 13 or later"),
                "upgrade the server, or connect to another one",
            );
        }
        if self.in_recovery {
            return refuse(
                Code::ReadOnly,
                "the server is a standby".into(),
                "connect to the primary (`target_session_attrs=read-write` finds it)",
            );
        }
        if self.read_only {
            return refuse(
                Code::ReadOnly,
                "`default_transaction_read_only` is on for this role or database".into(),
                "connect as a role that may write, or to the primary",
            );
        }
        if let Some(table) = self.unsafe_tables.first() {
            return refuse(
                Code::OwnTables,
                format!("{table}, so writing to it could run somebody else's code"),
                "make it a plain table without triggers, rules and row-level security",
            );
        }
        Ok(())
    }

    /// The statements that make what is missing.
    pub(super) fn missing(&self, names: &Names) -> Vec<String> {
        let mut sql = Vec::new();
        let needs_schema = !(self.history && self.step && self.meta)
            || names.version.schema == names.schema && !self.managed;
        if needs_schema && !self.schema {
            sql.push(format!("CREATE SCHEMA IF NOT EXISTS {}", quote_ident(&names.schema)));
        }
        if !self.managed {
            if !self.version_schema && names.version.schema != names.schema {
                sql.push(format!(
                    "CREATE SCHEMA IF NOT EXISTS {}",
                    quote_ident(&names.version.schema)
                ));
            }
            sql.push(version_table(&names.version));
        }
        if !self.history {
            sql.extend(history_table(names));
        }
        if !self.step {
            sql.push(step_table(names));
        }
        if !self.meta {
            sql.extend(meta_table(names));
        }
        sql
    }
}

/// DDL of the version table; by Alembic's name it gets Alembic's shape.
pub(super) fn version_table(name: &QualifiedName) -> String {
    if name.name == "alembic_version" {
        format!(
            "CREATE TABLE IF NOT EXISTS {name} (version_num varchar(32) NOT NULL, \
             CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
    } else {
        format!("CREATE TABLE IF NOT EXISTS {name} (version_num text PRIMARY KEY)")
    }
}

/// DDL of the audit table.
pub(super) fn history_table(names: &Names) -> [String; 2] {
    let history = &names.history;
    [
        format!(
            "CREATE TABLE IF NOT EXISTS {history} (\
               id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
               version_table text NOT NULL, \
               run uuid NOT NULL, \
               revision text NOT NULL, \
               parents text[] NOT NULL, \
               direction text NOT NULL CHECK (direction IN \
                 ('up', 'down', 'stamp', 'adopt', 'baseline', 'repair')), \
               state text NOT NULL, \
               up_exact text, up_semantic text, down_exact text, down_semantic text, \
               file text, message text, up_sql text, down_sql text, \
               xid text, \
               started timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(), \
               finished timestamptz, \
               duration interval GENERATED ALWAYS AS (finished - started) STORED, \
               lock_wait interval, \
               tries integer, \
               statements_done integer, statements_all integer, \
               by_session_user text NOT NULL DEFAULT session_user, \
               by_current_user text NOT NULL DEFAULT current_user, \
               os_user text, host text, \
               client_app text DEFAULT pg_catalog.current_setting('application_name'), \
               tool text, git_commit text, \
               sqlstate text, error text)"
        ),
        format!(
            "CREATE INDEX IF NOT EXISTS history_revision_idx ON {history} (version_table, revision, id)"
        ),
    ]
}

fn step_table(names: &Names) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {} (\
           version_table text NOT NULL, \
           revision text NOT NULL, \
           direction text NOT NULL CHECK (direction IN ('up', 'down')), \
           n integer NOT NULL, \
           sha text NOT NULL, \
           state text NOT NULL CHECK (state IN ('started', 'done')), \
           note text, \
           at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(), \
           PRIMARY KEY (version_table, revision, direction, n))",
        names.step
    )
}

fn meta_table(names: &Names) -> [String; 2] {
    let meta = &names.meta;
    let tool = env!("CARGO_PKG_VERSION");
    [
        format!("CREATE TABLE IF NOT EXISTS {meta} (key text PRIMARY KEY, value text NOT NULL)"),
        format!(
            "INSERT INTO {meta} VALUES ('format', '{FORMAT}'), ('minimum_tool', '{tool}') \
             ON CONFLICT DO NOTHING"
        ),
    ]
}

/// Makes what is missing and returns the facts afterwards. Runs under the runners' lock; a runner of
/// another version table in the same schema may still be making the same tables.
pub(super) async fn ensure(
    client: &Client,
    names: &Names,
    mut facts: Facts,
) -> Result<Facts, Error> {
    const RACES: [&str; 5] = ["42P06", "42P07", "23505", "42710", "XX000"];
    for attempt in 0.. {
        let missing = facts.missing(names);
        if missing.is_empty() {
            return Ok(facts);
        }
        let sql = format!(
            "BEGIN; SET LOCAL client_min_messages = warning; {}; COMMIT",
            missing.join("; ")
        );
        let made = client.batch_execute(&sql).await;
        if let Err(error) = made {
            drop(client.batch_execute("ROLLBACK").await);
            let race = fault::sqlstate(&error).is_some_and(|state| RACES.contains(&state));
            if !race || attempt == 10 {
                let mut made = fault::plain(&error).with_state("nothing was changed");
                if made.code == Code::Privilege {
                    made.hint = Some(format!(
                        "have the schema made for you: `CREATE SCHEMA {} AUTHORIZATION` and this role",
                        quote_ident(&names.schema)
                    ));
                }
                return Err(made);
            }
        }
        facts = self::facts(client, names).await?;
    }
    Ok(facts)
}

/// Refuses tables of a later limbeck.
pub(super) async fn check_format(
    client: &Client,
    names: &Names,
    facts: &Facts,
) -> Result<(), Error> {
    if !facts.meta || !facts.meta_readable {
        return Ok(());
    }
    let sql = format!(
        "SELECT (SELECT value FROM {0} WHERE key = 'format'), \
                (SELECT value FROM {0} WHERE key = 'minimum_tool')",
        names.meta
    );
    let found = rows(client, &sql).await.map_err(|e| foreign(&e, names))?;
    let said = found.first().map(|row| string(row, 0)).unwrap_or_default();
    match said.parse::<u32>() {
        Ok(format) if format <= FORMAT => Ok(()),
        Ok(_) => {
            let tool = found.first().map(|row| string(row, 1)).unwrap_or_default();
            let tool = if tool.is_empty() {
                "a later limbeck".into()
            } else {
                format!("limbeck {tool} or later")
            };
            Err(Error::new(
                Code::OwnTables,
                format!("the tables in schema `{}` belong to a later limbeck", names.schema),
            )
            .with_state("nothing was changed")
            .with_hint(format!("use {tool}")))
        }
        Err(_) => Err(unknown_format(names)),
    }
}

/// An error of reading our tables: other columns than ours are no fault of the server.
pub(super) fn foreign(error: &tokio_postgres::Error, names: &Names) -> Error {
    match fault::sqlstate(error) {
        Some("42703" | "42883" | "42804") => unknown_format(names),
        _ => fault::plain(error),
    }
}

fn unknown_format(names: &Names) -> Error {
    Error::new(
        Code::OwnTables,
        format!(
            "the tables in schema `{}` have a format that this limbeck does not know",
            names.schema
        ),
    )
    .with_state("nothing was changed")
    .with_hint(
        "use the limbeck that made them; if they are not limbeck's at all, set `schema` in \
         limbeck.toml to another name",
    )
}
