//! Commands that write files: `init`, `revision`, `merge`, `edit`, `completions`, `man`.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use crate::{
    forked, on, run,
    support::{database, limbeck},
    three,
};

#[test]
fn init_lays_out_a_project_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let init = |args: &[&str]| run(limbeck().current_dir(folder.path()).args(args));
    let ran = init(&["init", "shop"]).exits(0);
    let root = folder.path().join("shop");
    for name in [
        "limbeck.toml",
        "migrations",
        "models",
        ".env.example",
        ".gitignore",
        "docker-compose.yml",
        "Makefile",
    ] {
        assert!(root.join(name).exists(), "{name}");
        assert!(ran.err.contains(name), "{name} is not named:\n{}", ran.err);
    }
    assert_eq!(ran.out, "");
    let ignored = fs::read_to_string(root.join(".gitignore")).unwrap();
    assert_eq!(ignored, "/.env\n/.limbeck\n");

    fs::write(root.join("Makefile"), "mine").unwrap();
    fs::write(root.join("limbeck.toml"), "name = \"mine\"\n").unwrap();
    let again = init(&["init", "shop"]).exits(0);
    assert_eq!(fs::read_to_string(root.join("Makefile")).unwrap(), "mine");
    assert_eq!(fs::read_to_string(root.join("limbeck.toml")).unwrap(), "name = \"mine\"\n");
    assert_eq!(fs::read_to_string(root.join(".gitignore")).unwrap(), ignored);
    assert!(again.err.contains("kept") && !again.err.contains("made"), "{}", again.err);
}

#[test]
fn what_init_makes_is_a_working_project() {
    let folder = tempfile::tempdir().unwrap();
    let limbeck = |args: &[&str]| run(limbeck().current_dir(folder.path()).args(args));
    limbeck(&["init"]).exits(0);
    limbeck(&["heads"]).exits(0);
    fs::copy(folder.path().join(".env.example"), folder.path().join(".env")).unwrap();
    limbeck(&["revision", "-m", "first"]).exits(0);
    assert_eq!(limbeck(&["heads"]).exits(0).out.lines().count(), 1);
    limbeck(&["init", "-t", "async"]).fails("USAGE", 2);
}

#[test]
fn the_makefile_has_the_targets() {
    let folder = tempfile::tempdir().unwrap();
    run(limbeck().current_dir(folder.path()).arg("init")).exits(0);
    for (target, command) in [("dbstart", "limbeck db start"), ("dbstop", "limbeck db stop")] {
        let make = Command::new("make").arg("-n").arg(target).current_dir(folder.path()).output();
        // Some machines have no make.
        let Ok(make) = make else { return };
        assert!(String::from_utf8_lossy(&make.stdout).contains(command), "{make:?}");
    }
}

#[test]
fn revision_writes_a_file_and_prints_its_path() {
    let project = three();
    let ran = run(&mut project.limbeck(["revision", "-m", "Add a phone number!"])).exits(0);
    let path = ran.out.trim_end();
    assert!(path.starts_with("migrations/") && path.ends_with("_add_a_phone_number.sql"), "{path}");
    assert_eq!(ran.out.lines().count(), 1);
    assert!(ran.err.contains("revises cccc33333333"), "{}", ran.err);
    let text = fs::read_to_string(project.path().join(path)).unwrap();
    for part in
        ["-- Add a phone number!", "-- migrate:up", "-- migrate:down", "Revises: cccc33333333"]
    {
        assert!(text.contains(part), "{text}");
    }

    let ran = run(&mut project.limbeck([
        "revision",
        "-m",
        "side",
        "--head",
        "aaaa",
        "--splice",
        "--branch-label",
        "side",
        "--depends-on",
        "bbbb",
        "--rev-id",
        "5de5",
        "--json",
    ]))
    .exits(0);
    let revision = &ran.json()["revision"];
    assert_eq!(revision["id"], "5de5");
    assert_eq!(revision["parents"][0], "aaaa11111111");
    assert_eq!(revision["branch_labels"][0], "side");
    assert_eq!(revision["depends_on"][0], "bbbb22222222");
}

