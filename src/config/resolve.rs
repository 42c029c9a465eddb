//! From all inputs to one [`Config`].

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;

use super::{
    Config, Connection, Guard, Origin, ProviderChoice, ServerConfig, Setting, TuiConfig,
    conninfo::{self, KEYWORDS, Meaning, Params},
    error::{ConfigError, did_you_mean},
    file::{self, Profile, Table},
    inputs::{Disk, Files, Inputs},
    key::{self, Form, KEYS, Value},
    libpq::{self, Layered, Place},
    name,
};

/// What stands for a secret.
const MASK: &str = "********";

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |path: &Path| {
            path.file_name().map_or_else(
                || path.display().to_string(),
                |name| name.to_string_lossy().into_owned(),
            )
        };
        match self {
            Self::Default => f.write_str("built in"),
            Self::File(path, line) => write!(f, "{}:{line}", name(path)),
            Self::DotEnv(path) => f.write_str(&name(path)),
            Self::Env(variable) => write!(f, "environment variable {variable}"),
            Self::Flag(flag) => write!(f, "option {flag}"),
            Self::Server => f.write_str("the running server"),
        }
    }
}

impl Config {
    /// The settings of a project that has none, for programs that embed limbeck and for tests.
    ///
    /// # Panics
    ///
    /// Never: the built-in defaults are valid.
    pub fn default_for(root: impl Into<PathBuf>) -> Self {
        let inputs = Inputs { root: root.into(), ..Inputs::default() };
        resolve(&inputs).expect("the built-in defaults are valid")
    }
}

/// Resolves the settings, reading the files they point to from disk.
pub fn resolve(inputs: &Inputs) -> Result<Config, ConfigError> {
    resolve_with(inputs, &Disk)
}

/// Resolves the settings, reading the files they point to through `files`.
pub fn resolve_with(inputs: &Inputs, files: &dyn Files) -> Result<Config, ConfigError> {
    let file = match &inputs.toml {
        Some((path, text)) => file::parse(&shown_path(&inputs.root, path), text)?,
        None => file::File::default(),
    };
    let mut warnings = Vec::new();
    let chosen = chosen_profile(inputs, &file)?;
    let layers = Layers::new(inputs, &file, chosen.as_ref(), &mut warnings)?;

    let place = Place {
        files,
        home: inputs.home.as_deref(),
        os_user: inputs.os_user.as_deref(),
        root: &inputs.root,
        system_folder: inputs.env.get("PGSYSCONFDIR").map(Path::new),
    };
    let provider = match layers.text("server.provider").as_deref() {
        Some("local") => ProviderChoice::Local,
        Some("compose") => ProviderChoice::Compose,
        Some("external") => ProviderChoice::External,
        _ => ProviderChoice::Auto,
    };
    let params = parameters(inputs, &layers, chosen.as_ref(), provider, &place, &mut warnings)?;
    let connection = match &params {
        Some(params) => Some(libpq::build(params, &place, &mut warnings)?),
        None => None,
    };
    secrets_in_the_open(inputs, &mut warnings);

    let path = |name: &str| layers.text(name).map(|text| place.path(&text));
    let paths = |name: &str| layers.list(name).iter().map(|text| place.path(text)).collect();
    let located = |name: &str, error: ConfigError| layers.located(name, error);
    let version_table = layers.text("version_table").unwrap_or_default();
    let version_table = name::qualified("version_table", &version_table)
        .map_err(|e| located("version_table", e))?;
    let schema = layers.text("schema").unwrap_or_default();
    let schema = name::schema("schema", &schema).map_err(|e| located("schema", e))?;
    let search_path = layers
        .text("search_path")
        .map(|text| name::search_path("search_path", &text))
        .transpose()
        .map_err(|e| located("search_path", e))?;
    let file_template = layers.text("file_template").unwrap_or_default();
    check_template(&file_template).map_err(|e| located("file_template", e))?;

    let config = Config {
        name: layers.text("name").unwrap_or_else(|| folder_name(&inputs.root)),
        migrations: paths("migrations"),
        recursive: layers.flag("recursive"),
        file_template,
        models: paths("models"),
        provider,
        server: ServerConfig {
            bin_dir: path("server.local.bin_dir"),
            port: layers.count("server.local.port").and_then(|port| u16::try_from(port).ok()),
            compose_file: path("server.compose.file"),
            service: layers.text("server.compose.service"),
            download_url: layers.text("server.local.download_url"),
            version: layers.text("server.local.version"),
            postgres_user: postgres(inputs, "USER").map(|(value, _)| value),
            postgres_password: postgres(inputs, "PASSWORD")
                .map(|(value, _)| SecretString::from(value)),
            postgres_db: postgres(inputs, "DB").map(|(value, _)| value),
            postgres_port: postgres_port(inputs)?,
        },
        version_table,
        schema,
        search_path,
        lock_timeout: layers.time("runner.lock_timeout"),
        statement_timeout: layers.time("runner.statement_timeout"),
        lock_tries: layers
            .count("runner.lock_tries")
            .and_then(|tries| u32::try_from(tries).ok())
            .unwrap_or(1),
        runner_wait: layers.time("runner.wait"),
        guard: match layers.text("guard").as_deref() {
            Some("prod") => Guard::Prod,
            Some("staging") => Guard::Staging,
            _ => Guard::Dev,
        },
        extra: extra(&inputs.flags.extra)?,
        tui: TuiConfig {
            theme: layers.text("tui.theme").unwrap_or_default(),
            ascii: layers.text("tui.glyphs").as_deref() == Some("ascii"),
            mouse: layers.flag("tui.mouse"),
            motion: layers.flag("tui.motion"),
            keys: layers.keys(),
        },
        settings: settings(inputs, &layers, chosen.as_ref(), params.as_ref(), connection.as_ref()),
        profile: chosen.map(|chosen| chosen.name),
        connection,
        root: inputs.root.clone(),
        warnings,
    };
    Ok(config)
}

