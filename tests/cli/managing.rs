//! What is managed, where models come from, and where scratch databases are made: the settings
//! that decide it, on a real server.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    on, run,
    support::{Project, TestDb, database, project},
};

/// A project whose models are this SQL, beside a database that holds that.
async fn beside(models: &str, there: &str) -> (Project, TestDb) {
    let (project, db) = (project(), database().await);
    project.write("models/all.sql", models);
    db.client().await.batch_execute(there).await.expect("the SQL is right");
    (project, db)
}

fn diff(project: &Project, db: &TestDb) -> crate::Ran {
    run(&mut on(project, db, &["diff", "--json", "--no-proof", "--no-renames"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_filter_leaves_out_is_no_difference_on_either_side() {
    let both = "CREATE TABLE kept (a int);";
    for (setting, one, other) in [
        (
            "schemas = [\"app*\", \"public\"]",
            "CREATE SCHEMA app; CREATE SCHEMA jobs; CREATE TABLE jobs.t (a int);",
            "CREATE SCHEMA app;",
        ),
        ("ignore = \"public.spatial_*\"", "CREATE TABLE spatial_ref (a int PRIMARY KEY);", ""),
        (
            "ignore = [\"view *.v_*\"]",
            "CREATE TABLE v_t (a int); CREATE VIEW v_v AS SELECT 1 AS a;",
            "CREATE TABLE v_t (a int);",
        ),
        ("ignore_kinds = [\"publication\", \"index\"]", "CREATE INDEX i ON kept (a);", ""),
        ("grants = false", "GRANT SELECT ON kept TO PUBLIC;", ""),
        ("owners = false", "ALTER TABLE kept OWNER TO pg_monitor;", ""),
    ] {
        for turned in [false, true] {
            let (models, there) = if turned { (other, one) } else { (one, other) };
            let (project, db) = beside(&format!("{both}{models}"), &format!("{both}{there}")).await;
            diff(&project, &db).exits(1);
            project.write("limbeck.toml", &format!("[manage]\n{setting}\n"));
            let ran = diff(&project, &db).exits(0);
            assert_eq!(ran.json()["changes"], serde_json::json!([]), "{setting}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_hold_for_every_command() {
    let models = "CREATE TABLE kept (a int); CREATE TABLE other (b int);";
    let (project, db) = beside(models, "CREATE TABLE left_alone (c int);").await;
    project.write("limbeck.toml", "[manage]\nignore = [\"public.other\", \"public.left_alone\"]\n");
    run(&mut on(&project, &db, &["revision", "-m", "first", "--autogenerate"])).exits(0);
    let folder = fs::read_dir(project.path().join("migrations")).unwrap();
    let files: Vec<_> =
        folder.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    let [text] = files.as_slice() else { panic!("{files:?}") };
    assert!(text.contains("public.kept") && !text.contains("other"), "{text}");
    assert!(!text.contains("left_alone"), "{text}");
    run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    run(&mut on(&project, &db, &["check"])).exits(0);
    run(&mut on(&project, &db, &["verify"])).exits(0);
    let dump = run(&mut on(&project, &db, &["dump"])).exits(0).out;
    assert!(dump.contains("public.kept") && !dump.contains("left_alone"), "{dump}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_there_is_not_is_refused() {
    let (project, db) = beside("CREATE TABLE t (a int);", "").await;
    project.write("limbeck.toml", "\n[manage]\nignore_kinds = [\"index\", \"tabel\"]\n");
    for command in ["diff", "check", "dump", "verify"] {
        let ran = run(&mut on(&project, &db, &[command])).fails("SETTINGS", 2);
        let said =
            "limbeck.toml:3: `manage.ignore_kinds` names `tabel`, which is no kind of object";
        assert!(ran.err.contains(said), "{}", ran.err);
        assert!(ran.err.contains("`table`") && ran.err.contains("`index`"), "{}", ran.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_and_needed_is_named() {
    let models = "CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE t (m mood);";
    let (project, db) = beside(models, "").await;
    project.write("limbeck.toml", "[manage]\nignore_kinds = [\"type\"]\n");
    let ran = run(&mut on(&project, &db, &["diff", "--sql"])).fails("SETTINGS", 2);
    assert!(ran.err.contains("needs `type public.mood`"), "{}", ran.err);
    // With it there, the rest can be made.
    db.client().await.batch_execute("CREATE TYPE mood AS ENUM ('ok')").await.unwrap();
    let ran = run(&mut on(&project, &db, &["diff", "--sql"])).exits(1);
    assert!(ran.out.contains("CREATE TABLE public.t") && !ran.out.contains("TYPE"), "{}", ran.out);
}

fn command(project: &Project, program: &str) {
    project.write("limbeck.toml", &format!("models_command = '''{program}'''\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_prints_the_models() {
    let (project, db) = (project(), database().await);
    command(&project, "echo 'CREATE TABLE t (a int);'; echo noise >&2");
    let ran = diff(&project, &db).exits(1);
    assert!(ran.out.contains("table public.t"), "{}", ran.out);
    for (program, code, said) in [
        ("echo no such module >&2; exit 3", "FILE", "no such module"),
        ("echo Traceback: nothing is right", "SQL", "syntax error at or near \"Traceback\""),
        ("echo CREATE TABLE t '(a int'", "UNTERMINATED", ":1: "),
        ("printf '\\377'", "FILE", "is not UTF-8"),
        ("no-such-program", "FILE", "not found"),
    ] {
        command(&project, program);
        let ran = diff(&project, &db);
        assert!(ran.err.contains(&format!("error[{code}]")), "{program}: {}", ran.err);
        assert!(ran.err.contains(said) && ran.err.contains(program), "{program}: {}", ran.err);
    }
    // Nothing printed is an empty schema.
    command(&project, "true");
    diff(&project, &db).exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_hangs_ends_with_the_command() {
    let (project, db) = (project(), database().await);
    // A pipe, so that the shell has children.
    command(&project, "echo $$ > running; sleep 600 | cat");
    let mut child = on(&project, &db, &["diff"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let file = project.path().join("running");
    let shell = waited(|| fs::read_to_string(&file).ok().filter(|text| text.ends_with('\n')));
    // The pipe is made a moment later.
    let group = waited(|| Some(members(shell.trim())).filter(|group| group.len() > 1));
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let status = waited(|| child.try_wait().unwrap());
    assert_eq!(status.code(), Some(130));
    waited(|| members(shell.trim()).is_empty().then_some(()));
    drop(group);
}

/// The processes of a group.
fn members(group: &str) -> Vec<String> {
    let output =
        Command::new("ps").args(["-A", "-o", "pgid=,pid=,stat="]).output().expect("`ps` is there");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let of_group = |line: &&str| {
        let mut words = line.split_whitespace();
        words.next() == Some(group) && words.nth(1).is_some_and(|stat| !stat.starts_with('Z'))
    };
    text.lines().filter(of_group).map(str::to_owned).collect()
}

fn waited<T>(mut what: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(it) = what() {
            return it;
        }
        assert!(Instant::now() < end, "it does not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A folder with a python that has SQLAlchemy; none, said aloud, where it cannot be had.
fn sqlalchemy() -> Option<PathBuf> {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sqlalchemy");
    let python = venv.join("bin/python");
    let has = || {
        let import = Command::new(&python).args(["-c", "import sqlalchemy"]).output();
        import.is_ok_and(|output| output.status.success())
    };
    if !has() {
        let made = Command::new("python3").args(["-m", "venv"]).arg(&venv).output();
        if made.is_ok_and(|output| output.status.success()) {
            let pip = ["-m", "pip", "install", "--quiet", "--timeout", "10", "sqlalchemy"];
            drop(Command::new(&python).args(pip).output());
        }
    }
    if has() {
        return Some(venv);
    }
    let _ = writeln!(std::io::stderr(), "SKIPPED: no python with SQLAlchemy");
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlalchemy_models_are_models() {
    let Some(venv) = sqlalchemy() else { return };
    let (project, db) = (project(), database().await);
    std::os::unix::fs::symlink(venv, project.path().join(".venv")).unwrap();
    project.write("limbeck.toml", "models = \"app/models.py\"\n");
    let models = "from sqlalchemy import *\nfrom sqlalchemy.orm import declarative_base\n\
        from .nothing import x\n";
    project.write("app/models.py", models);
    let ran = diff(&project, &db);
    assert!(ran.err.contains("error[FILE]: app/models.py: "), "{}", ran.err);
    let models = "import enum\nfrom sqlalchemy import *\nfrom sqlalchemy.orm import declarative_base\n\
        Base = declarative_base()\n\
        class Mood(enum.Enum):\n    ok = 1\n    sad = 2\n\
        class Account(Base):\n    __tablename__ = 'account'\n    __table_args__ = {'schema': 'Shop'}\n\
        \x20   id = Column(BigInteger, primary_key=True)\n    name = Column(String(20), nullable=False, index=True)\n\
        \x20   mood = Column(Enum(Mood), server_default='ok')\n\
        class Order(Base):\n    __tablename__ = 'order'\n    id = Column(Integer, primary_key=True)\n\
        \x20   account = Column(ForeignKey('Shop.account.id'), comment=\"whose; it's 100%\")\n";
    project.write("app/models.py", models);
    run(&mut on(&project, &db, &["revision", "-m", "first", "--autogenerate"])).exits(0);
    run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    run(&mut on(&project, &db, &["check"])).exits(0);
    let sql = "SELECT col_description('public.order'::regclass, 2)";
    let comment: String = db.client().await.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(comment, "whose; it's 100%");

    // A package whose modules import each other by its name.
    let base = "from sqlalchemy.orm import declarative_base\nBase = declarative_base()\n";
    let shop = "from shop.models.base import Base\nfrom sqlalchemy import *\n\
        class Shop(Base):\n    __tablename__ = 'shop'\n    id = Column(Integer, primary_key=True)\n";
    let all = "from .base import Base\nfrom . import one\nfrom shop.models.one import Shop\n";
    for (name, text) in [("base", base), ("one", shop), ("__init__", all)] {
        project.write(&format!("src/shop/models/{name}.py"), text);
    }
    project.write("src/shop/__init__.py", "");
    for models in ["src/shop/models", "src/shop/models/__init__.py"] {
        project.write("limbeck.toml", &format!("models = \"{models}\"\n"));
        let told = diff(&project, &db).exits(1).json();
        let added = told["changes"].as_array().unwrap().iter().filter(|c| c["change"] == "added");
        assert!(added.into_iter().any(|c| c["object"] == "table public.shop"), "{told}");
    }
}

/// A role that may log in and not make databases, and the URL of a database of its own.
async fn modest(db: &TestDb) -> String {
    let role = format!("{}_modest", db.name);
    let sql = format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'p'; ALTER DATABASE {} OWNER TO {role}",
        db.name
    );
    db.client().await.batch_execute(&sql).await.expect("the role can be made");
    let server = db.server();
    format!("postgresql://{role}:p@{}:{}/{}", server.host, server.port, db.name)
}

async fn gone(db: TestDb) {
    let sql = format!("ALTER DATABASE {0} OWNER TO CURRENT_USER; DROP ROLE {0}_modest", db.name);
    for sql in sql.split("; ") {
        let client = db.client().await;
        let _ = client.batch_execute(&format!("DROP OWNED BY {}_modest", db.name)).await;
        let _ = client.batch_execute(sql).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scratch_databases_are_made_where_the_settings_say() {
    let (project, db) = (project(), database().await);
    let url = modest(&db).await;
    project.write(
        "models/t.sql",
        "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
    );
    let limbeck = |args: &[&str]| {
        let mut command = project.limbeck(args);
        command.env("DATABASE_URL", &url);
        command
    };
    let ran = run(&mut limbeck(&["diff"])).fails("PRIVILEGE", 8);
    assert!(ran.err.contains("may not create databases"), "{}", ran.err);
    assert!(ran.err.contains("CREATEDB") && ran.err.contains("scratch_url"), "{}", ran.err);

    let ran = run(limbeck(&["diff", "--sql"]).args(["--scratch-url", &db.url()])).exits(1);
    assert!(ran.out.contains("CREATE TABLE public.t") && !ran.out.contains("OWNER"), "{}", ran.out);
    let mut by_variable = limbeck(&["revision", "-m", "first", "--autogenerate"]);
    run(by_variable.env("LIMBECK_SCRATCH_URL", db.url())).exits(0);
    run(&mut limbeck(&["upgrade", "head"])).exits(0);
    run(limbeck(&["check"]).env("LIMBECK_SCRATCH_URL", db.url())).exits(0);
    run(limbeck(&["verify"]).env("LIMBECK_SCRATCH_URL", db.url())).exits(0);

    project.write("limbeck.toml", &format!("\nscratch_url = \"{}\"\n", db.url()));
    let ran = run(&mut limbeck(&["diff"])).fails("SETTINGS", 2);
    assert!(ran.err.contains("`scratch_url` holds a password"), "{}", ran.err);
    assert!(ran.err.contains("limbeck.toml:2"), "{}", ran.err);
    fs::remove_file(project.path().join("limbeck.toml")).unwrap();

    let nowhere = "postgresql://x@127.0.0.1:1/postgres";
    let ran = run(limbeck(&["diff"]).args(["--scratch-url", nowhere])).fails("CONNECT", 9);
    assert!(ran.err.contains("the server for scratch databases"), "{}", ran.err);
    gone(db).await;
}

/// A server of the project's own, stopped at the end.
struct Own(Project);

impl Drop for Own {
    fn drop(&mut self) {
        drop(self.0.limbeck(["db", "stop"]).output());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_projects_own_server_serves_for_a_database_elsewhere() {
    let (own, db) = (Own(project()), database().await);
    let url = modest(&db).await;
    // Of the same version as the database's.
    let programs = db.server().bin_dir.display();
    let settings =
        format!("[server]\nprovider = \"local\"\n[server.local]\nbin_dir = \"{programs}\"\n");
    own.0.write("limbeck.toml", &settings);
    own.0.write("models/t.sql", "CREATE TABLE t (a int);");
    run(&mut own.0.limbeck(["db", "start"])).exits(0);
    let mut diff = own.0.limbeck(["diff", "--sql"]);
    let ran = run(diff.env("DATABASE_URL", &url)).exits(1);
    assert!(ran.out.contains("CREATE TABLE public.t") && !ran.out.contains("OWNER"), "{}", ran.out);
    gone(db).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_in_no_output_and_no_file() {
    let models = "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w \
        OPTIONS (host 'h', api_key 'hush1'); CREATE USER MAPPING FOR CURRENT_USER SERVER s \
        OPTIONS (\"user\" 'u', password 'hush2');";
    let (project, db) = beside(models, "").await;
    for args in [
        &["diff"][..],
        &["diff", "--json"],
        &["dump", "models"],
        &["dump", "models", "--json"],
        &["revision", "-m", "first", "--autogenerate"],
    ] {
        let ran = run(&mut on(&project, &db, args));
        assert!(matches!(ran.status, Some(0 | 1)), "{args:?}: {}", ran.err);
        assert!(!(ran.out + &ran.err).contains("hush"), "{args:?}");
    }
    // A script for psql is to be run: it leads to the models as they are.
    let ran = run(&mut on(&project, &db, &["diff", "--sql"])).exits(1);
    assert!(ran.out.contains("hush1") && ran.out.contains("hush2"), "{}", ran.out);
    let entry = fs::read_dir(project.path().join("migrations")).unwrap().next().unwrap();
    let text = fs::read_to_string(entry.unwrap().path()).unwrap();
    assert!(!text.contains("hush"), "{text}");
    assert!(text.contains("-- secret: ***") && text.contains("password '***'"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_is_told_once_and_names_the_option_that_it_is_about() {
    let models = "CREATE TABLE t (a int); INSERT INTO t VALUES ('no number');";
    let (project, db) = beside(models, "").await;
    let told = |args: &[&str]| {
        let ran = run(&mut on(&project, &db, args));
        let lines = ran.err.lines().filter(|line| line.starts_with("warning")).map(str::to_owned);
        lines.collect::<Vec<_>>()
    };
    let both = told(&["diff", "--from", "models", "--to", "models"]);
    assert!(matches!(&both[..], [rows] if rows.contains("all.sql")), "{both:?}");
    let url = told(&["diff", "--from", &db.url(), "--to", "models/all.sql"]);
    assert_eq!(url.iter().filter(|line| line.contains("`--from`")).count(), 1, "{url:?}");
    assert!(!url.iter().any(|line| line.contains("--database-url")), "{url:?}");
}
