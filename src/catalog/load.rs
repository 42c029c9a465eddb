//! Reads a database into a [`Snapshot`].
//!
//! All queries go out at once on one connection, in one `REPEATABLE READ READ ONLY` transaction:
//! consistent, and as many round trips as one query takes. This file names no kind of object; it
//! asks each registered one for its query, and adds what is filed by address in the catalogs:
//! comments, labels, dependencies, membership in extensions.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use futures_util::future::{try_join, try_join_all};
use tokio_postgres::{Client, Row};

use super::unmanaged;
use crate::{
    code::{Code, Diagnose},
    schema::{KINDS, Key, Name, Object, Snapshot, kind::Filed, mention::Mention, object::Address},
};

/// A database could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the schema could not be read: {0}")]
pub struct LoadError(#[from] pub tokio_postgres::Error);

impl Diagnose for LoadError {
    fn code(&self) -> Code {
        Code::Sql
    }
}

/// Settings that the text of definitions depends on.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL search_path = pg_catalog; SET LOCAL quote_all_identifiers = off;
    SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC';
    SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex'; SET LOCAL jit = off;
    SET LOCAL row_security = off; SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0";

/// Comments, by address.
const COMMENTS: &str = "SELECT classoid, objoid, objsubid, description FROM pg_description
    WHERE objoid >= 16384 OR classoid = 'pg_namespace'::regclass";

/// Security labels, by address.
const LABELS: &str = "SELECT classoid, objoid, objsubid, provider, label FROM pg_seclabel";

/// Dependencies of user objects; the other side may be built in, and is then known to nobody.
const DEPENDS: &str = "SELECT classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype::text
    FROM pg_depend WHERE objid >= 16384 AND (refobjid >= 16384 OR refclassid = 'pg_namespace'::regclass)
      AND deptype <> 'S'";

/// Reads everything that the registered kinds know.
///
/// The connection must be in no transaction. On an error the transaction is rolled back.
pub async fn load(client: &Client) -> Result<Snapshot, LoadError> {
    client.batch_execute(BEGIN).await?;
    let read = read(client).await;
    // A read-only transaction has nothing to keep; the error that matters is the first one.
    let _ = client.batch_execute("ROLLBACK").await;
    Ok(read?)
}

async fn read(client: &Client) -> Result<Snapshot, tokio_postgres::Error> {
    let facts = client
        .query_one("SELECT current_setting('server_version_num')::int4, current_user::text", &[])
        .await?;
    let version = facts.try_get::<_, i32>(0)?.unsigned_abs();
    let role: String = facts.try_get(1)?;
    let kinds = try_join_all(KINDS.iter().map(|kind| {
        let sql = kind.query(version);
        async move { client.query(sql.as_ref(), &[]).await.map(|rows| (*kind, rows)) }
    }));
    let queries = [COMMENTS, LABELS, DEPENDS, unmanaged::CANDIDATES, unmanaged::LARGE_OBJECTS];
    let filed = try_join_all(queries.map(|sql| client.query(sql, &[])));
    let (kinds, filed) = try_join(kinds, filed).await?;

    let mut objects: Vec<Object> = Vec::new();
    let mut known: HashMap<Address, usize> = HashMap::new();
    // Comments and labels of a part that stands for an object are not the object's own.
    let mut own: HashMap<Address, usize> = HashMap::new();
    let mut apart: HashSet<(usize, Address)> = HashSet::new();
    let mut takes: Vec<(usize, Address)> = Vec::new();
    let mut mentioned: Vec<(usize, BTreeSet<Mention>)> = Vec::new();
    for (kind, rows) in kinds {
        for row in rows {
            let filed: Filed = kind.read(&row)?;
            own.extend(filed.at.first().map(|address| (*address, objects.len())));
            known.extend(filed.at.into_iter().map(|address| (address, objects.len())));
            apart.extend(filed.apart.into_iter().map(|address| (objects.len(), address)));
            takes.extend(filed.takes.into_iter().map(|address| (objects.len(), address)));
            if !filed.mentions.is_empty() {
                mentioned.push((objects.len(), filed.mentions));
            }
            objects.push(filed.object);
        }
    }
    comments(&mut objects, &own, &filed[0])?;
    labels(&mut objects, &own, &filed[1])?;
    for (taker, taken) in takes {
        if let Some(taken) = known.get(&taken).filter(|taken| **taken != taker) {
            let key = objects[taker].key.clone();
            objects[*taken].goes_with.push(key);
        }
    }
    let members = needs(&mut objects, &known, &own, &apart, &filed[2])?;
    wishes(&mut objects, &mentioned, &members);
    let kept = objects
        .into_iter()
        .enumerate()
        .filter(|(at, _)| !members.contains_key(at))
        .map(|(_, object)| Arc::new(object))
        .collect();
    let claimed = known.keys().map(|at| (at.class, at.object)).collect();
    let large = filed[4].first().map_or(Ok(0), |row| row.try_get(0))?;
    let mut snapshot = Snapshot::new(kept, version, role);
    snapshot.unmanaged = unmanaged::describe(client, &filed[3], &claimed, large).await?;
    Ok(snapshot)
}

fn address(row: &Row, from: usize) -> Result<Address, tokio_postgres::Error> {
    Ok(Address {
        class: row.try_get(from)?,
        object: row.try_get(from + 1)?,
        sub: row.try_get(from + 2)?,
    })
}

fn comments(
    objects: &mut [Object],
    known: &HashMap<Address, usize>,
    rows: &[Row],
) -> Result<(), tokio_postgres::Error> {
    for row in rows {
        if let Some(at) = known.get(&address(row, 0)?) {
            objects[*at].meta.comment = Some(row.try_get(3)?);
        }
    }
    Ok(())
}

fn labels(
    objects: &mut [Object],
    known: &HashMap<Address, usize>,
    rows: &[Row],
) -> Result<(), tokio_postgres::Error> {
    for row in rows {
        if let Some(at) = known.get(&address(row, 0)?) {
            objects[*at].meta.labels.insert(row.try_get(3)?, row.try_get(4)?);
        }
    }
    Ok(())
}

/// Fills in what each object needs; returns those that are members of an extension, with that.
///
/// What depends on a member depends on its extension: the member is not ours to build.
fn needs(
    objects: &mut [Object],
    known: &HashMap<Address, usize>,
    own: &HashMap<Address, usize>,
    apart: &HashSet<(usize, Address)>,
    rows: &[Row],
) -> Result<HashMap<usize, usize>, tokio_postgres::Error> {
    // A column that no kind knows stands for its relation.
    let find =
        |at: Address| known.get(&at).or_else(|| known.get(&Address { sub: 0, ..at })).copied();
    let mut members: HashMap<usize, usize> = HashMap::new();
    let mut extension_of: BTreeMap<Address, usize> = BTreeMap::new();
    for row in rows {
        if row.try_get::<_, &str>(6)? != "e" {
            continue;
        }
        let member = address(row, 0)?;
        if let Some(extension) = find(address(row, 3)?) {
            extension_of.insert(member, extension);
            members.extend(find(member).map(|member| (member, extension)));
        }
    }
    let mut edges: Vec<(usize, Key)> = Vec::new();
    let mut along: Vec<(usize, Key)> = Vec::new();
    for row in rows {
        let (kind, from, to): (&str, _, _) = (row.try_get(6)?, address(row, 0)?, address(row, 3)?);
        if kind == "e" {
            continue;
        }
        // What takes a part of an object along leaves the object itself.
        let whole_goes = own.contains_key(&from);
        let Some(from) = find(from) else { continue };
        let is_apart = apart.contains(&(from, to));
        let whole = Address { sub: 0, ..to };
        let Some(to) = extension_of.get(&whole).copied().or_else(|| find(to)) else { continue };
        if from != to && whole_goes && matches!(kind, "a" | "i" | "P") {
            along.push((from, objects[to].key.clone()));
        }
        if is_apart {
            continue;
        }
        if kind == "x" {
            let name = objects[to].key.base_name().to_owned();
            objects[from].meta.extensions.push(name);
        }
        if from != to {
            edges.push((from, objects[to].key.clone()));
        }
    }
    for (from, to) in edges {
        objects[from].needs.push(to);
    }
    for (from, to) in along {
        objects[from].goes_with.push(to);
    }
    for (parent, more) in parts(objects) {
        objects[parent].needs.extend(more);
    }
    for object in objects.iter_mut() {
        object.needs.extend(object.parent.clone());
        object.needs.sort_unstable();
        object.needs.dedup();
        object.goes_with.sort_unstable();
        object.goes_with.dedup();
        object.meta.extensions.sort_unstable();
        object.meta.extensions.dedup();
    }
    // Parts of a member (the columns of its table) are members too.
    let mut extension_of: HashMap<Key, usize> =
        members.iter().map(|(at, extension)| (objects[*at].key.clone(), *extension)).collect();
    loop {
        let before = members.len();
        for (at, object) in objects.iter().enumerate() {
            let extension = object.parent.as_ref().and_then(|parent| extension_of.get(parent));
            if let Some(extension) = extension.copied()
                && members.insert(at, extension).is_none()
            {
                extension_of.insert(object.key.clone(), extension);
            }
        }
        if members.len() == before {
            return Ok(members);
        }
    }
}

/// Fills in what each object wishes for: the objects whose names stand in its text.
///
/// A member of an extension stands for its extension.
fn wishes(
    objects: &mut [Object],
    mentioned: &[(usize, BTreeSet<Mention>)],
    members: &HashMap<usize, usize>,
) {
    if mentioned.is_empty() {
        return;
    }
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut on_relation: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, object) in objects.iter().enumerate() {
        match object.key.name() {
            Name::InSchema { name, .. } | Name::Routine { name, .. } => {
                by_name.entry(name).or_default().push(at);
            }
            Name::OnRelation { relation, .. } => on_relation.entry(relation).or_default().push(at),
            _ => {}
        }
    }
    let nothing = Vec::new();
    let mut found: Vec<(usize, Vec<Key>)> = Vec::new();
    for (from, mentions) in mentioned {
        let names: HashSet<&str> = mentions.iter().map(|m| m.name.as_str()).collect();
        let mut wishes: Vec<usize> = Vec::new();
        for mention in mentions {
            // A name before the dot may be a schema, or a table of which this is a column.
            let fits = |at: &&usize| {
                let schema = objects[**at].key.schema();
                mention.qualifier.as_deref().is_none_or(|q| schema == Some(q))
            };
            let whole = by_name.get(mention.name.as_str()).unwrap_or(&nothing);
            wishes.extend(whole.iter().filter(fits));
            let parts = on_relation.get(mention.name.as_str()).unwrap_or(&nothing);
            let named = |at: &&usize| names.contains(objects[**at].key.base_name());
            wishes.extend(parts.iter().filter(fits).filter(named));
        }
        let mut keys: Vec<Key> = wishes
            .into_iter()
            .map(|at| members.get(&at).copied().unwrap_or(at))
            .filter(|at| at != from)
            .map(|at| objects[at].key.clone())
            .filter(|key| objects[*from].needs.binary_search(key).is_err())
            .collect();
        keys.sort_unstable();
        keys.dedup();
        found.push((*from, keys));
    }
    for (from, keys) in found {
        objects[from].wishes = keys;
    }
}

/// What parents need because their parts do.
fn parts(objects: &[Object]) -> Vec<(usize, Vec<Key>)> {
    let parts: Vec<&Object> = objects.iter().filter(|o| Snapshot::kind_of(o).part()).collect();
    let parents: HashSet<&Key> = parts.iter().filter_map(|o| o.parent.as_ref()).collect();
    let at: HashMap<&Key, usize> = objects
        .iter()
        .enumerate()
        .filter(|(_, o)| parents.contains(&o.key))
        .map(|(at, o)| (&o.key, at))
        .collect();
    parts
        .into_iter()
        .filter_map(|part| {
            let parent = *at.get(part.parent.as_ref()?)?;
            let needs = part.needs.iter().filter(|key| **key != objects[parent].key);
            Some((parent, needs.cloned().collect()))
        })
        .collect()
}
