//! Subscriptions.
//!
//! One is created without a connection and disabled, as a dump does it: whether and when it starts
//! is nothing that a schema says. It is dropped without one too, so its slot stays on the
//! publisher; that is said as a loss.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use tokio_postgres::Row;

use super::{Alter, Call, Cx, Kind};
use crate::{
    pg::secret,
    schema::{
        Found, Key, KindId, Obj, Step,
        fact::Fact,
        object::Address,
        sql::{ident, ident_list, literal},
    },
};

/// A subscription.
#[derive(Debug)]
pub struct Subscription;

/// Attributes of a subscription.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of PostgreSQL's by that name")]
pub struct Spec {
    /// How the publisher is reached.
    pub connection: Connection,
    /// The publications, in the order in which they were named.
    pub publications: Vec<String>,
    /// `slot_name`; none is `NONE`.
    pub slot: Option<String>,
    /// `synchronous_commit`.
    pub synchronous_commit: String,
    /// `binary`.
    pub binary: bool,
    /// `streaming`: `off`, `on` or `parallel`.
    pub streaming: String,
    /// `two_phase`.
    pub two_phase: bool,
    /// `disable_on_error`.
    pub disable_on_error: bool,
    /// `password_required`.
    pub password_required: bool,
    /// `run_as_owner`.
    pub run_as_owner: bool,
    /// `failover`.
    pub failover: bool,
    /// `origin`.
    pub origin: String,
    /// Whether it is at work now.
    pub enabled: Fact<bool>,
}

/// A connection string; none for those who may not see it, and then equal to any.
#[derive(Clone)]
pub struct Connection(pub Option<String>);

impl PartialEq for Connection {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        }
    }
}

impl std::hash::Hash for Connection {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.masked())
    }
}

impl Serialize for Connection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.masked().serialize(serializer)
    }
}

impl Connection {
    /// The text without its password.
    fn masked(&self) -> Option<String> {
        self.0.as_ref().map(|text| secret::mask(&literal(text)).into_owned())
    }

    /// From what `query_to_xml` makes of it.
    fn from_xml(xml: Option<&str>) -> Self {
        let value = xml.and_then(|xml| Some(xml.split_once("<c>")?.1.rsplit_once("</c>")?.0));
        Self(value.map(|value| {
            value
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&#x0d;", "\r")
                .replace("&amp;", "&")
        }))
    }
}

impl Subscription {
    /// The key of the subscription with this name.
    pub fn key(name: &str) -> Key {
        Key::global(Self::ID, name)
    }
}

impl Kind for Subscription {
    type Spec = Spec;

    const ID: KindId = KindId("subscription");
    const CATALOG: &'static str = "pg_subscription";
    const WEIGHT: u16 = 195;