#[test]
fn revision_refuses_what_would_surprise() {
    let project = forked();
    let files = || fs::read_dir(project.path().join("migrations")).unwrap().count();
    let before = files();
    run(&mut project.limbeck(["revision", "-m", "x"])).fails("MULTIPLE_HEADS", 3);
    run(&mut project.limbeck(["revision", "-m", "x", "--head", "aaaa"])).exits(3);
    run(&mut project.limbeck(["revision", "-m", "x", "--head", "nope"]))
        .fails("UNKNOWN_REVISION", 3);
    run(&mut project.limbeck(["revision"])).fails("USAGE", 2);
    // Before anything is read from a server.
    run(&mut project.limbeck(["revision", "--autogenerate", "-m", "x"])).fails("MULTIPLE_HEADS", 3);
    assert_eq!(files(), before);
}

#[test]
fn merge_joins_the_heads() {
    let project = forked();
    let ran = run(&mut project.limbeck(["merge", "heads", "-m", "join", "--json"])).exits(0);
    let revision = &ran.json()["revision"];
    assert_eq!(revision["parents"], serde_json::json!(["cccc33333333", "dddd44444444"]));
    assert_eq!(revision["merge_point"], true);
    assert_eq!(run(&mut project.limbeck(["heads", "-q"])).exits(0).out.lines().count(), 1);
    run(&mut project.limbeck(["merge", "heads", "-m", "again"])).fails("BAD_TARGET", 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn rebase_moves_what_is_not_applied() {
    let (project, db) = (forked(), database().await);
    let heads = || run(&mut project.limbeck(["heads", "-q"])).exits(0).out;
    let rebase = |args: &[&str]| {
        let mut all = vec!["rebase"];
        all.extend(args);
        run(&mut on(&project, &db, &all))
    };
    let planned = rebase(&["shop", "--dry-run", "--json"]).exits(0).json();
    assert_eq!(planned["moved"], serde_json::json!(["dddd44444444"]));
    assert_eq!(planned["changes"][0]["to"], serde_json::json!(["cccc33333333"]));
    assert_eq!(heads().lines().count(), 2);

    run(&mut on(&project, &db, &["upgrade", "shop"])).exits(0);
    let ran = rebase(&["shop"]).exits(3);
    assert!(ran.err.contains("applied"), "{}", ran.err);
    run(&mut on(&project, &db, &["downgrade", "base"])).exits(0);

    let ran = rebase(&["shop"]).exits(0);
    assert!(ran.out.contains("migrations/dddd44444444_shop.sql"), "{}", ran.out);
    assert!(heads().starts_with("dddd44444444") && heads().lines().count() == 1);
    run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    rebase(&["head"]).fails("BAD_TARGET", 3);
    // Without a database it must be asked for.
    let mut unreachable = project.limbeck(["rebase", "head", "--onto", "aaaa"]);
    unreachable.env("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none");
    assert!(run(&mut unreachable).fails("CONNECT", 9).err.contains("--offline"));
}

#[test]
fn edit_runs_the_editor_with_its_arguments() {
    let project = three();
    let editor = project.write("my editor", "#!/bin/sh\nprintf '%s\\n' \"$@\" > seen\n");
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = project.limbeck(["edit", "bbbb"]);
    command.env("EDITOR", "false").env("VISUAL", format!("'{}' --wait", editor.display()));
    run(&mut command).exits(0);
    let seen = fs::read_to_string(project.path().join("seen")).unwrap();
    let mut lines = seen.lines();
    assert_eq!(lines.next(), Some("--wait"));
    let path = lines.next().unwrap();
    assert!(Path::new(path).ends_with("migrations/bbbb22222222_test.sql"), "{path}");

    let mut failing = project.limbeck(["edit", "bbbb"]);
    run(failing.env("EDITOR", "false")).exits(5);
    run(&mut project.limbeck(["edit", "nope"])).fails("UNKNOWN_REVISION", 3);
}

#[test]
fn completions_are_accepted_by_their_shells() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(limbeck().args(["completions", shell])).exits(0).out;
        assert!(script.contains("upgrade") && script.contains("limbeck"), "{shell}");
        if shell == "bash" {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("limbeck.bash");
            fs::write(&path, &script).unwrap();
            let check = Command::new("bash").arg("-n").arg(&path).output().unwrap();
            assert!(check.status.success(), "{check:?}");
        }
    }
    run(limbeck().args(["completions", "tcsh"])).fails("USAGE", 2);
}