/// A profile and what chose it.
struct Chosen<'a> {
    name: String,
    origin: Origin,
    profile: &'a Profile,
    path: PathBuf,
}

fn chosen_profile<'a>(
    inputs: &Inputs,
    file: &'a file::File,
) -> Result<Option<Chosen<'a>>, ConfigError> {
    let (name, origin) = match (&inputs.flags.profile, variable(inputs, "LIMBECK_PROFILE")) {
        (Some(name), _) => (name.clone(), Origin::Flag("--profile".to_owned())),
        (None, Some((name, origin))) => (name.to_owned(), origin),
        (None, None) => return Ok(None),
    };
    let Some(profile) = file.profiles.get(&name) else {
        let error = ConfigError::new(format!("there is no profile `{name}` ({origin})"));
        let names: Vec<_> = file.profiles.keys().map(|name| format!("`{name}`")).collect();
        let near = did_you_mean(&name, file.profiles.keys().map(String::as_str));
        return Err(error.hint(match (near, names.is_empty()) {
            (Some(near), _) => near,
            (None, false) => format!("the profiles are {}", names.join(", ")),
            (None, true) => format!("write `[profile.{name}]` into limbeck.toml"),
        }));
    };
    let path = toml_path(inputs);
    Ok(Some(Chosen { name, origin, profile, path }))
}

fn toml_path(inputs: &Inputs) -> PathBuf {
    let path = inputs.toml.as_ref().map(|(path, _)| shown_path(&inputs.root, path));
    path.unwrap_or_else(|| PathBuf::from("limbeck.toml"))
}

/// A path as messages show it: relative to the project when it is inside.
fn shown_path(root: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(root).unwrap_or(path).to_path_buf()
}

/// A variable of the environment, else of `.env`; an empty one counts as unset.
fn variable<'a>(inputs: &'a Inputs, name: &str) -> Option<(&'a str, Origin)> {
    let nonempty = |value: &&str| !value.trim().is_empty();
    if let Some(value) = inputs.env.get(name).map(String::as_str).filter(nonempty) {
        return Some((value, Origin::Env(name.to_owned())));
    }
    let dotenv = inputs.dotenv.as_ref()?;
    let value = dotenv.get(name).filter(nonempty)?;
    Some((value, Origin::DotEnv(dotenv.path.clone())))
}

/// Settings by name, the strongest of each.
struct Layers {
    found: BTreeMap<&'static str, (Value, Origin)>,
}

