//! Running a plan in a scratch database.

use futures_util::{StreamExt, stream};
use serde::Serialize;
use tokio_postgres::Client;

use super::super::{Error, fault};
use crate::{pg::statement::mask_secrets, plan::Plan};

/// How many statements are under way at once.
const AHEAD: usize = 128;

/// The session of a run: nothing waits for the disk, nothing is checked that is not there yet.
const SESSION: &str = "SET check_function_bodies = off; SET synchronous_commit = off;
    SET client_min_messages = error; SET lock_timeout = 0; SET statement_timeout = 0;
    SET idle_in_transaction_session_timeout = 0";

/// A statement of a plan that failed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stumble {
    /// Counted from 1.
    pub statement: usize,
    /// Its text; `COMMIT` where a transaction could not be ended.
    pub sql: String,
    /// SQLSTATE.
    pub sqlstate: String,
    /// What PostgreSQL said.
    pub message: String,
    /// And more of it.
    pub detail: Option<String>,
}

impl Stumble {
    pub(super) fn new(
        statement: usize,
        sql: &str,
        error: &tokio_postgres::Error,
    ) -> Result<Self, Error> {
        let Some(said) = error.as_db_error().filter(|_| crate::db::lost(error).is_none()) else {
            return Err(fault::connection(error));
        };
        Ok(Self {
            statement,
            sql: mask_secrets(sql).into_owned(),
            sqlstate: said.code().code().to_owned(),
            message: said.message().to_owned(),
            detail: said.detail().map(str::to_owned),
        })
    }
}

impl Stumble {
    /// The role that is not there, where that is the trouble: the server tells it in the message.
    pub(super) fn missing_role(&self) -> Option<&str> {
        self.message.strip_prefix("role \"")?.strip_suffix("\" does not exist")
    }
}

/// Runs a plan as its script would run; the outer error is one of the connection.
pub(super) async fn run(client: &Client, plan: &Plan) -> Result<Result<(), Stumble>, Error> {
    client.batch_execute(SESSION).await.map_err(|e| fault::plain(&e))?;
    let mut first = 1;
    for section in plan.sections() {
        let texts: Vec<&str> = section.statements.iter().map(|s| s.sql.as_str()).collect();
        let (before, after) =
            if section.transaction { (Some("BEGIN"), "COMMIT") } else { (None, "") };
        // Statements outside of transactions are one for each section of theirs or more: none may
        // start before the one ahead of it went through.
        let ahead = if section.transaction { AHEAD } else { 1 };
        let all = before.into_iter().chain(texts.iter().copied());
        let mut sent = stream::iter(all.map(|text| client.batch_execute(text))).buffered(ahead);
        let mut at = first - before.iter().count();
        let mut failed = None;
        while let Some(outcome) = sent.next().await {
            if let Err(error) = outcome {
                failed = Some(error);
                break;
            }
            at += 1;
        }
        drop(sent);
        if let Some(error) = failed {
            let text = texts.get(at.wrapping_sub(first)).copied().unwrap_or("BEGIN");
            let stumble = Stumble::new(at, text, &error)?;
            let _ = client.batch_execute("ROLLBACK").await;
            return Ok(Err(stumble));
        }
        first += texts.len();
        if let Err(error) = client.batch_execute(after).await {
            return Ok(Err(Stumble::new(first - 1, after, &error)?));
        }
    }
    Ok(Ok(()))
}
