//! Revision files and folders, as they are found on disk.

use std::{fs, path::Path};

use limbeck::{
    code::Code,
    revision::{
        Direction, History, Problem, Revision, RevisionId, Section, Source,
        file::{self, Key},
        write::{self, NewRevision},
    },
};

const FILE: &str = "\
-- create account table
--
-- Revision ID: 9584caadb170
-- Revises: 1, 2
-- create date: 2026-11-22 08:26:00.123456
-- Branch Labels: shop
-- Depends On: mail, 77
-- Note: anything

-- a remark
-- migrate:up

CREATE TABLE account (id bigint);

-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY x ON account (id);

-- migrate:down

DROP TABLE account;
";

fn parse(text: impl AsRef<[u8]>) -> Revision {
    file::parse(Path::new("x.sql"), text.as_ref()).expect("a good file")
}

/// The errors of a file as `line code problem`.
fn errors(text: impl AsRef<[u8]>) -> Vec<String> {
    let reading = file::read(Path::new("x.sql"), text.as_ref());
    reading
        .errors
        .iter()
        .map(|error| format!("{} {} {}", error.line, error.code, error.problem))
        .collect()
}

fn with_body(body: &str) -> String {
    format!("-- m\n-- Revision ID: x\n\n-- migrate:up\n{body}")
}

#[test]
fn a_whole_file() {
    let read = parse(FILE);
    assert_eq!(read.message, "create account table");
    assert_eq!(read.id.as_str(), "9584caadb170");
    assert_eq!(read.down, [RevisionId::new("1"), RevisionId::new("2")]);
    assert_eq!(read.depends_on, ["mail", "77"]);
    assert_eq!(read.branch_labels, ["shop"]);
    assert_eq!(
        read.created.map(|at| at.to_string()).as_deref(),
        Some("2026-11-22T08:26:00.123456Z")
    );
    assert_eq!(read.lines.revises, 4);
    let script = &read.script;
    let flags: Vec<bool> = script.up.iter().map(|section| section.transactional).collect();
    assert_eq!(flags, [true, false]);
    assert_eq!(script.readable(Direction::Down), "DROP TABLE account;");
    assert_eq!(script.up[0].line, 12);
    let statements = script.statements(&script.up[1]).expect("one statement");
    assert_eq!(statements[0].line, 16);
    assert!(script.text[statements[0].range.clone()].starts_with("CREATE INDEX"));
}

#[test]
fn line_ends_and_byte_order_marks_change_nothing() {
    let plain = parse(FILE);
    let windows = parse(format!("\u{feff}{}", FILE.replace('\n', "\r\n")));
    assert_eq!(plain.script, windows.script);
    assert_eq!(plain.id, windows.id);
    assert_eq!(plain.script.checksum(Direction::Up), windows.script.checksum(Direction::Up));
}

#[test]
fn checksums_tell_code_from_comments() {
    let sum = |body: &str| parse(with_body(body)).script.checksum(Direction::Up).expect("up");
    let (one, other) = (sum("SELECT 1;\n"), sum("-- why\nSELECT  1 ;\n"));
    assert_ne!(one.exact, other.exact);
    assert_eq!(one.semantic, other.semantic);
    assert_ne!(one.semantic, sum("SELECT 2;\n").semantic);
    assert_eq!(one, sum("SELECT 1;\n\n-- migrate:down\nSELECT 2;\n"));
    let flagged = with_body("SELECT 1;\n").replace("migrate:up", "migrate:up transaction:false");
    assert_ne!(one.exact, parse(flagged).script.checksum(Direction::Up).expect("up").exact);
    assert_eq!(one.exact.len(), 64);
    assert_eq!(parse(with_body("")).script.checksum(Direction::Down), None);
}