impl Layers {
    fn new(
        inputs: &Inputs,
        file: &file::File,
        chosen: Option<&Chosen<'_>>,
        warnings: &mut Vec<String>,
    ) -> Result<Self, ConfigError> {
        let mut found = BTreeMap::new();
        for setting in &inputs.flags.settings {
            let key = key::find(&setting.key).ok_or_else(|| {
                ConfigError::new(format!("unknown setting `{}` ({})", setting.key, setting.flag))
            })?;
            let origin = Origin::Flag(setting.flag.clone());
            let value = key::read(key, &setting.value).map_err(|e| of(&origin, e))?;
            found.insert(key.name, (value, origin));
        }
        // Asking for a profile is an act of its own: nothing of the surroundings undoes it.
        if let Some(chosen) = chosen {
            fill(&mut found, &chosen.profile.settings, &chosen.path);
        }
        for key in KEYS.iter().filter(|key| key.form != Form::Url) {
            let Some(name) = key.variable() else { continue };
            if let Some((text, origin)) = variable(inputs, &name)
                && !found.contains_key(key.name)
            {
                let value = key::read(key, text).map_err(|e| of(&origin, e))?;
                found.insert(key.name, (value, origin));
            }
        }
        fill(&mut found, &file.settings, &toml_path(inputs));
        for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
            if !found.contains_key(key.name) {
                found.insert(key.name, (key::read(key, key.default)?, Origin::Default));
            }
        }
        misspelt_variables(inputs, warnings);
        Ok(Self { found })
    }

    fn text(&self, name: &str) -> Option<String> {
        match self.found.get(name) {
            Some((Value::Text(text), _)) => Some(text.clone()),
            _ => None,
        }
    }

    fn flag(&self, name: &str) -> bool {
        matches!(self.found.get(name), Some((Value::Flag(true), _)))
    }

    fn count(&self, name: &str) -> Option<u64> {
        match self.found.get(name) {
            Some((Value::Count(count), _)) => Some(*count),
            _ => None,
        }
    }

    fn time(&self, name: &str) -> Duration {
        match self.found.get(name) {
            Some((Value::Time(time), _)) => *time,
            _ => Duration::ZERO,
        }
    }

    fn list(&self, name: &str) -> Vec<String> {
        match self.found.get(name) {
            Some((Value::List(list), _)) => list.clone(),
            _ => Vec::new(),
        }
    }

    fn keys(&self) -> BTreeMap<String, Vec<String>> {
        match self.found.get("tui.keys") {
            Some((Value::Keys(keys), _)) => keys.clone(),
            _ => BTreeMap::new(),
        }
    }

    /// An error about a setting, with its place.
    fn located(&self, name: &str, error: ConfigError) -> ConfigError {
        match self.found.get(name) {
            Some((_, origin)) => of(origin, error),
            None => error,
        }
    }
}

/// Adds weaker settings of a file.
fn fill(found: &mut BTreeMap<&'static str, (Value, Origin)>, table: &Table, path: &Path) {
    for (name, (value, line)) in table {
        let origin = Origin::File(path.to_path_buf(), *line);
        found.entry(*name).or_insert_with(|| (value.clone(), origin));
    }
}

/// Adds to an error where the value came from.
fn of(origin: &Origin, error: ConfigError) -> ConfigError {
    match origin {
        Origin::File(path, line) => error.at(path, *line),
        Origin::Default => error,
        other => ConfigError { message: format!("{other}: {}", error.message), ..error },
    }
}

/// `LIMBECK_*` variables that look like a misspelt one.
fn misspelt_variables(inputs: &Inputs, warnings: &mut Vec<String>) {
    let mut known: Vec<String> = KEYS.iter().filter_map(key::Key::variable).collect();
    known.push("LIMBECK_PROFILE".to_owned());
    let dotenv = inputs.dotenv.iter().flat_map(|dotenv| &dotenv.variables).map(|(name, _)| name);
    for name in inputs.env.keys().chain(dotenv) {
        if name.starts_with("LIMBECK_")
            && !known.contains(name)
            && let Some(near) = did_you_mean(name, known.iter().map(String::as_str))
        {
            warnings.push(format!("variable `{name}` is not a setting; {near}"));
        }
    }
}

/// `POSTGRES_…` of the environment, else of `.env`.
fn postgres(inputs: &Inputs, name: &str) -> Option<(String, Origin)> {
    variable(inputs, &format!("POSTGRES_{name}")).map(|(value, origin)| (value.to_owned(), origin))
}