#[test]
fn man_pages_are_roff() {
    let page = run(limbeck().arg("man")).exits(0).out;
    assert!(page.contains(".TH limbeck 1") && page.contains(".SH NAME"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("man1");
    run(limbeck().args(["man", "--out"]).arg(&out)).exits(0);
    for name in ["limbeck.1", "limbeck-upgrade.1", "limbeck-db-start.1"] {
        let text = fs::read_to_string(out.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(text.contains(".SH SYNOPSIS"), "{name}");
    }
}

#[test]
fn migrations_of_another_tool_are_taken_over_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let limbeck = |args: &[&str]| run(limbeck().current_dir(root).args(args));
    limbeck(&["import"]).fails("FILE", 5);
    let put = |name: &str, text: &str| {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put(
        "migrations/20240101120000_make_account.up.sql",
        "BEGIN;\nCREATE TABLE account (id int);\nCOMMIT;\n",
    );
    put("migrations/20240101120000_make_account.down.sql", "DROP TABLE account;\n");
    put(
        "migrations/20240201120000_index.up.sql",
        "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON account (id);\n",
    );
    put("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n");

    let dry = limbeck(&["import", "--dry-run"]).exits(0);
    assert!(dry.err.contains("2 migrations of sqlx"), "{}", dry.err);
    assert!(!root.join("revisions").exists());
    limbeck(&["import"]).exits(0);
    let history = limbeck(&["history"]).exits(0).out;
    assert!(history.contains("make account") && history.contains("202402011200"), "{history}");
    let shown = limbeck(&["show", "20240201120000"]).exits(0).out;
    assert!(shown.contains("CONCURRENTLY"), "{shown}");
    let file = fs::read_dir(root.join("revisions")).unwrap().map(|f| f.unwrap().path());
    let first =
        file.map(|path| fs::read_to_string(path).unwrap()).find(|t| t.contains("make account"));
    let first = first.expect("it was written");
    assert!(first.contains("Create Date: 2024-01-01T12:00:00Z"), "{first}");
    assert!(!first.contains("BEGIN") && first.contains("DROP TABLE account;"), "{first}");
    // The other tool's files are where they were.
    assert!(root.join("migrations/20240101120000_make_account.up.sql").exists());

    // Two with one version: nothing is written.
    for (name, sql) in [("1_a", "SELECT 1;"), ("01_b", "SELECT 2;")] {
        let text = format!("-- +goose Up\n{sql}\n");
        put(&format!("db/migrations/{name}.sql"), &text);
    }
    let ran = limbeck(&["import", "--from", "db/migrations"]).fails("FILE", 5);
    assert!(ran.err.contains("1_a.sql") || ran.err.contains("01_b.sql"), "{}", ran.err);
    assert!(!root.join("revisions/01_b.sql").exists());
}

/// What a project of Alembic holds, and an `alembic` that prints what the real one (1.20) printed.
fn alembic_project(root: &Path) {
    let put = |name: &str, text: &str| {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("it can be written");
        fs::write(path, text).expect("it can be written");
    };
    put("alembic.ini", "[alembic]\nscript_location = %(here)s/db\nprepend_sys_path = .\n");
    put("db/env.py", "from alembic import context\nfrom app.models import Base\n");
    put("app/models.py", "Base = declarative_base()\n");
    let revision = |id: &str, down: &str, label: &str, message: &str| {
        let text = format!(
            "\"\"\"{message}\n\nRevision ID: {id}\nRevises: x\nCreate Date: 2026-11-28 08:52:57.123456\n\n\"\"\"\n\
             from typing import Sequence, Union\n\nfrom alembic import op\nimport sqlalchemy as sa\n\n\n\
             revision: str = '{id}'\ndown_revision: Union[str, Sequence[str], None] = {down}\n\
             branch_labels: Union[str, Sequence[str], None] = {label}\n\
             depends_on: Union[str, Sequence[str], None] = None\n"
        );
        // Of the folders that Alembic may be told, it knows itself.
        let folder = if id == "c3" { "billing" } else { "versions" };
        put(&format!("db/{folder}/{id}_x.py"), &text);
    };
    revision("a1", "None", "None", "create account");
    revision("b2", "'a1'", "None", "index");
    revision("c3", "'a1'", "('billing',)", "billing");
    revision("e5", "('b2', 'c3')", "None", "merge both");
    put(
        "up.sql",
        "BEGIN;\n\nCREATE TABLE alembic_version (\n    version_num VARCHAR(32) NOT NULL, \n    \
         CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)\n);\n\n-- Running upgrade  -> a1\n\n\
         CREATE TABLE account (\n    id BIGSERIAL NOT NULL, \n    PRIMARY KEY (id)\n);\n\n\
         INSERT INTO alembic_version (version_num) VALUES ('a1') RETURNING alembic_version.version_num;\n\n\
         -- Running upgrade a1 -> c3\n\nCREATE SCHEMA billing;\n\n\
         UPDATE alembic_version SET version_num='c3' WHERE alembic_version.version_num = 'a1';\n\n\
         -- Running upgrade a1 -> b2\n\nCOMMIT;\n\nCREATE INDEX CONCURRENTLY i ON account (id);\n\nBEGIN;\n\n\
         INSERT INTO alembic_version (version_num) VALUES ('b2') RETURNING alembic_version.version_num;\n\n\
         -- Running upgrade b2, c3 -> e5\n\nDELETE FROM alembic_version WHERE alembic_version.version_num = 'b2';\n\n\
         UPDATE alembic_version SET version_num='e5' WHERE alembic_version.version_num = 'c3';\n\nCOMMIT;\n\n",
    );
    put(
        "down.sql",
        "BEGIN;\n\n-- Running downgrade e5 -> b2, c3\n\n-- Running downgrade b2 -> a1\n\nDROP INDEX i;\n\n\
         DELETE FROM alembic_version WHERE alembic_version.version_num = 'b2';\n\n\
         -- Running downgrade c3 -> a1\n\nDROP SCHEMA billing;\n\n-- Running downgrade a1 -> \n\n",
    );
    // The last one has no way down: Alembic ends there.
    let program = "#!/bin/sh\ncase \"$*\" in\n\
        'upgrade base:heads --sql') cat up.sql;;\n\
        'downgrade e5:base --sql') cat down.sql; echo 'NotImplementedError: a1' >&2; exit 1;;\n\
        'history --verbose') printf 'Rev: c3\\nParent: a1\\nPath: '$PWD'/db/billing/c3_x.py\\n';;\n\
        *) echo \"unexpected: $*\" >&2; exit 2;;\nesac\n";
    put(".venv/bin/alembic", program);
    let program = root.join(".venv/bin/alembic");
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("it can be written");
}

#[test]
fn revisions_of_alembic_keep_their_graph_and_their_transactions() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    alembic_project(root);
    let limbeck = |args: &[&str]| run(limbeck().current_dir(root).args(args));
    let ran = limbeck(&["import"]).exits(0);
    assert!(ran.err.contains("4 migrations of alembic"), "{}", ran.err);
    let settings = fs::read_to_string(root.join("limbeck.toml")).unwrap();
    let expected = "version_table = \"public.alembic_version\"\nmodels = \"app/models.py\"\n";
    assert_eq!(settings, expected);
    let file = |id: &str| {
        let files = fs::read_dir(root.join("migrations")).unwrap().map(|f| f.unwrap().path());
        let wanted =
            |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(id);
        fs::read_to_string({ files }.find(wanted).unwrap()).unwrap()
    };
    let (a1, b2, c3, e5) = (file("a1"), file("b2"), file("c3"), file("e5"));
    assert!(a1.contains("Create Date: 2026-11-28T08:52:57Z") && a1.contains("BIGSERIAL"), "{a1}");
    assert!(!a1.contains("alembic_version") && !a1.contains("migrate:down\n\n"), "{a1}");
    assert!(b2.contains("-- migrate:up transaction:false\n\nCREATE INDEX CONCURRENTLY"), "{b2}");
    assert!(b2.contains("DROP INDEX i;") && !b2.contains("COMMIT"), "{b2}");
    assert!(c3.contains("Branch Labels: billing") && c3.contains("DROP SCHEMA billing;"), "{c3}");
    assert!(e5.contains("Revises: b2, c3"), "{e5}");
    let heads = limbeck(&["heads"]).exits(0).out;
    assert!(heads.contains("e5") && heads.lines().count() == 1, "{heads}");
}

#[test]
fn a_version_table_called_otherwise_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    alembic_project(root);
    // Flask-Migrate keeps the settings beside the scripts, and has a program of its own.
    fs::rename(root.join("db"), root.join("migrations")).unwrap();
    fs::rename(root.join("alembic.ini"), root.join("migrations/alembic.ini")).unwrap();
    let program = root.join(".venv/bin/alembic");
    let text = fs::read_to_string(&program).unwrap();
    let text = text.replace("\"$*\"", "\"${*#db }\"").replace("/db/", "/migrations/");
    fs::write(&program, text).unwrap();
    fs::rename(program, root.join(".venv/bin/flask")).unwrap();
    for script in ["up.sql", "down.sql"] {
        let text = fs::read_to_string(root.join(script)).unwrap();
        let text = text.replace("alembic_version", "\"Ops\".\"Versions\"");
        fs::write(root.join(script), text).unwrap();
    }
    let limbeck = |args: &[&str]| run(limbeck().current_dir(root).args(args));
    limbeck(&["import"]).exits(0);
    let settings = fs::read_to_string(root.join("limbeck.toml")).unwrap();
    assert!(settings.starts_with("version_table = '\"Ops\".\"Versions\"'\n"), "{settings}");
    let shown = limbeck(&["show", "a1"]).exits(0).out;
    assert!(shown.contains("BIGSERIAL") && !shown.contains("Versions"), "{shown}");
    limbeck(&["show", "c3"]).exits(0);
}

#[test]
fn what_alembic_cannot_print_is_told_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    alembic_project(root);
    let program = "#!/bin/sh\n[ $1 = history ] && echo Path: db/billing/c3_x.py && exit\n\
         head -20 up.sql; echo 'AttributeError: no rows offline' >&2; exit 1\n";
    fs::write(root.join(".venv/bin/alembic"), program).unwrap();
    let ran = run(limbeck().current_dir(root).arg("import")).fails("FILE", 5);
    assert!(ran.err.contains("c3_x.py") && ran.err.contains("no rows offline"), "{}", ran.err);
    assert!(!root.join("migrations").exists() && !root.join("limbeck.toml").exists());
    fs::remove_file(root.join(".venv/bin/alembic")).unwrap();
    let ran = run(limbeck().current_dir(root).env("PATH", "").arg("import")).fails("FILE", 5);
    assert!(ran.err.contains("cannot be run") && ran.err.contains("hint:"), "{}", ran.err);
}