#[test]
fn an_empty_down_is_not_a_missing_one() {
    assert_eq!(parse(with_body("")).script.down, None);
    let empty = parse(with_body("-- migrate:down\n")).script;
    assert_eq!(empty.down.as_ref().map(Vec::len), Some(1));
    assert_eq!(empty.readable(Direction::Down), "");
}

#[test]
fn markers_count_only_where_they_are_comments() {
    for quoted in [
        "SELECT '\n-- migrate:down\n';",
        "SELECT $x$\n-- migrate:down\n$x$;",
        "/*\n-- migrate:down\n*/ SELECT 1;",
        "SELECT \"\n-- migrate:down\n\" FROM t;",
        "COPY t FROM stdin;\n-- migrate:down\n\\.\nSELECT 1;",
        " -- migrate:down",
        "SELECT 1; -- migrate:down",
        "-- migrate: this is prose",
    ] {
        let read = parse(with_body(quoted));
        assert_eq!(read.script.down, None, "{quoted}");
        assert_eq!(read.script.readable(Direction::Up), quoted.trim());
    }
    // A statement without its `;` does not hide a marker.
    let read = parse(with_body("SELECT 1\n-- migrate:down\nSELECT (2"));
    assert_eq!(read.script.readable(Direction::Down), "SELECT (2");
}

#[test]
fn what_does_not_end_is_told_when_it_takes_in_a_marker() {
    let text = with_body("SELECT 'it''s\n;\n-- migrate:down\nSELECT 2;\n");
    assert_eq!(
        errors(text),
        [
            "5 UNTERMINATED a string that begins on line 5 does not end and takes in the marker on line 7"
        ]
    );
    let text = with_body("COPY t FROM stdin;\n1\n-- migrate:down\n");
    assert_eq!(errors(text).len(), 1);
    // Without a marker inside, it is for the check before the run.
    let read = parse(with_body("SELECT 1;\nSELECT 'x\n"));
    let problems = read.script.check(Direction::Up, 16);
    assert_eq!((problems[0].code, problems[0].line), (Code::Unterminated, 6));
}

#[test]
fn everything_wrong_with_a_file_is_listed() {
    assert_eq!(
        errors("SELECT 1;\n"),
        ["0 BAD_HEADER the first comment block has no `Revision ID`"]
    );
    assert_eq!(
        errors(
            "-- m\n-- Revision ID: x\n-- Revises: a\n-- REVISES: b\n-- Create Date: never\n\nSELECT 1;\n"
        ),
        [
            "0 BAD_HEADER the file has no `-- migrate:up`",
            "4 BAD_HEADER `Revises` is here a second time; line 3 has it too",
            "5 BAD_HEADER `never` is no date",
            "7 BAD_HEADER there is SQL before the first marker",
        ]
    );
    assert_eq!(
        errors(with_body("-- migrate:down transaction:maybe\n-- migrate:sideways\n")),
        [
            "5 BAD_HEADER the marker has an unknown option `transaction:maybe`",
            "6 BAD_HEADER `migrate:sideways` is no marker",
        ]
    );
    assert_eq!(errors("-- m\n-- Revision ID: a,b\n\n-- migrate:up\n").len(), 1);
}

#[test]
fn a_header_is_the_first_comment_block_alone() {
    let read =
        parse("\n-- m\n-- Revision ID: x\n\n-- Revises: evil\n-- migrate:up\n-- Revises: worse\n");
    assert_eq!(read.down, []);
    let read = parse("-- Revision ID: x\n-- migrate:up\n");
    assert_eq!((read.message.as_str(), read.id.as_str()), ("", "x"));
}

#[test]
fn dates_are_read_leniently() {
    let date = |text: &str| {
        let text = format!("-- m\n-- Revision ID: x\n-- Create Date: {text}\n-- migrate:up\n");
        parse(text).created.map(|at| at.to_string())
    };
    let same = Some("2026-11-22T08:26:00Z".to_owned());
    for text in [
        "2026-11-22T08:26:00Z",
        "2026-11-22 08:26:00",
        "2026-11-22 09:26:00+01:00",
        "2026-11-22T08:26",
        "2026-11-22 08:26:00 UTC",
    ] {
        assert_eq!(date(text), same, "{text}");
    }
    assert_eq!(date("2026-11-22").as_deref(), Some("2026-11-22T00:00:00Z"));
    assert_eq!(date(""), None);
}

