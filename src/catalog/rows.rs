//! A few made-up rows for the tables of a scratch database, to see that a plan keeps them.
//!
//! Values are plain for their type and as unlike each other as keys want them; a table whose
//! constraints refuse them stays empty. That is a best effort, and said by what it returns.

use std::{collections::BTreeSet, fmt};

use tokio_postgres::{Client, Error, Row};

use crate::schema::sql::{ident, literal, qualified};

/// How many rows a table gets.
const ROWS: u32 = 2;

/// The named tables, those that they refer to, and the partitions of both, with their columns.
const COLUMNS: &str = "WITH RECURSIVE wanted(oid) AS (
        SELECT c.oid FROM pg_catalog.pg_class AS c
          JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
          JOIN ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]))
            AS w(schema, name)
            ON n.nspname = w.schema AND c.relname = w.name
        UNION
        SELECT r.other FROM wanted AS w JOIN (
            SELECT f.conrelid AS one, f.confrelid AS other FROM pg_catalog.pg_constraint AS f
             WHERE f.contype = 'f'
             UNION ALL
            SELECT i.inhparent, i.inhrelid FROM pg_catalog.pg_inherits AS i) AS r ON r.one = w.oid),
    base(oid, root, typmod) AS (
        SELECT t.oid, t.oid, -1 FROM pg_catalog.pg_type AS t
        UNION ALL
        SELECT b.oid, t.typbasetype, t.typtypmod FROM base AS b
          JOIN pg_catalog.pg_type AS t ON t.oid = b.root WHERE t.typtype = 'd')
    SELECT n.nspname::text, c.relname::text, a.attname::text,
           pg_catalog.format_type(a.atttypid, a.atttypmod), t.typname::text, t.typtype::text,
           t.typcategory::text, greatest(a.atttypmod, b.typmod),
           a.attnotnull, a.atthasdef OR a.attidentity <> '',
           (SELECT e.enumlabel::text FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid
             ORDER BY e.enumsortorder LIMIT 1)
      FROM wanted AS w
      JOIN pg_catalog.pg_class AS c ON c.oid = w.oid AND c.relkind = 'r'
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_attribute AS a
        ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      JOIN LATERAL (SELECT b.* FROM base AS b JOIN pg_catalog.pg_type AS x ON x.oid = b.root
                     WHERE b.oid = a.atttypid AND x.typtype <> 'd') AS b ON true
      JOIN pg_catalog.pg_type AS t ON t.oid = b.root
     ORDER BY 1, 2, a.attnum";

/// A table, by schema and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableName {
    /// The schema.
    pub schema: String,
    /// The name.
    pub name: String,
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&qualified(&self.schema, &self.name))
    }
}

/// What a table holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// How many rows.
    pub rows: i64,
    /// All values of each column that was asked for, in their own order.
    pub columns: Vec<Option<String>>,
}

struct Column {
    name: String,
    kind: String,
    base: String,
    sort: String,
    category: String,
    modifier: i32,
    required: bool,
    default: bool,
    label: Option<String>,
}

impl Column {
    fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            name: row.try_get(2)?,
            kind: row.try_get(3)?,
            base: row.try_get(4)?,
            sort: row.try_get(5)?,
            category: row.try_get(6)?,
            modifier: row.try_get(7)?,
            required: row.try_get(8)?,
            default: row.try_get(9)?,
            label: row.try_get(10)?,
        })
    }

    /// A value for row `n`, in one of several fashions; none where we know no value of the type.
    fn value(&self, n: u32, fashion: usize) -> Option<String> {
        let number = [n, n + 10, n * 100, n + 1000][fashion % 4];
        let text = match fashion % 4 {
            0 => format!("{n}abc"),
            1 => format!("a{n}@example.org"),
            2 => format!("A{n}"),
            _ => format!("https://example.org/{n}"),
        };
        let value = match (self.sort.as_str(), self.category.as_str(), self.base.as_str()) {
            ("e", ..) => literal(self.label.as_deref()?),
            ("r", ..) => "'empty'".to_owned(),
            ("m", ..) | (_, "A", _) => "'{}'".to_owned(),
            ("b", _, base) => match base {
                "bool" => "true".to_owned(),
                "int2" | "int4" | "int8" | "numeric" | "float4" | "float8" | "oid" => {
                    number.to_string()
                }
                "money" => format!("{number}::numeric::money"),
                "text" | "citext" => literal(&text),
                "varchar" | "bpchar" => {
                    let most = usize::try_from(self.modifier - 4).unwrap_or(text.len());
                    literal(&text.chars().take(most).collect::<String>())
                }
                "name" => literal(&text),
                "char" => "'a'".to_owned(),
                "date" => format!("date '2020-01-01' + {n}"),
                "timestamp" | "timestamptz" => {
                    format!("timestamp '2020-01-01' + {n} * interval '1 day'")
                }
                "time" | "timetz" => format!("'10:00:0{n}'"),
                "interval" => format!("'{n} days'"),
                "uuid" => format!("pg_catalog.md5('{number}')::uuid"),
                "json" | "jsonb" => "'{}'".to_owned(),
                "bytea" => format!("'\\x0{n}'"),
                "inet" | "cidr" => format!("'10.0.0.{n}'"),
                "macaddr" => format!("'08:00:2b:01:02:0{n}'"),
                "bit" | "varbit" => {
                    let bits = usize::try_from(self.modifier).unwrap_or(1);
                    format!("B'{}'", "0".repeat(bits))
                }
                "xml" => "'<a/>'".to_owned(),
                "tsvector" | "tsquery" => "'a'".to_owned(),
                "point" => format!("'({n},{n})'"),
                "pg_lsn" => format!("'0/{n}'"),
                _ => return None,
            },
            _ => return None,
        };
        Some(format!("({value})::{}", self.kind))
    }
}

