//! Whether a plan kept what holds data: tables, columns and sequences that both sides have.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use super::host::explain;

/// What holds data in a database, by name.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Kind of relation and quoted name: its number and its columns.
    tables: BTreeMap<(String, String), (u32, BTreeMap<String, Column>)>,
    /// Quoted name: the bounds and the last value.
    sequences: BTreeMap<String, (i64, i64, Option<i64>)>,
}

#[derive(Clone, Debug)]
struct Column {
    number: i16,
    generated: bool,
}

const TABLES: &str = "SELECT c.relkind::text, format('%I.%I', n.nspname, c.relname), c.oid,
        a.attname::text, a.attnum, a.attgenerated <> ''
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND c.oid >= 16384 AND c.relpersistence <> 't'
      AND n.nspname !~ '^pg_toast' AND NOT EXISTS (SELECT FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";

const SEQUENCES: &str = "SELECT format('%I.%I', schemaname, sequencename), min_value, max_value,
        last_value FROM pg_sequences";

impl Kept {
    /// Reads it.
    pub async fn read(client: &Client) -> Result<Self, String> {
        let mut kept = Self::default();
        for row in client.query(TABLES, &[]).await.map_err(|e| explain(&e))? {
            let table = kept.tables.entry((row.get(0), row.get(1)));
            let table = table.or_insert_with(|| (row.get(2), BTreeMap::new()));
            if let Some(name) = row.get(3) {
                table.1.insert(name, Column { number: row.get(4), generated: row.get(5) });
            }
        }
        for row in client.query(SEQUENCES, &[]).await.map_err(|e| explain(&e))? {
            kept.sequences.insert(row.get(0), (row.get(1), row.get(2), row.get(3)));
        }
        Ok(kept)
    }

    /// Gives each sequence a value that the target allows too, so that its loss shows.
    pub async fn mark(&mut self, target: &Self, client: &Client) -> Result<(), String> {
        for (name, (min, max, last)) in &mut self.sequences {
            let Some((low, high, _)) = target.sequences.get(name) else { continue };
            let (low, high) = ((*min).max(*low), (*max).min(*high));
            if low <= high {
                let value = 42.clamp(low, high);
                let set = format!("SELECT setval('{}', {value})", name.replace('\'', "''"));
                client.batch_execute(&set).await.map_err(|e| explain(&e))?;
                *last = Some(value);
            }
        }
        Ok(())
    }

    /// What both sides have and `after` has no longer, though it may have another of its name.
    ///
    /// A table may be made anew when the script copies its rows.
    pub fn lost(&self, after: &Self, target: &Self, script: &str) -> Vec<String> {
        let mut lost = Vec::new();
        for (name, (number, columns)) in &self.tables {
            let Some((_, wanted)) = target.tables.get(name) else { continue };
            let Some((now, left)) = after.tables.get(name) else { continue };
            if now != number {
                // With no column to copy, rows are copied all the same.
                let copied = |end| script.contains(&format!("INSERT INTO {}{end}", name.1));
                if !copied(" (") && !copied("\n") {
                    lost.push(format!("table {} was made anew", name.1));
                }
                continue;
            }
            for (column, before) in columns {
                let (Some(wanted), Some(now)) = (wanted.get(column), left.get(column)) else {
                    continue;
                };
                if !before.generated && !wanted.generated && now.number != before.number {
                    lost.push(format!("column {}.{column} was made anew", name.1));
                }
            }
        }
        for (name, (_, _, value)) in &self.sequences {
            let (Some(value), Some((_, _, now))) = (value, after.sequences.get(name)) else {
                continue;
            };
            if target.sequences.contains_key(name) && *now != Some(*value) {
                lost.push(format!("sequence {name} lost its value"));
            }
        }
        lost
    }
}