#[test]
fn other_encodings_are_refused_with_their_place() {
    let mut latin = with_body("SELECT 'x'").into_bytes();
    latin.push(0xe9);
    let place = latin.len() - 1;
    assert_eq!(errors(&latin), [format!("5 ENCODING byte {place} (0xe9) is not UTF-8")]);
    assert_eq!(
        errors(b"-- a\n\0"),
        ["2 NUL there is a NUL at byte 5, which PostgreSQL cannot store"]
    );
    let wide: Vec<u8> = with_body("").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(errors(&wide)[0].contains("UTF-16"));
    let marked: Vec<u8> = [0xff, 0xfe].into_iter().chain(wide).collect();
    assert_eq!(errors(&marked), ["1 ENCODING the file is UTF-16, not UTF-8"]);
}

#[test]
fn what_must_not_run_is_found_before() {
    let body = "BEGIN;\nCREATE INDEX CONCURRENTLY i ON t (a);\nCOMMIT;\n-- migrate:down transaction:false\nDROP INDEX CONCURRENTLY i;\nROLLBACK;\n";
    let read = parse(with_body(body));
    let told = |direction| -> Vec<(u32, Code)> {
        read.script
            .check(direction, 16)
            .iter()
            .map(|problem: &Problem| (problem.line, problem.code))
            .collect()
    };
    assert_eq!(
        told(Direction::Up),
        [(5, Code::TxControl), (6, Code::NeedsNoTx), (7, Code::TxControl)]
    );
    assert_eq!(told(Direction::Down), [(10, Code::TxControl)]);
    let meta = parse(with_body("\\i other.sql\n")).script.check(Direction::Up, 16);
    assert_eq!((meta[0].code, meta[0].line), (Code::PsqlMeta, 5));
}

#[test]
fn rewriting_a_header_keeps_every_other_byte() {
    let text = "\u{feff}-- m\r\n-- Revision ID:x\r\n-- revises:old  \r\n\r\n-- migrate:up\r\n-- Revises: z\r\n";
    let new = file::rewrite(text.as_bytes(), &[(Key::Revises, "a, b"), (Key::DependsOn, "c")])
        .expect("text");
    assert_eq!(
        String::from_utf8(new).expect("text"),
        "\u{feff}-- m\r\n-- Revision ID:x\r\n-- revises: a, b  \r\n-- Depends On: c\r\n\r\n-- migrate:up\r\n-- Revises: z\r\n"
    );
}

fn put(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("a file in a temporary folder");
}

fn load(folder: &Path, recursive: bool) -> History {
    let (folders, shown_from) = (vec![folder.to_owned()], Some(folder.to_owned()));
    History::load(&Source::Folders { folders, recursive, shown_from })
}

fn shown(history: &History) -> Vec<String> {
    history.revisions().iter().map(|one| one.path.display().to_string()).collect()
}

fn revision(id: &str) -> String {
    with_body("SELECT 1;\n").replace("ID: x", &format!("ID: {id}"))
}