/// Gives rows to the named tables, and to those that they need for it; returns those of them that
/// took some.
pub async fn seed(client: &Client, tables: &[TableName]) -> Result<Vec<TableName>, Error> {
    let schemas: Vec<&str> = tables.iter().map(|t| t.schema.as_str()).collect();
    let names: Vec<&str> = tables.iter().map(|t| t.name.as_str()).collect();
    let mut empty: Vec<(TableName, Vec<Column>)> = Vec::new();
    for row in client.query(COLUMNS, &[&schemas, &names]).await? {
        let table = TableName { schema: row.try_get(0)?, name: row.try_get(1)? };
        let column = Column::read(&row)?;
        match empty.last_mut() {
            Some((last, columns)) if *last == table => columns.push(column),
            _ => empty.push((table, vec![column])),
        }
    }
    let mut seeded = Vec::new();
    // What refers to another table comes after it, however many tables stand between.
    loop {
        let before = empty.len();
        let mut left = Vec::new();
        for (table, columns) in empty {
            if fill(client, &table, &columns).await? {
                seeded.push(table);
            } else {
                left.push((table, columns));
            }
        }
        if left.is_empty() || left.len() == before {
            seeded.sort();
            return Ok(seeded);
        }
        empty = left;
    }
}

/// Gives a table its rows; tells whether all went in.
async fn fill(client: &Client, table: &TableName, columns: &[Column]) -> Result<bool, Error> {
    for n in 1..=ROWS {
        let mut done = false;
        for attempt in 0..8 {
            // First everything is given, then only what must be.
            let (fashion, sparse) = (attempt / 2, attempt % 2 == 1);
            let Some(sql) = insert(table, columns, n, fashion, sparse) else { continue };
            match client.batch_execute(&sql).await {
                Ok(()) => {
                    done = true;
                    break;
                }
                Err(error) if error.as_db_error().is_some() => {}
                Err(error) => return Err(error),
            }
        }
        if !done {
            return Ok(n > 1);
        }
    }
    Ok(true)
}

fn insert(
    table: &TableName,
    columns: &[Column],
    n: u32,
    fashion: usize,
    sparse: bool,
) -> Option<String> {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for column in columns {
        if sparse && (column.default || !column.required) {
            continue;
        }
        match column.value(n, fashion) {
            Some(value) => {
                names.push(ident(&column.name));
                values.push(value);
            }
            None if column.required && !column.default => return None,
            None => {}
        }
    }
    Some(if names.is_empty() {
        format!("INSERT INTO {table} DEFAULT VALUES")
    } else {
        format!(
            "INSERT INTO {table} ({}) OVERRIDING SYSTEM VALUE VALUES ({})",
            names.join(", "),
            values.join(", ")
        )
    })
}

/// What a table holds now, looked at in these columns; none where there is no such table.
pub async fn look(
    client: &Client,
    table: &TableName,
    columns: &[String],
) -> Result<Option<Contents>, Error> {
    let mut select = "SELECT pg_catalog.count(*)".to_owned();
    for column in columns {
        let column = ident(column);
        select.push_str(&format!(
            ", pg_catalog.string_agg({column}::text, ',' ORDER BY {column}::text COLLATE \"C\")"
        ));
    }
    // What inherits from it, or stands in its partitions, has rows of its own; a partitioned table
    // has no others.
    let kind = "SELECT c.relkind = 'p' FROM pg_catalog.pg_class AS c
                 WHERE c.oid = pg_catalog.to_regclass($1)";
    let found = client.query_opt(kind, &[&table.to_string()]).await?;
    let only = match found.map(|row| row.try_get(0)).transpose()? {
        Some(true) => "",
        Some(false) => "ONLY ",
        None => return Ok(None),
    };
    match client.query(&format!("{select} FROM {only}{table}"), &[]).await {
        Ok(rows) => {
            let Some(row) = rows.first() else { return Ok(None) };
            let texts = (1..=columns.len()).map(|at| row.try_get(at));
            let columns = texts.collect::<Result<_, _>>()?;
            Ok(Some(Contents { rows: row.try_get(0)?, columns }))
        }
        Err(error) if error.as_db_error().is_some() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Empties tables, and what refers to them; tells whether that could be done.
pub async fn empty(client: &Client, tables: &BTreeSet<TableName>) -> Result<bool, Error> {
    let list: Vec<String> = tables.iter().map(ToString::to_string).collect();
    match client.batch_execute(&format!("TRUNCATE {} CASCADE", list.join(", "))).await {
        Ok(()) => Ok(true),
        Err(error) if error.as_db_error().is_some() => Ok(false),
        Err(error) => Err(error),
    }
}
