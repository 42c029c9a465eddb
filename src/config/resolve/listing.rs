//! Every setting with its value and its origin, secrets masked.

use std::collections::BTreeMap;

use super::{
    Chosen,
    layers::{Layers, postgres},
};
use crate::config::{
    Connection, Inputs, Origin, Setting,
    conninfo::KEYWORDS,
    key::{Form, KEYS},
    libpq::Layered,
};

/// What stands for a secret.
const MASK: &str = "********";

/// Every setting with its origin, for `status -v`.
pub(super) fn settings(
    inputs: &Inputs,
    layers: &Layers,
    chosen: Option<&Chosen<'_>>,
    params: Option<&Layered>,
    connection: Option<&Connection>,
    scratch: Option<&Connection>,
) -> Vec<Setting> {
    let mut list = Vec::new();
    let mut add = |name: &str, value: String, origin: Origin| {
        list.push(Setting { name: name.to_owned(), value, origin });
    };
    if let Some(chosen) = chosen {
        add("profile", chosen.name.clone(), chosen.origin.clone());
    }
    for key in KEYS.iter().filter(|key| key.form != Form::Url) {
        match layers.found.get(key.name) {
            Some((value, origin)) => add(key.name, value.to_string(), origin.clone()),
            None => add(key.name, String::new(), Origin::Default),
        }
    }
    let from = layers.found.get("scratch_url").map(|(_, origin)| origin.clone());
    let shown = scratch.map(ToString::to_string).unwrap_or_default();
    add("scratch_url", shown, from.unwrap_or(Origin::Default));
    let masked = |name: &str, value: &str| {
        if name == "password" { MASK.to_owned() } else { value.to_owned() }
    };
    if let (Some(params), Some(connection)) = (params, connection) {
        let ports: Vec<_> = connection.ports.iter().map(u16::to_string).collect();
        let mut shown = BTreeMap::from([
            ("host", connection.hosts.join(",")),
            ("port", ports.join(",")),
            ("user", connection.user.clone()),
            ("dbname", connection.database.clone()),
            ("sslmode", connection.sslmode.as_str().to_owned()),
            ("application_name", connection.application_name.clone()),
        ]);
        for keyword in KEYWORDS {
            if let Some(value) = params.get(keyword.name) {
                shown.entry(keyword.name).or_insert_with(|| masked(keyword.name, value));
            }
        }
        for (name, value) in shown {
            add(&format!("connection.{name}"), value, params.origin(name));
        }
    }
    for name in ["USER", "PASSWORD", "DB", "PORT"] {
        if let Some((value, origin)) = postgres(inputs, name) {
            let lower = name.to_ascii_lowercase();
            add(&format!("server.postgres.{lower}"), masked(&lower, &value), origin);
        }
    }
    list
}