#[test]
fn a_folder_holds_revisions_and_other_things() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path();
    fs::create_dir_all(at.join("sub/deep")).expect("folders");
    for (name, id) in [("b.sql", "b"), ("a.sql", "a"), ("sub/c.sql", "c"), ("sub/deep/d.sql", "d")]
    {
        put(at, name, &revision(id));
    }
    for (name, text) in [
        ("README.md", "x"),
        (".hidden.sql", "x"),
        ("#a.sql#", "x"),
        ("a.sql~", "x"),
        ("template.sql.txt", "x"),
    ] {
        put(at, name, text);
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(at.join("sub/c.sql"), at.join("z.sql")).expect("a link");
        std::os::unix::fs::symlink(at, at.join("sub/loop")).expect("a link");
        std::os::unix::fs::symlink(at.join("nowhere"), at.join("broken.sql")).expect("a link");
    }
    let flat = load(at, false);
    assert_eq!(shown(&flat), ["a.sql", "b.sql", "z.sql"]);
    let problems: Vec<String> = flat.problems().iter().map(ToString::to_string).collect();
    assert!(
        problems.len() == 1 && problems[0].starts_with("broken.sql: the file cannot be read"),
        "{problems:?}"
    );
    let deep = load(at, true);
    assert_eq!(shown(&deep), ["a.sql", "b.sql", "z.sql", "sub/deep/d.sql"]);
    assert!(deep.problems().iter().any(|problem| problem.code == Code::DupId));
    let missing = load(&at.join("nowhere"), false);
    assert_eq!(missing.problems()[0].code, Code::File);
    assert!(missing.problems()[0].message.contains("there is no folder"));
}

#[test]
fn many_files_load_in_order() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for at in 0..500 {
        put(folder.path(), &format!("{at:04}.sql"), &revision(&format!("r{at:04}")));
    }
    let history = load(folder.path(), false);
    let ids: Vec<&str> = history.revisions().iter().map(|one| one.id.as_str()).collect();
    assert!(ids.is_sorted() && ids.len() == 500);
}

#[test]
fn embedded_files_are_a_history_too() {
    static FILES: &[(&str, &[u8])] = &[
        ("m/b.sql", b"-- two\n-- Revision ID: b\n-- Revises: a\n-- migrate:up\n"),
        ("m/a.sql", b"-- one\n-- Revision ID: a\n-- migrate:up\n"),
        ("m/README.md", b"no"),
    ];
    let history = History::load(&Source::Embedded(FILES));
    assert_eq!(history.check(), Ok(()));
    assert_eq!(shown(&history), ["m/a.sql", "m/b.sql"]);
}

fn write(folder: &Path, new: &NewRevision) -> Result<Revision, write::WriteError> {
    let path = write::write(folder, &load(folder, false), &[], new, "{id}_{slug}")?;
    assert_eq!(path.parent(), Some(folder));
    Ok(parse(fs::read(path).expect("the file")))
}

#[test]
fn new_revisions_follow_the_head() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path();
    let first = write(
        at,
        &NewRevision {
            message: "First one".to_owned(),
            created: "2026-11-22T08:26:00.948442869Z".parse().ok(),
            up: "CREATE TABLE t (a jsonb DEFAULT '{up}');".to_owned(),
            down: "DROP TABLE t;".to_owned(),
            branch_labels: vec!["main".to_owned()],
            ..NewRevision::default()
        },
    )
    .expect("a file");
    let text = &first.script.text;
    let id = first.id.as_str();
    assert_eq!(
        &**text,
        format!(
            "-- First one\n--\n-- Revision ID: {id}\n-- Revises:\n-- Create Date: 2026-11-22T08:26:00Z\n-- Branch Labels: main\n\n-- migrate:up\n\nCREATE TABLE t (a jsonb DEFAULT '{{up}}');\n\n-- migrate:down\n\nDROP TABLE t;\n"
        )
    );
    let second = write(at, &NewRevision { message: "Second".to_owned(), ..NewRevision::default() })
        .expect("a file");
    assert_eq!(second.down, std::slice::from_ref(&first.id));
    assert_eq!(second.script.down.as_deref().map(<[Section]>::len), Some(1));
    let spliced = NewRevision {
        heads: vec!["main".to_owned()],
        splice: true,
        depends_on: vec!["main".to_owned(), second.id.as_str()[..6].to_owned()],
        ..NewRevision::default()
    };
    let third = write(at, &spliced).expect("a file");
    assert_eq!(third.depends_on, ["main".to_owned(), second.id.to_string()]);
    let two = write(at, &NewRevision::default()).expect_err("two heads");
    assert_eq!(two.code, Code::MultipleHeads);
    // `heads` are the real heads: the second is below the third, which depends on it.
    let heads = vec![second.id.to_string(), third.id.to_string()];
    let merged = write(at, &NewRevision { heads, ..NewRevision::default() }).expect("a file");
    assert_eq!(merged.down.len(), 2);
}

