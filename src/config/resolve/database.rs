//! Whom to reach: the URL that counts, the variables of libpq, a service, and what is weaker.

use super::{
    Chosen,
    layers::{Layers, of, postgres, variable},
};
use crate::config::{
    Inputs, Origin, ProviderChoice,
    conninfo::{self, KEYWORDS, Meaning, Params},
    error::ConfigError,
    key::Value,
    libpq::{self, Layered, Place},
};

/// The one URL that counts, with its origin.
fn url(
    inputs: &Inputs,
    chosen: Option<&Chosen<'_>>,
) -> Result<Option<(Params, Origin)>, ConfigError> {
    let parse = |text: &str, origin: &Origin| {
        conninfo::parse(text).map_err(|error| match origin {
            Origin::DotEnv(_) => of(
                origin,
                ConfigError { message: format!("DATABASE_URL: {}", error.message), ..error },
            ),
            _ => of(origin, error),
        })
    };
    if let Some(text) = &inputs.flags.database_url {
        let option = inputs.flags.url_option.as_deref().unwrap_or("--database-url");
        let origin = Origin::Flag(option.to_owned());
        return Ok(Some((parse(text, &origin)?, origin)));
    }
    if let Some(chosen) = chosen {
        if let Some((name, line)) = &chosen.profile.url_variable {
            if let Some((text, origin)) = variable(inputs, name) {
                return Ok(Some((parse(text, &origin)?, origin)));
            }
            if !chosen.profile.settings.contains_key("database_url") {
                return Err(ConfigError::new(format!(
                    "profile `{}` takes its database from the variable `{name}`, which is not set",
                    chosen.name
                ))
                .hint(format!("set `{name}` in `.env` or in the environment"))
                .at(&chosen.path, *line));
            }
        }
        if let Some((Value::Text(text), line)) = chosen.profile.settings.get("database_url") {
            let origin = Origin::File(chosen.path.clone(), *line);
            let params = without_password("database_url", parse(text, &origin)?, &origin)?;
            return Ok(Some((params, origin)));
        }
    }
    match variable(inputs, "DATABASE_URL") {
        Some((text, origin)) => Ok(Some((parse(text, &origin)?, origin))),
        None => Ok(None),
    }
}

/// A URL of `limbeck.toml`, which is committed, must not hold a password.
fn without_password(name: &str, params: Params, origin: &Origin) -> Result<Params, ConfigError> {
    if params.0.contains_key("password") {
        let variable = if name == "database_url" { "PGPASSWORD" } else { "LIMBECK_SCRATCH_URL" };
        return Err(of(origin, ConfigError::new(format!("`{name}` holds a password")))
            .hint(format!("put the password into `.env` (`{variable}=...`) or `~/.pgpass`")));
    }
    Ok(params)
}

/// The parameters of `scratch_url`: what it says itself, and its service. The variables are about
/// the database, which may be on another server.
pub(super) fn scratch(layers: &Layers, place: &Place<'_>) -> Result<Option<Layered>, ConfigError> {
    const NAME: &str = "scratch_url";
    let Some((Value::Text(text), origin)) = layers.found.get(NAME) else { return Ok(None) };
    let parsed = conninfo::parse(text).map_err(|error| {
        of(origin, ConfigError { message: format!("{NAME}: {}", error.message), ..error })
    })?;
    let parsed = match origin {
        Origin::File(..) => without_password(NAME, parsed, origin)?,
        _ => parsed,
    };
    let mut params = Layered::default();
    params.fill(parsed, origin);
    if let Some(service) = params.get("service") {
        let found = place.service(service, params.get("servicefile"));
        let (service, from) = found.map_err(|e| of(origin, e))?;
        params.fill(service, &from);
    }
    Ok(Some(params))
}

/// All connection parameters; none when nothing says whom to reach.
pub(super) fn parameters(
    inputs: &Inputs,
    layers: &Layers,
    chosen: Option<&Chosen<'_>>,
    provider: ProviderChoice,
    place: &Place<'_>,
    warnings: &mut Vec<String>,
) -> Result<Option<Layered>, ConfigError> {
    let strong = url(inputs, chosen)?;
    if let Some((params, Origin::Flag(option))) = &strong
        && params.0.contains_key("password")
    {
        let url = match option.as_str() {
            "--database-url" => "`DATABASE_URL`, ",
            _ => "",
        };
        warnings.push(format!(
            "the password in `{option}` can be seen by other users of this machine and stays in \
             the shell's history; use {url}`PGPASSWORD` or `~/.pgpass`"
        ));
    }
    let has_url = strong.is_some();
    let mut params = Layered::default();
    let mut overruled = None;
    if let Some((url, origin)) = strong {
        overruled = url.0.get("host").cloned().map(|host| (host, origin.clone()));
        params.fill(url, &origin);
    }

    let mut pg = Layered::default();
    // Told only when there is something to connect to.
    let mut refused = None;
    for keyword in KEYWORDS.iter().filter(|keyword| keyword.meaning != Meaning::Idle) {
        let Some(name) = keyword.env else { continue };
        if let Some((value, origin)) = variable(inputs, name) {
            let mut one = Params::default();
            match one.set(keyword.name, value.to_owned()) {
                Ok(()) => pg.fill(one, &origin),
                Err(error) => refused = refused.or(Some(of(&origin, error))),
            }
        }
    }
    if let (Some((host, origin)), Some(other)) = (&overruled, pg.get("host"))
        && libpq::differ(host, other)
    {
        warnings.push(format!(
            "`PGHOST` ({}) is not used: the URL ({origin}) names another host",
            pg.origin("host")
        ));
    }

    let mut weak = Layered::default();
    let toml_url = match layers.found.get("database_url") {
        Some((Value::Text(text), origin)) if !has_url => {
            let parsed = conninfo::parse(text).map_err(|e| of(origin, e))?;
            Some((without_password("database_url", parsed, origin)?, origin.clone()))
        }
        _ => None,
    };
    let managed = matches!(provider, ProviderChoice::Local | ProviderChoice::Compose);
    let external = provider == ProviderChoice::External;
    if !has_url && !managed && (external || postgres(inputs, "HOST").is_some()) {
        let names = [
            ("HOST", "host"),
            ("PORT", "port"),
            ("USER", "user"),
            ("PASSWORD", "password"),
            ("DB", "dbname"),
        ];
        for (variable, name) in names {
            if let Some((value, origin)) = postgres(inputs, variable) {
                let mut one = Params::default();
                one.set(name, value).map_err(|e| of(&origin, e))?;
                weak.fill(one, &origin);
            }
        }
        // The image's own default role.
        if postgres(inputs, "HOST").is_some() {
            let mut one = Params::default();
            one.set("user", "postgres".to_owned())?;
            weak.fill(one, &Origin::Default);
        }
    }
    if let Some((url, origin)) = toml_url {
        weak.fill(url, &origin);
    }

    // A service stands between the URL that names it and the variables, as in libpq.
    let mut all = params.clone();
    all.fill_from(pg.clone());
    all.fill_from(weak.clone());
    if let Some(service) = all.get("service") {
        let (service, origin) = place
            .service(service, all.get("servicefile"))
            .map_err(|e| of(&all.origin("service"), e))?;
        params.fill(service, &origin);
        params.fill_from(pg);
        params.fill_from(weak);
        all = params;
    }
    if !(has_url || external || all.has_target()) {
        return Ok(None);
    }
    match refused {
        Some(error) => Err(error),
        None => Ok(Some(all)),
    }
}