    fn query(version: u32) -> Cow<'static, str> {
        let since = |from: u32, column: &'static str, before: &'static str| {
            if version >= from { column } else { before }
        };
        let streaming = match version {
            160_000.. => {
                "CASE s.substream WHEN 't' THEN 'on' WHEN 'p' THEN 'parallel' ELSE 'off' END"
            }
            140_000.. => "CASE WHEN s.substream THEN 'on' ELSE 'off' END",
            _ => "'off'",
        };
        // Some columns are for superusers: a query that merely names one fails for others, so the
        // name stands in a query that is run for those who may.
        let guarded = |column: &str, letter: char| {
            format!(
                "CASE WHEN has_column_privilege('pg_subscription', '{column}', 'SELECT')
                      THEN query_to_xml(format('SELECT {column} AS {letter} FROM pg_catalog.pg_subscription
                                                 WHERE subdbid = %s AND subname = %L', s.subdbid, s.subname),
                                        false, true, '')::text END"
            )
        };
        let connection = guarded("subconninfo", 'c');
        let (oid, commit) = if version >= 140_000 {
            ("s.oid".to_owned(), "s.subsynccommit".to_owned())
        } else {
            let (oid, commit) = (guarded("oid", 'o'), guarded("subsynccommit", 's'));
            (
                format!(
                    "coalesce(substring({oid} FROM '<o>([0-9]+)</o>')::oid,
                              (SELECT min(w.subid::int8)::oid FROM pg_stat_subscription w
                                WHERE w.subname = s.subname))"
                ),
                format!("coalesce(substring({commit} FROM '<s>(\\w+)</s>'), 'off')"),
            )
        };
        format!(
            "SELECT 'pg_subscription'::regclass::oid, {oid}, s.subname::text, r.rolname::text,
                    {connection},
                    s.subpublications,
                    s.subslotname::text, {commit}, {binary}, {streaming}, {two_phase},
                    {on_error}, {password}, {run_as}, {failover}, {origin}, s.subenabled
               FROM pg_subscription s
               JOIN pg_roles r ON r.oid = s.subowner
              WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
            binary = since(140_000, "s.subbinary", "false"),
            two_phase = since(150_000, "s.subtwophasestate <> 'd'", "false"),
            on_error = since(150_000, "s.subdisableonerr", "false"),
            password = since(160_000, "s.subpasswordrequired", "true"),
            run_as = since(160_000, "s.subrunasowner", "false"),
            failover = since(170_000, "s.subfailover", "false"),
            origin = since(160_000, "s.suborigin", "'any'::text"),
        )
        .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let spec = Spec {
            connection: Connection::from_xml(row.try_get(4)?),
            publications: row.try_get::<_, Option<_>>(5)?.unwrap_or_default(),
            slot: row.try_get(6)?,
            synchronous_commit: row.try_get(7)?,
            binary: row.try_get(8)?,
            streaming: row.try_get(9)?,
            two_phase: row.try_get(10)?,
            disable_on_error: row.try_get(11)?,
            password_required: row.try_get(12)?,
            run_as_owner: row.try_get(13)?,
            failover: row.try_get(14)?,
            origin: row.try_get(15)?,
            enabled: Fact(row.try_get(16)?),
        };
        Ok(Found::new(at, Self::key(row.try_get(2)?), spec).owner(row.try_get(3)?))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("SUBSCRIPTION", ident(it.key.base_name()))
    }

    fn create(new: Obj<'_, Spec>, cx: &Cx<'_>) -> Vec<Step> {
        let spec = new.spec;
        let ordinary = Spec {
            slot: Some(new.key.base_name().to_owned()),
            synchronous_commit: "off".to_owned(),
            binary: false,
            // What nobody says is `off` before 18 and `parallel` from then on.
            streaming: if cx.old.version >= 180_000 { "parallel" } else { "off" }.to_owned(),
            two_phase: false,
            disable_on_error: false,
            password_required: true,
            run_as_owner: false,
            failover: false,
            origin: "any".to_owned(),
            ..spec.clone()
        };
        let mut with = vec!["connect = false".to_owned()];
        with.extend(options(&ordinary, spec));
        if spec.two_phase {
            with.push("two_phase = true".to_owned());
        }
        if spec.failover {
            with.push("failover = true".to_owned());
        }
        let connection = literal(spec.connection.0.as_deref().unwrap_or_default());
        let sql = format!(
            "CREATE {} CONNECTION {connection} PUBLICATION {} WITH ({})",
            Self::address(new),
            ident_list(&spec.publications),
            with.join(", ")
        );
        vec![Step::new(&new.key, sql)]
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { connection, publications, two_phase, failover, slot, .. } = new.spec;
        // Either takes the publisher's part to change.
        if *two_phase != old.spec.two_phase || *failover != old.spec.failover {
            return Alter::Replace;
        }
        let call = Self::address(new);
        let mut out = Vec::new();
        if *connection != old.spec.connection
            && let Some(text) = &connection.0
        {
            out.push(format!("ALTER {call} CONNECTION {}", literal(text)));
        }
        if *publications != old.spec.publications {
            let names = ident_list(publications);
            out.push(format!("ALTER {call} SET PUBLICATION {names} WITH (refresh = false)"));
        }
        if slot.is_none() && old.spec.slot.is_some() && *old.spec.enabled {
            out.push(format!("ALTER {call} DISABLE"));
        }
        let options = options(old.spec, new.spec);
        if !options.is_empty() {
            out.push(format!("ALTER {call} SET ({})", options.join(", ")));
        }
        Alter::InPlace(out.into_iter().map(|sql| Step::new(&new.key, sql)).collect())
    }

    fn drop(old: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let call = Self::address(old);
        let mut steps = Vec::new();
        let mut drop = Step::new(&old.key, format!("DROP {call}"));
        if *old.spec.enabled {
            steps.push(Step::new(&old.key, format!("ALTER {call} DISABLE")));
        }
        if let Some(slot) = &old.spec.slot {
            let sql = format!("ALTER {call} SET (slot_name = NONE)");
            steps.push(Step::new(&old.key, sql));
            drop = drop.loses(format!(
                "how far {} has come; its slot {} stays on the publisher",
                old.key,
                ident(slot)
            ));
        }
        steps.push(drop);
        steps
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        let sql = format!("ALTER {} RENAME TO {}", Self::address(it), ident(to.base_name()));
        Some(vec![Step::new(&it.key, sql)])
    }
}

/// The options that differ and that `ALTER SUBSCRIPTION … SET` takes too.
fn options(old: &Spec, new: &Spec) -> Vec<String> {
    let Spec {
        connection: _,
        publications: _,
        slot,
        synchronous_commit,
        binary,
        streaming,
        two_phase: _,
        disable_on_error,
        password_required,
        run_as_owner,
        failover: _,
        origin,
        enabled: _,
    } = new;
    let mut out = Vec::new();
    if *slot != old.slot {
        let name = slot.as_ref().map_or_else(|| "NONE".to_owned(), |name| literal(name));
        out.push(format!("slot_name = {name}"));
    }
    for (name, was, now) in [
        ("synchronous_commit", &old.synchronous_commit, synchronous_commit),
        ("streaming", &old.streaming, streaming),
        ("origin", &old.origin, origin),
    ] {
        if was != now {
            out.push(format!("{name} = {}", literal(now)));
        }
    }
    for (name, was, now) in [
        ("binary", old.binary, *binary),
        ("disable_on_error", old.disable_on_error, *disable_on_error),
        ("password_required", old.password_required, *password_required),
        ("run_as_owner", old.run_as_owner, *run_as_owner),
    ] {
        if was != now {
            out.push(format!("{name} = {now}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_string_comes_back_from_xml_and_its_password_does_not_show() {
        let xml = "<row xmlns:xsi=\"…\">\n  <c>host=h password='a&lt;&amp;amp;b'</c>\n</row>\n";
        let connection = Connection::from_xml(Some(xml));
        assert_eq!(connection.0.as_deref(), Some("host=h password='a<&amp;b'"));
        let shown = format!("{connection:?}") + &serde_json::to_string(&connection).unwrap();
        assert!(shown.contains("host=h") && !shown.contains("a<"), "{shown}");
    }

    #[test]
    fn an_unknown_connection_string_is_no_difference() {
        let known = Connection(Some("host=h".into()));
        assert_eq!(known, Connection(None));
        assert_ne!(known, Connection(Some("host=i".into())));
    }
}