#[test]
fn hostile_input_stays_what_it_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let message = "x\n-- Revises: evil\n-- migrate:up\nDROP TABLE t; -- \u{2028} {up}";
    let read = write(
        folder.path(),
        &NewRevision {
            message: message.to_owned(),
            id: Some(RevisionId::new("../../x y")),
            ..NewRevision::default()
        },
    )
    .expect("a file");
    assert_eq!(read.message, "x -- Revises: evil -- migrate:up DROP TABLE t; --   {up}");
    assert_eq!((read.down.len(), read.script.readable(Direction::Up).as_str()), (0, ""));
    for message in ["Revises: evil", "migrate:up", "Revision ID: y"] {
        let new = NewRevision {
            message: message.to_owned(),
            heads: vec!["base".to_owned()],
            ..NewRevision::default()
        };
        assert_eq!(write(folder.path(), &new).expect("a file").message, format!("\"{message}\""));
    }
    for id in ["a-b", "a,b", "", "a\nb", " a", "../../x y"] {
        let new = NewRevision {
            id: Some(RevisionId::new(id)),
            heads: vec!["base".to_owned()],
            ..NewRevision::default()
        };
        assert!(write(folder.path(), &new).is_err(), "{id:?}");
    }
    for label in ["head", "a@b", "a,b", "", "../../x y"] {
        let new = NewRevision {
            branch_labels: vec![label.to_owned()],
            heads: vec!["base".to_owned()],
            ..NewRevision::default()
        };
        assert!(write(folder.path(), &new).is_err(), "{label:?}");
    }
    let broken = NewRevision {
        up: "SELECT 'x".to_owned(),
        heads: vec!["base".to_owned()],
        ..NewRevision::default()
    };
    assert!(write(folder.path(), &broken).is_err());
}

#[test]
fn no_file_is_written_over() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    put(folder.path(), "taken_x.sql", &revision("other"));
    let new = NewRevision {
        message: "x".to_owned(),
        id: Some(RevisionId::new("taken")),
        ..NewRevision::default()
    };
    let error = write(folder.path(), &new).expect_err("the file exists");
    assert!(error.message.contains("exists already"), "{error}");
    assert_eq!(
        fs::read_to_string(folder.path().join("taken_x.sql")).expect("the file"),
        revision("other")
    );
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
}

#[test]
fn a_projects_own_template() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path();
    put(
        at,
        "template.sql.txt",
        "-- {message}\n-- Revision ID: {id}\n-- Revises: {parents}\n-- Owner: {team}\n-- migrate:up\nSET x = '{}';\n{up}\n",
    );
    let read = write(
        at,
        &NewRevision {
            message: "m".to_owned(),
            up: "SELECT 1;".to_owned(),
            ..NewRevision::default()
        },
    )
    .expect("a file");
    assert_eq!(read.script.readable(Direction::Up), "SET x = '{}';\nSELECT 1;");
    assert_eq!(read.script.down, None);
    put(at, "template.sql.txt", "-- {message}\n-- Revision ID: fixed\n-- migrate:up\n");
    let error =
        write(at, &NewRevision { heads: vec!["base".to_owned()], ..NewRevision::default() })
            .expect_err("a template that lies");
    assert!(error.hint.is_some_and(|hint| hint.contains("template.sql.txt")));
}
