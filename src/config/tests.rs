//! Who wins: settings and connections out of all sources.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::ExposeSecret;

use super::{
    Config, ConfigError, Connection, DotEnv, FlagSetting, Flags, Guard, Inputs, Origin,
    ProviderChoice, SslMode, conninfo, inputs::Files, key, resolve_with,
};

/// A project at `/p`, its user at `/home/ann`.
#[derive(Default)]
struct Case {
    toml: &'static str,
    dotenv: &'static [(&'static str, &'static str)],
    env: &'static [(&'static str, &'static str)],
    url: Option<&'static str>,
    profile: Option<&'static str>,
    flags: &'static [(&'static str, &'static str)],
    files: &'static [(&'static str, &'static str, u32)],
}

impl Files for Case {
    fn read(&self, path: &Path) -> io::Result<(String, Option<u32>)> {
        let found = self.files.iter().find(|(name, ..)| Path::new(name) == path);
        let (_, text, mode) = found.ok_or(io::ErrorKind::NotFound)?;
        Ok(((*text).to_owned(), Some(*mode)))
    }
    fn exists(&self, path: &Path) -> bool {
        self.files.iter().any(|(name, ..)| Path::new(name) == path)
    }
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

impl Case {
    fn inputs(&self) -> Inputs {
        Inputs {
            root: PathBuf::from("/p"),
            toml: (!self.toml.is_empty())
                .then(|| (PathBuf::from("/p/limbeck.toml"), self.toml.into())),
            dotenv: (!self.dotenv.is_empty()).then(|| DotEnv {
                path: PathBuf::from("/p/.env"),
                variables: owned(self.dotenv),
                mode: Some(0o600),
            }),
            env: owned(self.env).into_iter().collect(),
            flags: Flags {
                database_url: self.url.map(str::to_owned),
                url_option: None,
                profile: self.profile.map(str::to_owned),
                extra: Vec::new(),
                settings: self
                    .flags
                    .iter()
                    .map(|(key, value)| FlagSetting {
                        key: (*key).to_owned(),
                        value: (*value).to_owned(),
                        flag: format!("--{}", key.rsplit('.').next().expect("a name")),
                    })
                    .collect(),
            },
            home: Some(PathBuf::from("/home/ann")),
            os_user: Some("ann".to_owned()),
        }
    }

    fn resolve(&self) -> Result<Config, ConfigError> {
        resolve_with(&self.inputs(), self)
    }

    fn config(&self) -> Config {
        self.resolve().unwrap_or_else(|e| panic!("{e}"))
    }

    fn connection(&self) -> Connection {
        self.config().connection.expect("the settings say whom to reach")
    }

    /// `user[:password]@host:port/database`.
    fn target(&self) -> String {
        let connection = self.connection();
        let password = connection.password_for(0);
        let password = password.map(|p| format!(":{}", p.expose_secret())).unwrap_or_default();
        let (user, rest) = (&connection.user, connection.to_string());
        rest.replacen(user.as_str(), &format!("{user}{password}"), 1)
    }

    fn refused(&self) -> (String, String) {
        let error = self.resolve().expect_err("it is wrong");
        (error.to_string(), error.hint.unwrap_or_default())
    }

