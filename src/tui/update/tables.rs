//! The tables of the database: their order, and what pending revisions will do to them.

use std::{cmp::Reverse, collections::BTreeMap};

use super::show;
use crate::{
    engine::sizes::TableRow,
    pg::impact::LockMode,
    revision::Node,
    tui::{
        app::{App, Screen, Section, TableOrder},
        event::Effect,
    },
};

/// What the pending revisions do to one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touch {
    /// The first of them.
    pub first: Option<Node>,
    /// How many.
    pub revisions: usize,
    /// The strongest lock.
    pub lock: Option<LockMode>,
    /// It is written anew.
    pub rewrites: bool,
    /// Rows or columns are lost.
    pub loses: bool,
}

/// What the pending revisions do to existing tables, by the name as it is written there.
pub fn touched(app: &App) -> BTreeMap<String, Touch> {
    let mut found: BTreeMap<String, Touch> = BTreeMap::new();
    let (Some(history), Some(overview)) = (&app.snapshot.history, &app.snapshot.overview) else {
        return found;
    };
    for node in app.memo.remarks(overview).pending.iter().copied() {
        for impact in &app.memo.facts(history, node).up.impacts {
            let Some(object) = &impact.object else { continue };
            let touch = found.entry(object.clone()).or_default();
            touch.first.get_or_insert(node);
            touch.revisions += 1;
            touch.lock = touch.lock.max(impact.lock);
            touch.rewrites |= impact.rewrites;
            touch.loses |= impact.loses.is_some();
        }
    }
    found
}

/// What of it falls on a table. A name without a schema is one of the search path's, which `public`
/// stands for here.
pub fn touch<'a>(touched: &'a BTreeMap<String, Touch>, table: &TableRow) -> Option<&'a Touch> {
    touched
        .get(&table.name)
        .or_else(|| table.name.strip_prefix("public.").and_then(|short| touched.get(short)))
}

/// The tables in the order they are shown: their indexes in the reading.
pub fn order(app: &App, touched: &BTreeMap<String, Touch>) -> Vec<usize> {
    let Some(tables) = &app.snapshot.tables else { return Vec::new() };
    let mut order: Vec<usize> = (0..tables.len()).collect();
    match app.database.table_order {
        TableOrder::Size => {}
        TableOrder::Rows => order.sort_by_key(|index| Reverse(tables[*index].rows)),
        TableOrder::Name => order.sort_by(|a, b| tables[*a].name.cmp(&tables[*b].name)),
        TableOrder::Pending => {
            order
                .sort_by_key(|index| Reverse(touch(touched, &tables[*index]).and_then(|t| t.lock)));
        }
    }
    order
}

/// The selected table.
pub fn selected(app: &App) -> Option<&TableRow> {
    let index = *order(app, &touched(app)).get(app.database.table)?;
    app.snapshot.tables.as_ref()?.get(index)
}

/// Sorts them another way; the selection stays on its table.
pub fn sort(app: &mut App) {
    let before = selected(app).map(|table| table.name.clone());
    app.database.table_order = app.database.table_order.next();
    app.database.section = Section::Tables;
    if let Some(name) = before {
        select(app, &name);
    }
}

fn select(app: &mut App, name: &str) {
    let order = order(app, &touched(app));
    let Some(tables) = &app.snapshot.tables else { return };
    if let Some(at) = order.iter().position(|index| tables[*index].name == name) {
        app.database.table = at;
    }
}

/// Shows a table.
pub fn reveal(app: &mut App, name: &str) -> Vec<Effect> {
    let effects = show(app, Screen::Database);
    app.database.section = Section::Tables;
    app.database.log_only = false;
    select(app, name);
    effects
}
