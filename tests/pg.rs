//! PostgreSQL's own programs as judges of what `limbeck::pg` says about SQL.

mod support;

#[path = "pg/locks.rs"]
mod locks;
#[path = "pg/psql.rs"]
mod psql;
#[path = "pg/transactions.rs"]
mod transactions;