    /// The origin and the value of a setting, as `status -v` shows them.
    fn shown(&self, name: &str) -> String {
        let config = self.config();
        let setting = config.settings.iter().find(|setting| setting.name == name);
        let setting = setting.unwrap_or_else(|| panic!("no setting {name}"));
        format!("{} ({})", setting.value, setting.origin)
    }
}

#[test]
fn without_settings_everything_has_a_default() {
    let config = Case::default().config();
    assert_eq!(config.name, "p");
    assert_eq!(config.migrations, [Path::new("/p/migrations")]);
    assert_eq!(config.models, [Path::new("/p/models")]);
    assert_eq!(config.file_template, "{id}_{slug}");
    assert_eq!(
        (config.version_table.schema.as_str(), config.version_table.name.as_str()),
        ("limbeck", "version")
    );
    assert_eq!((config.schema.as_str(), config.search_path), ("limbeck", None));
    assert_eq!((config.lock_timeout, config.lock_tries), (Duration::from_secs(2), 10));
    assert_eq!(
        (config.statement_timeout, config.runner_wait),
        (Duration::ZERO, Duration::from_mins(1))
    );
    assert_eq!((config.guard, config.provider), (Guard::Dev, ProviderChoice::Auto));
    assert!(config.connection.is_none(), "the provider knows");
    assert!(config.tui.mouse && config.tui.motion && !config.tui.ascii);
    assert_eq!(config.tui.theme, "auto");
    assert!(config.warnings.is_empty());
    assert_eq!(Config::default_for("/some/shop").name, "shop");
}

#[test]
fn each_source_beats_the_ones_below() {
    let toml = "[runner]\nlock_timeout = \"3s\"\n";
    let timeout = |case: Case| case.config().lock_timeout.as_secs();
    assert_eq!(timeout(Case { toml, ..Case::default() }), 3);
    let dotenv: &[_] = &[("LIMBECK_RUNNER_LOCK_TIMEOUT", "4s")];
    assert_eq!(timeout(Case { toml, dotenv, ..Case::default() }), 4);
    let env: &[_] = &[("LIMBECK_RUNNER_LOCK_TIMEOUT", "5s")];
    assert_eq!(timeout(Case { toml, dotenv, env, ..Case::default() }), 5);
    let flags: &[_] = &[("runner.lock_timeout", "6s")];
    assert_eq!(timeout(Case { toml, dotenv, env, flags, ..Case::default() }), 6);
    // An empty variable is no setting.
    let env: &[_] = &[("LIMBECK_RUNNER_LOCK_TIMEOUT", "")];
    assert_eq!(timeout(Case { toml, dotenv, env, ..Case::default() }), 4);

    let shown = |case: Case| case.shown("runner.lock_timeout");
    assert_eq!(shown(Case::default()), "2s (built in)");
    assert_eq!(shown(Case { toml, ..Case::default() }), "3s (limbeck.toml:2)");
    assert_eq!(shown(Case { toml, dotenv, ..Case::default() }), "4s (.env)");
    assert_eq!(shown(Case { flags, ..Case::default() }), "6s (option --lock_timeout)");
    assert_eq!(
        shown(Case { env: &[("LIMBECK_RUNNER_LOCK_TIMEOUT", "5s")], ..Case::default() }),
        "5s (environment variable LIMBECK_RUNNER_LOCK_TIMEOUT)"
    );
}

#[test]
fn every_variable_of_a_setting_is_read() {
    for key in key::KEYS {
        let Some(variable) = key.variable() else { continue };
        let value = match (key.form, key.name) {
            (_, "file_template") => "{slug}".to_owned(),
            (key::Form::Flag, _) => "true".to_owned(),
            (key::Form::Count(..), _) => "7".to_owned(),
            (key::Form::Time, _) => "7s".to_owned(),
            (key::Form::Choice(words), _) => words.last().expect("a word").to_string(),
            (key::Form::Url, _) => continue,
            _ => "seven".to_owned(),
        };
        let mut inputs = Case::default().inputs();
        inputs.env.insert(variable.clone(), value.clone());
        let config = resolve_with(&inputs, &Case::default()).unwrap_or_else(|e| panic!("{e}"));
        let shown = config.settings.iter().find(|s| s.name == key.name).expect("it is listed");
        assert_eq!((&shown.value, &shown.origin), (&value, &Origin::Env(variable)), "{}", key.name);
    }
}

#[test]
fn database_url_beats_pg_which_beats_postgres() {
    let dotenv: &[_] = &[("DATABASE_URL", "postgres://u@url-host:1/url-db")];
    assert_eq!(
        Case { env: &[("PGHOST", "pg"), ("POSTGRES_HOST", "post")], ..Case::default() }
            .connection()
            .hosts,
        ["pg"]
    );
    assert_eq!(
        Case { env: &[("POSTGRES_HOST", "post")], ..Case::default() }.target(),
        "postgres@post:5432/postgres"
    );
    // Also when the weaker variable stands in the stronger place.
    let case = Case { dotenv, env: &[("PGHOST", "pg")], ..Case::default() };
    assert_eq!(case.target(), "u@url-host:1/url-db");
    assert_eq!(
        case.config().warnings,
        ["`PGHOST` (environment variable PGHOST) is not used: the URL (.env) names another host"]
    );
    // The environment's URL, and the flag's.
    let env: &[_] = &[("DATABASE_URL", "postgres://u@env/d")];
    assert_eq!(Case { dotenv, env, ..Case::default() }.target(), "u@env:5432/d");
    let flag = Some("postgres://u@flag/d");
    assert_eq!(Case { dotenv, env, url: flag, ..Case::default() }.target(), "u@flag:5432/d");
    // PG* of the environment beat PG* of `.env`, one by one.
    let case = Case {
        dotenv: &[("PGHOST", "a"), ("PGUSER", "b"), ("PGPASSWORD", "c")],
        env: &[("PGHOST", "x"), ("PGDATABASE", "y")],
        ..Case::default()
    };
    assert_eq!(case.target(), "b:c@x:5432/y");
}

#[test]
fn what_a_url_leaves_out_is_filled_from_pg() {
    let case = Case {
        dotenv: &[("DATABASE_URL", "postgres://host/db")],
        env: &[
            ("PGUSER", "bob"),
            ("PGPASSWORD", "pw"),
            ("PGPORT", "5433"),
            ("PGHOST", "host"),
            ("PGSSLMODE", "require"),
        ],
        ..Case::default()
    };
    assert_eq!(case.target(), "bob:pw@host:5433/db");
    assert_eq!(case.connection().sslmode, SslMode::Require);
    assert!(case.config().warnings.is_empty(), "the same host is no surprise");
    assert_eq!(case.shown("connection.host"), "host (.env)");
    assert_eq!(case.shown("connection.port"), "5433 (environment variable PGPORT)");
    assert_eq!(case.shown("connection.password"), "******** (environment variable PGPASSWORD)");
}

#[test]
fn postgres_variables_alone_belong_to_the_managed_server() {
    let dotenv: &[_] = &[
        ("POSTGRES_USER", "shop"),
        ("POSTGRES_PASSWORD", "pw"),
        ("POSTGRES_DB", "shop_dev"),
        ("POSTGRES_PORT", "5544"),
    ];
    let config = Case { dotenv, ..Case::default() }.config();
    assert!(config.connection.is_none());
    assert_eq!(config.server.postgres_user.as_deref(), Some("shop"));
    assert_eq!(
        config.server.postgres_password.as_ref().map(ExposeSecret::expose_secret),
        Some("pw")
    );
    assert_eq!(
        (config.server.postgres_db.as_deref(), config.server.postgres_port),
        (Some("shop_dev"), Some(5544))
    );
    assert!(!format!("{config:?}").contains("\"pw\""));

    let external = Case { dotenv, toml: "server.provider = \"external\"", ..Case::default() };
    assert!(external.target().starts_with("shop:pw@"), "{}", external.target());
    let with_host = Case { dotenv, env: &[("POSTGRES_HOST", "db")], ..Case::default() };
    assert_eq!(with_host.target(), "shop:pw@db:5544/shop_dev");
    // The service is ours to start: its host is where other containers find it.
    let compose = Case {
        dotenv,
        env: &[("POSTGRES_HOST", "db")],
        toml: "server.provider = \"compose\"",
        ..Case::default()
    };
    assert!(compose.config().connection.is_none());
    assert_eq!(compose.config().provider, ProviderChoice::Compose);
    // A password of the service is not sent elsewhere.
    let elsewhere = Case { dotenv, url: Some("postgres://u@elsewhere/d"), ..Case::default() };
    assert_eq!(elsewhere.target(), "u@elsewhere:5432/d");

    let (message, _) = Case { env: &[("POSTGRES_PORT", "abc")], ..Case::default() }.refused();
    assert_eq!(
        message,
        "environment variable POSTGRES_PORT: `POSTGRES_PORT` is `abc`, not a port number"
    );
}

#[test]
fn manners_alone_make_no_connection() {
    let env: &[_] = &[
        ("PGSSLMODE", "require"),
        ("PGAPPNAME", "x"),
        ("PGPASSWORD", "pw"),
        ("PGCONNECT_TIMEOUT", "3"),
    ];
    assert!(Case { env, ..Case::default() }.config().connection.is_none());
    for env in [
        &[("PGDATABASE", "d")] as &'static [_],
        &[("PGUSER", "u")],
        &[("PGPORT", "5433")],
        &[("PGHOSTADDR", "10.0.0.1")],
    ] {
        assert!(Case { env, ..Case::default() }.config().connection.is_some(), "{env:?}");
    }
    let toml = "server.provider = \"external\"";
    assert_eq!(Case { toml, ..Case::default() }.target(), "ann@localhost:5432/ann");
}

#[test]
fn defaults_are_those_of_libpq() {
    let case = Case { url: Some("postgres://"), ..Case::default() };
    assert_eq!(case.target(), "ann@localhost:5432/ann");
    let files: &[_] = &[
        ("/tmp/.s.PGSQL.5432", "", 0),
        ("/tmp/.s.PGSQL.6000", "", 0),
        ("/var/run/postgresql/.s.PGSQL.6000", "", 0),
    ];
    let case = Case { url: Some("postgres://"), files, ..Case::default() };
    assert_eq!(case.target(), "ann@/tmp:5432/ann");
    let case = Case { url: Some("postgres://bob@/?port=6000"), files, ..Case::default() };
    assert_eq!(case.target(), "bob@/var/run/postgresql:6000/bob");
    let case =
        Case { url: Some("host=a,b port=1,2 dbname=d connect_timeout=0"), ..Case::default() };
    let connection = case.connection();
    assert_eq!(
        (connection.hosts, connection.ports),
        (vec!["a".to_owned(), "b".to_owned()], vec![1, 2])
    );
    assert_eq!(connection.connect_timeout, Duration::ZERO);
    let case = Case { url: Some("hostaddr=127.0.0.1,10.0.0.1"), ..Case::default() };
    assert_eq!(case.connection().hosts, ["127.0.0.1", "10.0.0.1"]);
    assert_eq!(case.connection().sslmode, SslMode::VerifyFull);

    let mut inputs = Case { url: Some("postgres://h/d"), ..Case::default() }.inputs();
    inputs.os_user = None;
    let error = resolve_with(&inputs, &Case::default()).expect_err("who am I?");
    assert_eq!(error.message, "no database user is set, and the system names none");
}

#[test]
fn the_mode_is_strict_across_a_network() {
    let mode = |url| Case { url: Some(url), ..Case::default() }.connection().sslmode;
    assert_eq!(mode("postgres://localhost/d"), SslMode::Prefer);
    assert_eq!(mode("postgres://%2Ftmp/d"), SslMode::Prefer);
    assert_eq!(mode("postgres://db.example.org/d"), SslMode::VerifyFull);
    assert_eq!(mode("postgres://localhost,db.example.org/d"), SslMode::VerifyFull);
    assert_eq!(mode("host=localhost hostaddr=10.1.2.3"), SslMode::VerifyFull);
    assert_eq!(mode("postgres://db.example.org/d?sslmode=prefer"), SslMode::Prefer);
    assert_eq!(mode("postgres://db.example.org/d?ssl=true"), SslMode::Require);
    assert_eq!(mode("postgres://localhost/d?sslrootcert=system"), SslMode::VerifyFull);
}

#[test]
fn certificates_are_found_where_libpq_looks() {
    let url = Some("postgres://db.example.org/d");
    let files: &[_] = &[
        ("/home/ann/.postgresql/root.crt", "", 0o600),
        ("/home/ann/.postgresql/postgresql.crt", "", 0o600),
        ("/home/ann/.postgresql/postgresql.key", "", 0o600),
    ];
    let connection = Case { url, files, ..Case::default() }.connection();
    assert_eq!(connection.sslrootcert.as_deref(), Some("/home/ann/.postgresql/root.crt"));
    assert_eq!(connection.sslcert, Some("/home/ann/.postgresql/postgresql.crt".into()));
    assert_eq!(connection.sslkey, Some("/home/ann/.postgresql/postgresql.key".into()));
    let env: &[_] =
        &[("PGSSLROOTCERT", "certs/ca.crt"), ("PGSSLCERT", "~/me.crt"), ("PGSSLKEY", "/k")];
    let connection = Case { env, url, files, ..Case::default() }.connection();
    assert_eq!(connection.sslrootcert.as_deref(), Some("/p/certs/ca.crt"));
    assert_eq!(connection.sslcert, Some("/home/ann/me.crt".into()));
    assert_eq!(connection.sslkey, Some("/k".into()));
    let connection = Case { url, ..Case::default() }.connection();
    assert_eq!((connection.sslrootcert, connection.sslcert), (None, None));
}

#[test]
fn wrong_parameters_name_their_source() {
    for (url, message) in [
        (
            "postgres://h?sslmode=on",
            "option --database-url: `sslmode` is `on`, not one of `disable`, `allow`, `prefer`, `require`, `verify-ca`, `verify-full`",
        ),
        ("postgres://h:70000/d", "option --database-url: `port` is `70000`, not a port number"),
        ("postgres://h:0/d", "option --database-url: `port` is `0`, not a port number"),
        (
            "postgres://h?connect_timeout=soon",
            "option --database-url: `connect_timeout` is `soon`, not a whole number",
        ),
        ("postgres://a,b,c?port=1,2", "there are 3 hosts and 2 ports"),
        ("host=a,b hostaddr=127.0.0.1", "there are 2 hosts and 1 addresses in `hostaddr`"),
        ("hostaddr=nowhere", "option --database-url: `hostaddr` is `nowhere`, not an IP address"),
        (
            "postgres://h?sslrootcert=system&sslmode=require",
            "`sslrootcert=system` needs `sslmode=verify-full`, not `require`",
        ),
        (
            "postgres://h?sslnegotiation=direct&sslmode=prefer",
            "`sslnegotiation=direct` needs `sslmode=require` or stronger, not `prefer`",
        ),
        (
            "postgres://h?target_session_attrs=master",
            "option --database-url: `target_session_attrs` is `master`, not one of `any`, `read-write`, `read-only`, `primary`, `standby`, `prefer-standby`",
        ),
        (
            "postgres://u:hunter2@h?nope=1",
            "option --database-url: unknown connection parameter `nope`",
        ),
        ("sqlite://hunter2", "option --database-url: `sqlite://` is not PostgreSQL"),
    ] {
        let (found, _) = Case { url: Some(url), ..Case::default() }.refused();
        assert_eq!(found, message, "{url}");
    }
    let (message, _) = Case { dotenv: &[("DATABASE_URL", "hunter2")], ..Case::default() }.refused();
    assert_eq!(message, ".env: DATABASE_URL: not a connection string");
    // Only where there is something to connect to.
    assert!(Case { env: &[("PGREQUIREAUTH", "md5")], ..Case::default() }.resolve().is_ok());
    let env: &[_] = &[("PGREQUIREAUTH", "md5"), ("PGHOST", "h")];
    let (message, _) = Case { env, ..Case::default() }.refused();
    assert_eq!(
        message,
        "environment variable PGREQUIREAUTH: connection parameter `require_auth` is not supported"
    );
}

#[test]
fn profiles_beat_the_surroundings() {
    let toml = "guard = \"dev\"\nversion_table = \"public.alembic_version\"\n\n\
        [profile.prod]\ndatabase_url = \"postgres://deploy@db.example.org/shop\"\nguard = \"prod\"\n\n\
        [profile.prod.runner]\nlock_timeout = \"1s\"\n\n\
        [profile.ci]\ndatabase_url_env = \"CI_URL\"\n";
    let dotenv: &[_] =
        &[("DATABASE_URL", "postgres://me:mine@localhost/dev"), ("LIMBECK_GUARD", "dev")];
    let case = Case { toml, dotenv, profile: Some("prod"), ..Case::default() };
    let config = case.config();
    assert_eq!(config.guard, Guard::Prod, "`.env` cannot lower it");
    assert_eq!(config.lock_timeout, Duration::from_secs(1));
    assert_eq!(config.version_table.name, "alembic_version");
    assert_eq!(config.profile.as_deref(), Some("prod"));
    assert_eq!(
        case.target(),
        "deploy@db.example.org:5432/shop",
        "with no password of another database"
    );
    assert_eq!(case.shown("guard"), "prod (limbeck.toml:6)");
    assert_eq!(case.shown("profile"), "prod (option --profile)");
    let explicit = Case {
        toml,
        dotenv,
        profile: Some("prod"),
        url: Some("postgres://x@y/z"),
        ..Case::default()
    };
    assert_eq!(explicit.target(), "x@y:5432/z");

    let env: &[_] = &[("LIMBECK_PROFILE", "ci"), ("CI_URL", "postgres://ci:pw@ci-db/ci")];
    assert_eq!(Case { toml, dotenv, env, ..Case::default() }.target(), "ci:pw@ci-db:5432/ci");
    let (message, hint) = Case { toml, dotenv, profile: Some("ci"), ..Case::default() }.refused();
    assert_eq!(
        message,
        "limbeck.toml:12: profile `ci` takes its database from the variable `CI_URL`, which is not set"
    );
    assert_eq!(hint, "set `CI_URL` in `.env` or in the environment");
    let (message, hint) = Case { toml, profile: Some("prd"), ..Case::default() }.refused();
    assert_eq!(
        (message.as_str(), hint.as_str()),
        ("there is no profile `prd` (option --profile)", "did you mean `prod`?")
    );
    let (_, hint) = Case { toml, profile: Some("somewhere"), ..Case::default() }.refused();
    assert_eq!(hint, "the profiles are `ci`, `prod`");
}

#[test]
fn the_url_of_the_file_is_the_weakest_and_has_no_password() {
    let toml = "database_url = \"postgres://shop@localhost:5433/shop\"";
    assert_eq!(Case { toml, ..Case::default() }.target(), "shop@localhost:5433/shop");
    let case =
        Case { toml, dotenv: &[("PGPASSWORD", "pw")], env: &[("PGHOST", "ci")], ..Case::default() };
    assert_eq!(case.target(), "shop:pw@ci:5433/shop");
    let case = Case { toml, env: &[("DATABASE_URL", "postgres://x@y/z")], ..Case::default() };
    assert_eq!(case.target(), "x@y:5432/z");
    let (message, hint) =
        Case { toml: "\ndatabase_url = \"postgres://a:hunter2@h/d\"", ..Case::default() }.refused();
    assert_eq!(message, "limbeck.toml:2: `database_url` holds a password");
    assert!(hint.contains(".env"));
}

#[test]
fn services_stand_between_the_url_and_the_variables() {
    let files: &[_] = &[
        ("/home/ann/.pg_service.conf", "[s]\nhost=service\nuser=su\nport=7\n", 0o600),
        ("/etc/pg/pg_service.conf", "[t]\nhost=system\n", 0o600),
    ];
    let env: &[_] = &[
        ("PGHOST", "variable"),
        ("PGDATABASE", "vd"),
        ("PGSYSCONFDIR", "/etc/pg"),
        ("PGSERVICE", "t"),
    ];
    let case = Case { url: Some("postgres://urluser@/?service=s"), files, env, ..Case::default() };
    assert_eq!(case.target(), "urluser@service:7/vd");
    assert_eq!(case.shown("connection.host"), "service (.pg_service.conf:1)");
    assert_eq!(Case { env, files, ..Case::default() }.target(), "ann@system:5432/vd");
    let (message, hint) = Case { url: Some("service=u"), files, ..Case::default() }.refused();
    assert_eq!(message, "option --database-url: there is no service `u`");
    assert_eq!(hint, "looked in `/home/ann/.pg_service.conf`");
}

#[test]
fn the_password_file_comes_last_and_is_private() {
    let url = Some("postgres://u@h/d");
    let files: &[_] = &[("/home/ann/.pgpass", "h:*:*:u:filed", 0o600)];
    assert_eq!(Case { url, files, ..Case::default() }.target(), "u:filed@h:5432/d");
    let env: &[_] = &[("PGPASSWORD", "env")];
    assert_eq!(Case { env, url, files, ..Case::default() }.target(), "u:env@h:5432/d");
    let env: &[_] = &[("PGPASSFILE", "/other")];
    let files: &[_] =
        &[("/other", "*:*:*:*:o", 0o600), ("/home/ann/.pgpass", "*:*:*:*:filed", 0o600)];
    assert_eq!(Case { env, url, files, ..Case::default() }.target(), "u:o@h:5432/d");
    for mode in [0o640, 0o604, 0o660] {
        let files: &'static [_] =
            Box::leak(Box::new([("/home/ann/.pgpass", "*:*:*:*:filed", mode)]));
        let case = Case { url, files, ..Case::default() };
        assert_eq!(case.target(), "u@h:5432/d");
        assert_eq!(
            case.config().warnings,
            [
                "`/home/ann/.pgpass` is ignored, because others can read it; run `chmod 600 /home/ann/.pgpass`"
            ]
        );
    }
}

#[test]
fn passwords_in_the_open_are_warned_of_and_shown_nowhere() {
    let case = Case { url: Some("postgres://u:hunter2@h/d"), ..Case::default() };
    let config = case.config();
    assert!(config.warnings[0].contains("`--database-url`"), "{:?}", config.warnings);
    assert_eq!(case.shown("connection.password"), "******** (option --database-url)");
    let all = format!("{config:?} {config:#?} {:?}", case.inputs());
    assert!(!all.contains("hunter2"), "{all}");

    for (mode, variables, warned) in [
        (0o644, &[("DATABASE_URL", "postgres://u:hunter2@localhost/d")] as &[_], true),
        (0o640, &[("POSTGRES_PASSWORD", "hunter2")], true),
        (0o600, &[("POSTGRES_PASSWORD", "hunter2")], false),
        (0o644, &[("POSTGRES_PASSWORD", ""), ("PGHOST", "localhost")], false),
    ] {
        let mut inputs = Case::default().inputs();
        let path = PathBuf::from("/p/.env");
        inputs.dotenv = Some(DotEnv { path, variables: owned(variables), mode: Some(mode) });
        let config = resolve_with(&inputs, &Case::default()).expect("it resolves");
        let text = config.warnings.join("\n");
        assert_eq!(text.contains("`.env` holds a password"), warned, "{mode:o} {variables:?}");
        assert!(!format!("{config:?} {inputs:?} {text}").contains("hunter2"));
    }
}

#[test]
fn mistakes_in_settings_name_file_and_line() {
    for (toml, message) in [
        (
            "version_table = \"a.b.c\"",
            "limbeck.toml:1: `version_table` is `a.b.c`, not a name such as `limbeck.version`",
        ),
        (
            "schema = \"pg_catalog\"",
            "limbeck.toml:1: `schema` is in schema `pg_catalog`, which belongs to PostgreSQL",
        ),
        ("search_path = \"a;b\"", "limbeck.toml:1: `search_path` is `a;b`, not a list of names"),
        (
            "file_template = \"{date}\"",
            "limbeck.toml:1: `file_template` gives every revision the same name",
        ),
        (
            "file_template = \"{id}_{slog}\"",
            "limbeck.toml:1: `file_template` has no placeholder `{slog}`",
        ),
        (
            "file_template = \"{id\"",
            "limbeck.toml:1: `file_template` has a brace without its partner",
        ),
        ("file_template = \"x/{id}\"", "limbeck.toml:1: `file_template` names a folder"),
    ] {
        assert_eq!(Case { toml, ..Case::default() }.refused().0, message);
    }
    let (message, _) = Case { env: &[("LIMBECK_GUARD", "high")], ..Case::default() }.refused();
    assert_eq!(
        message,
        "environment variable LIMBECK_GUARD: `guard` is `high`, not one of `dev`, `staging`, `prod`"
    );
    let warnings = Case {
        env: &[("LIMBECK_GAURD", "prod"), ("LIMBECK_UNRELATED_THING", "x")],
        ..Case::default()
    }
    .config()
    .warnings;
    assert_eq!(
        warnings,
        ["variable `LIMBECK_GAURD` is not a setting; did you mean `LIMBECK_GUARD`?"]
    );
}

#[test]
fn a_url_alone_is_a_connection() {
    let connection: Connection =
        "postgres://u:pw@db.example.org/d?connect_timeout=3".parse().expect("a good URL");
    assert_eq!(connection.to_string(), "u@db.example.org:5432/d");
    assert_eq!(
        connection.password_for(0).map(|p| p.expose_secret().to_owned()).as_deref(),
        Some("pw")
    );
    assert_eq!(connection.connect_timeout, Duration::from_secs(3));
    assert_eq!(connection.sslmode, SslMode::VerifyFull);
    let error = "postgres://db/d".parse::<Connection>().expect_err("no user");
    assert!(error.message.starts_with("no database user is set"), "{error}");
}

#[test]
fn extra_values_are_pairs() {
    let mut inputs = Case::default().inputs();
    inputs.flags.extra = vec!["tenant=a=b".into(), "flag".into()];
    let config = resolve_with(&inputs, &Case::default()).expect("it resolves");
    let expected = BTreeMap::from([
        ("tenant".to_owned(), "a=b".to_owned()),
        ("flag".to_owned(), String::new()),
    ]);
    assert_eq!(config.extra, expected);
    inputs.flags.extra = vec!["=x".into()];
    assert!(resolve_with(&inputs, &Case::default()).is_err());
}

#[test]
fn a_broken_dotenv_is_named_without_its_text() {
    let lines = vec![Ok(("A".to_owned(), "1".to_owned())), Err("PGPASSWORD=hunter2 oops")];
    let error = DotEnv::collect("/p/.env".into(), lines.into_iter()).expect_err("a broken line");
    assert_eq!(error.to_string(), "/p/.env: a line after `A` is not of the form `NAME=value`");
    let good = vec![Ok::<_, ()>(("A".into(), "1".into())), Ok(("A".into(), "2".into()))];
    let dotenv = DotEnv::collect("/p/.env".into(), good.into_iter()).expect("it is good");
    assert_eq!(dotenv.get("A"), Some("2"));
}

/// A row of `docs/settings.md`.
fn row(key: &key::Key) -> String {
    let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
    let form = match key.form {
        key::Form::Text => "text".to_owned(),
        key::Form::Path => "path".to_owned(),
        key::Form::Paths => "path or list".to_owned(),
        key::Form::Names => "name or list".to_owned(),
        key::Form::Flag => "`true`, `false`".to_owned(),
        key::Form::Count(low, high) => format!("{low} to {high}"),
        key::Form::Time => "duration".to_owned(),
        key::Form::Choice(words) => {
            words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
        }
        key::Form::Url => "URL".to_owned(),
        key::Form::Keys => "table".to_owned(),
    };
    let variable = key.variable().map(|name| format!("`{name}`")).unwrap_or_default();
    format!("| `{}` | {form} | {default} | {} | {variable} |", key.name, key.help)
}

#[test]
fn every_setting_is_documented() {
    let text = include_str!("../../docs/settings.md");
    let missing: Vec<_> = key::KEYS.iter().map(row).filter(|row| !text.contains(row)).collect();
    assert!(missing.is_empty(), "docs/settings.md lacks:\n{}", missing.join("\n"));
    let rows =
        text.lines().filter(|line| line.starts_with("| `") && line.matches('|').count() == 6);
    assert_eq!(rows.count(), key::KEYS.len(), "a row of a setting that there is not");
}

#[test]
fn every_connection_parameter_is_documented() {
    let text = include_str!("../../docs/design/connections.md");
    for keyword in conninfo::KEYWORDS {
        assert!(text.contains(&format!("`{}`", keyword.name)), "{}", keyword.name);
        assert!(
            keyword.env.is_none_or(|name| text.contains(&format!("`{name}`"))),
            "{}",
            keyword.name
        );
    }
}

#[test]
fn the_example_is_accepted() {
    let text = include_str!("../../.env.example");
    let pairs = text.lines().filter_map(|line| line.trim_start_matches("# ").split_once('='));
    let names: Vec<_> = pairs.map(|(name, _)| name).filter(|name| !name.contains(' ')).collect();
    for name in [
        "DATABASE_URL",
        "POSTGRES_USER",
        "POSTGRES_PASSWORD",
        "POSTGRES_DB",
        "POSTGRES_PORT",
        "PGPASSWORD",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
}
