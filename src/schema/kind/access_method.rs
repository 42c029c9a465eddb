//! Access methods of tables and indexes.

use std::borrow::Cow;

use serde::Serialize;
use tokio_postgres::Row;

use super::{Alter, Call, Cx, Kind};
use crate::schema::{Found, Key, KindId, Obj, Step, object::Address};

/// An access method.
#[derive(Debug)]
pub struct AccessMethod;

/// Attributes of an access method.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Spec {
    /// `TABLE` or `INDEX`.
    pub r#type: String,
    /// The handler function, as `regproc` prints it.
    pub handler: String,
}

impl Kind for AccessMethod {
    type Spec = Spec;

    const ID: KindId = KindId("access method");
    const CATALOG: &'static str = "pg_am";
    const WEIGHT: u16 = 64;

    fn query(_: u32) -> Cow<'static, str> {
        "SELECT a.tableoid, a.oid, a.amname::text,
                CASE a.amtype WHEN 't' THEN 'TABLE' ELSE 'INDEX' END, a.amhandler::text
           FROM pg_am a WHERE a.oid >= 16384"
            .into()
    }

    fn read(row: &Row) -> Result<Found<Spec>, tokio_postgres::Error> {
        let at = Address::new(row.try_get(0)?, row.try_get(1)?);
        let name: &str = row.try_get(2)?;
        let spec = Spec { r#type: row.try_get(3)?, handler: row.try_get(4)? };
        Ok(Found::new(at, Key::global(Self::ID, name), spec))
    }

    fn address(it: Obj<'_, Spec>) -> Call {
        Call::new("ACCESS METHOD", it.key.sql())
    }

    fn create(new: Obj<'_, Spec>, _: &Cx<'_>) -> Vec<Step> {
        let Spec { r#type, handler } = new.spec;
        let sql = format!("CREATE {} TYPE {} HANDLER {handler}", Self::address(new), r#type);
        vec![Step::new(&new.key, sql)]
    }

    fn alter(_: Obj<'_, Spec>, new: Obj<'_, Spec>, _: &Cx<'_>) -> Alter {
        let Spec { r#type: _, handler: _ } = new.spec;
        Alter::Replace
    }
}
