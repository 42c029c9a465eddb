//! Text search configurations, with the dictionaries that each type of token goes through.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cause, Change, Cx, Kind, Response};
use crate::schema::{Found, Key, KindId, Obj, Step, object::Address, sql::ident};

/// A text search configuration.
#[derive(Debug)]
pub struct TextSearchConfiguration;

/// Attributes of a text search configuration.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// Its parser, as SQL.
    pub parser: String,
    /// For types of tokens (as the parser calls them) the dictionaries in order, as SQL.
    pub mappings: BTreeMap<String, Vec<String>>,
}

impl TextSearchConfiguration {
    /// The key of the configuration with this name.
    pub fn key(schema: &str, name: &str) -> Key {
        Key::in_schema(Self::ID, schema, name)
    }
}

impl Kind for TextSearchConfiguration {
    type Spec = Spec;

    const ID: KindId = KindId("text search configuration");
    const CATALOG: &'static str = "pg_ts_config";
    const WEIGHT: u16 = 73;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT c.tableoid, c.oid, n.nspname::text, c.cfgname::text, r.rolname::text,
                format('%I.%I', pn.nspname, p.prsname), m.tokens, m.dictionaries
           FROM pg_ts_config c
           JOIN pg_namespace n ON n.oid = c.cfgnamespace
           JOIN pg_roles r ON r.oid = c.cfgowner
           JOIN pg_ts_parser p ON p.oid = c.cfgparser
           JOIN pg_namespace pn ON pn.oid = p.prsnamespace
          CROSS JOIN LATERAL (
                SELECT array_agg(t.alias::text ORDER BY m.maptokentype, m.mapseqno) AS tokens,
                       array_agg(format('%I.%I', dn.nspname, d.dictname)
                                 ORDER BY m.maptokentype, m.mapseqno) AS dictionaries
                  FROM pg_ts_config_map m
                  JOIN pg_ts_dict d ON d.oid = m.mapdict
                  JOIN pg_namespace dn ON dn.oid = d.dictnamespace
                  JOIN ts_token_type(c.cfgparser) t ON t.tokid = m.maptokentype
                 WHERE m.mapcfg = c.oid) m
          WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let list = |at| row.try_get::<_, Option<Vec<String>>>(at);
        let pairs = list(6)?.unwrap_or_default().into_iter().zip(list(7)?.unwrap_or_default());
        let mut mappings = BTreeMap::<_, Vec<_>>::new();
        for (token, dictionary) in pairs {
            mappings.entry(token).or_default().push(dictionary);
        }
        let spec = Spec { parser: row.try_get(5)?, mappings };
        Ok(Found::new(at, Self::key(row.try_get(2)?, row.try_get(3)?), spec).owner(row.try_get(4)?))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("TEXT SEARCH CONFIGURATION", it.key.sql())
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { parser, mappings } = new.spec;
        let create = format!("CREATE {} (PARSER = {parser})", Self::address(new));
        let mut steps = vec![Step::new(&new.key, create)];
        steps.extend(map(new, "ADD", mappings));
        steps
    }

    fn alter(old: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { parser, mappings } = new.spec;
        if *parser != old.spec.parser {
            return Alter::Replace;
        }
        let was = &old.spec.mappings;
        let gone: Vec<_> =
            was.keys().filter(|token| !mappings.contains_key(*token)).map(|t| ident(t)).collect();
        let mut steps = Vec::new();
        if !gone.is_empty() {
            let sql = format!("ALTER {} DROP MAPPING FOR {}", Self::address(new), gone.join(", "));
            steps.push(Step::new(&new.key, sql));
        }
        let changed = mappings.iter().filter(|(t, d)| was.get(*t).is_some_and(|was| was != *d));
        steps.extend(map(new, "ALTER", changed));
        steps.extend(map(new, "ADD", mappings.iter().filter(|(t, _)| !was.contains_key(*t))));
        Alter::InPlace(steps)
    }

    fn respond(old: Obj<'_, Spec>, new: Obj<'_, Spec>, cause: &Cause<'_>, _: &Cx<'_>) -> Response {
        match cause.change {
            // It names other dictionaries before the one that it named is dropped.
            Change::Gone if old.spec.parser == new.spec.parser => Response::Stay,
            Change::Gone | Change::Replaced | Change::Swapped => Response::Rebuild,
            Change::Retyped { .. } | Change::Reshaped => Response::Stay,
        }
    }

    fn rename(it: Obj<'_, Spec>, to: &Key) -> Option<Vec<Step>> {
        let call = Self::address(it);
        let sql = if it.key.schema() == to.schema() {
            format!("ALTER {call} RENAME TO {}", ident(to.base_name()))
        } else {
            format!("ALTER {call} SET SCHEMA {}", ident(to.schema().unwrap_or_default()))
        };
        Some(vec![Step::new(&it.key, sql)])
    }
}

/// One statement for all types of tokens that go through the same dictionaries.
fn map<'a>(
    it: Obj<'_, Spec>,
    verb: &str,
    mappings: impl IntoIterator<Item = (&'a String, &'a Vec<String>)>,
) -> Vec<Step> {
    let mut groups = BTreeMap::<&Vec<String>, Vec<String>>::new();
    for (token, dictionaries) in mappings {
        groups.entry(dictionaries).or_default().push(ident(token));
    }
    let call = TextSearchConfiguration::address(it);
    let step = |(dictionaries, tokens): (&Vec<String>, Vec<String>)| {
        let (tokens, with) = (tokens.join(", "), dictionaries.join(", "));
        Step::new(&it.key, format!("ALTER {call} {verb} MAPPING FOR {tokens} WITH {with}"))
    };
    groups.into_iter().map(step).collect()
}
