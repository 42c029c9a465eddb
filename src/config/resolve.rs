//! From all inputs to one [`Config`].

mod database;
mod layers;
mod listing;
mod template;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use self::layers::{Layers, postgres, postgres_port, variable};
use super::{
    Config, Guard, Inputs, LintConfig, ManageConfig, Origin, ProviderChoice, ServerConfig,
    TuiConfig, conninfo,
    error::{ConfigError, did_you_mean},
    file::{self, Profile},
    inputs::{Disk, Files},
    key::Value,
    libpq::{self, Place},
    name,
};

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
            Self::Flag(flag) if flag.starts_with('-') => write!(f, "option {flag}"),
            Self::Flag(argument) => write!(f, "argument {argument}"),
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
    let params =
        database::parameters(inputs, &layers, chosen.as_ref(), provider, &place, &mut warnings)?;
    let connection = match &params {
        Some(params) => Some(libpq::build(params, &place, &mut warnings)?),
        None => None,
    };
    let scratch = match database::scratch(&layers, &place)? {
        Some(params) => Some(libpq::build(&params, &place, &mut warnings)?),
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
    template::check(&file_template).map_err(|e| located("file_template", e))?;

    let config = Config {
        name: layers.text("name").unwrap_or_else(|| folder_name(&inputs.root)),
        migrations: paths("migrations"),
        recursive: layers.flag("recursive"),
        file_template,
        models: paths("models"),
        models_command: layers.text("models_command"),
        models_timeout: layers.time("models_timeout"),
        lint: LintConfig {
            off: layers.list("lint.off"),
            on: layers.list("lint.on"),
            small_table: layers.count("lint.small_table").unwrap_or(0),
        },
        manage: ManageConfig {
            schemas: layers.list("manage.schemas"),
            ignore: layers.list("manage.ignore"),
            ignore_kinds: layers.list("manage.ignore_kinds"),
            owners: layers.flag("manage.owners"),
            grants: layers.flag("manage.grants"),
        },
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
        guard: guard(layers.text("guard").as_deref()),
        extra: extra(&inputs.flags.extra)?,
        tui: TuiConfig {
            theme: layers.text("tui.theme").unwrap_or_default(),
            ascii: layers.text("tui.glyphs").as_deref() == Some("ascii"),
            mouse: layers.flag("tui.mouse"),
            motion: layers.flag("tui.motion"),
            keys: layers.keys(),
        },
        settings: listing::settings(
            inputs,
            &layers,
            chosen.as_ref(),
            params.as_ref(),
            connection.as_ref(),
            scratch.as_ref(),
        ),
        profile: chosen.map(|chosen| chosen.name),
        connection,
        scratch,
        root: inputs.root.clone(),
        profiles: profiles(&file),
        warnings,
    };
    Ok(config)
}

fn guard(word: Option<&str>) -> Guard {
    match word {
        Some("prod") => Guard::Prod,
        Some("staging") => Guard::Staging,
        _ => Guard::Dev,
    }
}

/// The profiles of the file with their guard levels; one that names none has the file's own.
fn profiles(file: &file::File) -> BTreeMap<String, Guard> {
    let word = |table: &file::Table| match table.get("guard") {
        Some((Value::Text(word), _)) => Some(word.clone()),
        _ => None,
    };
    let own = word(&file.settings);
    let level = |settings| guard(word(settings).or_else(|| own.clone()).as_deref());
    file.profiles.iter().map(|(name, profile)| (name.clone(), level(&profile.settings))).collect()
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
