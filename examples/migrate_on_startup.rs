//! A program that brings its database up to date before it does anything else.
//!
//! ```text
//! DATABASE_URL=postgresql://app@localhost/app cargo run --example migrate_on_startup
//! ```
//!
//! The revisions are compiled in, so that the program can be shipped alone. Any number of instances
//! may start at once: one migrates, the others wait and then find nothing to do.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::process::ExitCode;

use limbeck::{Migrator, code::Diagnose, engine::Event, revision::Source};

/// Name and text of each revision; a build script could make this list as well.
macro_rules! embedded {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_bytes!(concat!("../migrations/", $name)))),+]
    };
}

static MIGRATIONS: &[(&str, &[u8])] = embedded![
    "02d7a95e8c3b_billing_payments.sql",
    "4e95d2c7a801_orders_find_by_account_quickly.sql",
    "5b1e7c20d4f8_account_email_and_creation_time.sql",
    "7c40be19f2a6_billing_invoices.sql",
    "8a2f5d0619ce_account_one_email_once.sql",
    "9584caadb170_create_account_table.sql",
    "a3d94f61c07e_catalog_categories_and_products.sql",
    "b0c3e7f4125d_merge_billing_into_main.sql",
    "c5f7182ae960_reporting_daily_sales.sql",
    "e81f02b6d935_orders_with_a_status.sql",
    "f6a8130cd72e_orders_keep_their_total.sql",
];

#[tokio::main]
async fn main() -> ExitCode {
    let Ok(url) = std::env::var("DATABASE_URL") else {
        eprintln!("set DATABASE_URL to a PostgreSQL database");
        return ExitCode::from(2);
    };
    let database: tokio_postgres::Config = match url.parse() {
        Ok(config) => config,
        Err(error) => {
            eprintln!("DATABASE_URL: {error}");
            return ExitCode::from(2);
        }
    };
    let migrator = Migrator::new(Source::Embedded(MIGRATIONS), database)
        .application(concat!("migrate_on_startup ", env!("CARGO_PKG_VERSION")))
        .observer(|event| match event {
            Event::WaitingForRunner { waited, .. } => {
                println!("another instance is migrating ({} s)", waited.as_secs());
            }
            Event::StatementStarted { summary, .. } => println!("  {summary}"),
            _ => {}
        });
    match migrator.run().await {
        Ok(report) => {
            println!("{} revisions applied; the database is up to date", report.done.len());
            // … and here the program itself would begin.
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error[{}]: {error}", error.code());
            if let Some(state) = &error.state {
                eprintln!("state: {state}");
            }
            if let Some(hint) = error.hint() {
                eprintln!("hint: {hint}");
            }
            ExitCode::from(error.code().exit_status())
        }
    }
}