fn postgres_port(inputs: &Inputs) -> Result<Option<u16>, ConfigError> {
    let Some((text, origin)) = postgres(inputs, "PORT") else { return Ok(None) };
    match text.trim().parse() {
        Ok(port) if port != 0 => Ok(Some(port)),
        _ => Err(of(
            &origin,
            ConfigError::new(format!("`POSTGRES_PORT` is `{text}`, not a port number")),
        )),
    }
}

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
        let origin = Origin::Flag("--database-url".to_owned());
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
            return Ok(Some((without_password(parse(text, &origin)?, &origin)?, origin)));
        }
    }
    match variable(inputs, "DATABASE_URL") {
        Some((text, origin)) => Ok(Some((parse(text, &origin)?, origin))),
        None => Ok(None),
    }
}

/// A URL of `limbeck.toml`, which is committed, must not hold a password.
fn without_password(params: Params, origin: &Origin) -> Result<Params, ConfigError> {
    if params.0.contains_key("password") {
        return Err(of(origin, ConfigError::new("`database_url` holds a password"))
            .hint("put the password into `.env` (`PGPASSWORD=...`) or `~/.pgpass`"));
    }
    Ok(params)
}

/// All connection parameters; none when nothing says whom to reach.
fn parameters(
    inputs: &Inputs,
    layers: &Layers,
    chosen: Option<&Chosen<'_>>,
    provider: ProviderChoice,
    place: &Place<'_>,
    warnings: &mut Vec<String>,
) -> Result<Option<Layered>, ConfigError> {
    let strong = url(inputs, chosen)?;
    if let Some((params, Origin::Flag(_))) = &strong
        && params.0.contains_key("password")
    {
        warnings.push(
            "the password in `--database-url` can be seen by other users of this machine and \
             stays in the shell's history; use `DATABASE_URL`, `PGPASSWORD` or `~/.pgpass`"
                .to_owned(),
        );
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
            Some((without_password(parsed, origin)?, origin.clone()))
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

/// Warns of a `.env` with secrets that others may read.
fn secrets_in_the_open(inputs: &Inputs, warnings: &mut Vec<String>) {
    let Some(dotenv) = &inputs.dotenv else { return };
    let open = dotenv.mode.is_some_and(|mode| mode & 0o044 != 0);
    let secret = dotenv.variables.iter().any(|(name, value)| {
        !value.is_empty()
            && (name.ends_with("PASSWORD")
                || conninfo::parse(value).is_ok_and(|params| params.0.contains_key("password")))
    });
    if open && secret {
        let path = shown_path(&inputs.root, &dotenv.path);
        warnings.push(format!(
            "`{0}` holds a password and other users can read it; run `chmod 600 {0}`",
            path.display()
        ));
    }
}

fn extra(given: &[String]) -> Result<BTreeMap<String, String>, ConfigError> {
    given
        .iter()
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if name.is_empty() {
                return Err(ConfigError::new(format!("`-x {pair}` has no name"))
                    .hint("write `-x KEY=VALUE`"));
            }
            Ok((name.to_owned(), value.to_owned()))
        })
        .collect()
}

fn folder_name(root: &Path) -> String {
    root.file_name()
        .map_or_else(|| "limbeck".to_owned(), |name| name.to_string_lossy().into_owned())
}

const PLACEHOLDERS: [&str; 4] = ["id", "slug", "date", "time"];

/// A template makes one file name, different for each revision.
fn check_template(template: &str) -> Result<(), ConfigError> {
    let placeholders = || {
        let names: Vec<_> = PLACEHOLDERS.iter().map(|name| format!("`{{{name}}}`")).collect();
        format!("the placeholders are {}", names.join(", "))
    };
    let mut rest = template;
    let mut distinct = false;
    while let Some(open) = rest.find(['{', '}']) {
        let inner = rest[open..].strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let Some((name, after)) = inner else {
            return Err(ConfigError::new("`file_template` has a brace without its partner")
                .hint(placeholders()));
        };
        if !PLACEHOLDERS.contains(&name) {
            return Err(ConfigError::new(format!(
                "`file_template` has no placeholder `{{{name}}}`"
            ))
            .hint(placeholders()));
        }
        distinct |= name == "id" || name == "slug";
        rest = after;
    }
    if template.contains(['/', '\\']) {
        return Err(ConfigError::new("`file_template` names a folder")
            .hint("set the folder with `migrations`"));
    }
    if !distinct {
        return Err(ConfigError::new("`file_template` gives every revision the same name")
            .hint("use `{id}` or `{slug}` in it"));
    }
    Ok(())
}

/// Every setting with its origin, for `status -v`.
fn settings(
    inputs: &Inputs,
    layers: &Layers,
    chosen: Option<&Chosen<'_>>,
    params: Option<&Layered>,
    connection: Option<&Connection>,
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
