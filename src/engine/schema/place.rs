//! Where scratch databases are made: beside the project's database, on the server that the settings
//! name, or on the project's own one when the database is somewhere else.
//!
//! On another server a scratch database is used in the place of the role that the project's
//! database is read by: what is made then has the owner it would have there.

use super::{Bench, Error};
use crate::{
    catalog::scratch::Form,
    code::Code,
    config::Connection,
    db::{Connector, Session},
    schema::sql::ident,
};

/// A server for scratch databases.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// That of the project's database.
    Here,
    /// Another one.
    Elsewhere {
        /// To a database of it.
        home: Connector,
        /// Whom to be there; none where the connection is that already.
        role: Option<String>,
        /// How the project's database is made.
        form: Form,
    },
}

/// What is asked of both servers.
struct Facts {
    major: i32,
    user: String,
    superuser: bool,
    roles: Vec<String>,
}

const FACTS: &str = "SELECT pg_catalog.current_setting('server_version_num')::int4 / 10000,
        current_user::text, r.rolsuper,
        ARRAY(SELECT o.rolname::text FROM pg_catalog.pg_roles AS o WHERE o.rolname !~ '^pg_')
   FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user";

/// The extensions of a database.
const INSTALLED: &str = "SELECT e.extname::text FROM pg_catalog.pg_extension AS e";

/// Those that a server can install.
const AVAILABLE: &str = "SELECT a.name::text FROM pg_catalog.pg_available_extensions AS a";

/// Decides where.
pub(super) async fn find(bench: &Bench) -> Result<Place, Error> {
    if let Some(named) = &bench.project.config.scratch {
        let target = bench.home.connect("scratch").await?;
        return Box::pin(elsewhere(named, &target)).await;
    }
    let Some(own) = &bench.own else { return Ok(Place::Here) };
    let target = bench.home.connect("scratch").await?;
    // What fits does; anything else is as good as no server.
    Ok(Box::pin(ours(own, &target)).await.ok().flatten().unwrap_or(Place::Here))
}

/// The server that the settings name.
async fn elsewhere(named: &Connection, target: &Session) -> Result<Place, Error> {
    let home = Connector::new(named.clone());
    let session = home.connect("scratch").await.map_err(|error| {
        let error = Error::from(error);
        Error { message: format!("the server for scratch databases: {}", error.message), ..error }
    })?;
    let (there, here) = (facts(&session).await?, facts(target).await?);
    if there.major != here.major {
        return Err(Error::new(
            Code::Settings,
            format!(
                "the server for scratch databases, {named}, is PostgreSQL {}, and the database is \
                 on {}",
                there.major, here.major
            ),
        )
        .with_state("nothing was changed")
        .with_hint("let `scratch_url` name a server of the same major version"));
    }
    let role = (there.user != here.user).then(|| here.user.clone());
    if let Some(role) = &role {
        let (name, user) = (ident(role), ident(&there.user));
        let hint = if !there.roles.contains(role) {
            Some(format!("make it there: `CREATE ROLE {name}; GRANT {name} TO {user}`"))
        } else if !there.superuser && !may_be(&session, role).await? {
            Some(format!("allow it there: `GRANT {name} TO {user}`"))
        } else {
            None
        };
        if let Some(hint) = hint {
            return Err(Error::new(
                Code::Privilege,
                format!("role `{}` of {named} cannot act as `{role}`", there.user),
            )
            .with_state("nothing was changed")
            .with_hint(hint));
        }
    }
    Ok(Place::Elsewhere { home, role, form: form(target).await? })
}

/// The project's own server, if it is as good as the database's: of its version, and with the
/// extensions that the database has. Roles that it lacks are made: it is thrown away one day.
async fn ours(own: &Connector, target: &Session) -> Result<Option<Place>, Error> {
    let session = own.connect("scratch").await?;
    let (there, here) = (facts(&session).await?, facts(target).await?);
    let (has, needs) = (names(&session, AVAILABLE).await?, names(target, INSTALLED).await?);
    let fits = there.major == here.major && needs.iter().all(|name| has.contains(name));
    if !fits || !there.superuser {
        return Ok(None);
    }
    for role in here.roles.iter().filter(|role| !there.roles.contains(role)) {
        let power = if *role == here.user && here.superuser { " SUPERUSER" } else { "" };
        let sql = format!("CREATE ROLE {} NOLOGIN{power}", ident(role));
        session.client.batch_execute(&sql).await.map_err(|e| super::super::fault::plain(&e))?;
    }
    let role = (there.user != here.user).then_some(here.user);
    Ok(Some(Place::Elsewhere { home: own.clone(), role, form: form(target).await? }))
}

async fn facts(session: &Session) -> Result<Facts, Error> {
    let read = async || {
        let row = session.client.query_one(FACTS, &[]).await?;
        Ok(Facts {
            major: row.try_get(0)?,
            user: row.try_get(1)?,
            superuser: row.try_get(2)?,
            roles: row.try_get(3)?,
        })
    };
    read().await.map_err(|e: tokio_postgres::Error| super::super::fault::plain(&e))
}

async fn may_be(session: &Session, role: &str) -> Result<bool, Error> {
    let sql = "SELECT pg_catalog.pg_has_role($1::text::name, 'MEMBER')";
    let row = session.client.query_one(sql, &[&role]).await;
    row.and_then(|row| row.try_get(0)).map_err(|e| super::super::fault::plain(&e))
}

async fn names(session: &Session, sql: &str) -> Result<Vec<String>, Error> {
    let rows = session.client.query(sql, &[]).await;
    rows.and_then(|rows| rows.iter().map(|row| row.try_get(0)).collect())
        .map_err(|e| super::super::fault::plain(&e))
}

async fn form(target: &Session) -> Result<Form, Error> {
    Form::of(&target.client).await.map_err(|e| super::super::fault::plain(&e))
}
