use proptest::prelude::*;

use super::*;

fn check(text: &str, expected: &[&str]) {
    let statements = split(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let shown: Vec<&str> = statements.iter().map(|one| &text[one.range.clone()]).collect();
    assert_eq!(shown, expected);
    for one in &statements {
        assert_eq!(one.line, line_of(text, one.range.start), "{text}");
    }
}

fn check_error(text: &str, expected: &str) {
    assert_eq!(split(text).map_err(|error| error.to_string()), Err(expected.to_owned()), "{text}");
}

#[test]
fn semicolons_end_statements() {
    check("", &[]);
    check(" ;; -- nothing\n;/* x */", &[]);
    check("SELECT 1; SELECT 2", &["SELECT 1", "SELECT 2"]);
    check("-- a\nSELECT 1 -- b\n; -- c", &["SELECT 1"]);
    check(
        "SELECT ';'; SELECT \";\"; SELECT $$;$$; SELECT /*;*/ 1 --;\n;",
        &["SELECT ';'", "SELECT \";\"", "SELECT $$;$$", "SELECT /*;*/ 1"],
    );
    check("SELECT 1;\r\nSELECT\r\n2;\r\n", &["SELECT 1", "SELECT\r\n2"]);
}

#[test]
fn parentheses_hold_semicolons() {
    let rule = "CREATE RULE r AS ON INSERT TO t DO (INSERT INTO a VALUES (1); DELETE FROM b)";
    check(&format!("{rule};SELECT 1"), &[rule, "SELECT 1"]);
    check("SELECT ')'; SELECT 1)); SELECT 2;", &["SELECT ')'", "SELECT 1))", "SELECT 2"]);
}

#[test]
fn sql_bodies_hold_semicolons() {
    let body = "BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT (CASE b WHEN 1 THEN 2 END); END";
    for head in [
        "CREATE FUNCTION f() RETURNS int",
        "create or replace procedure p()",
        "CREATE /* x */ FUNCTION\n\"begin\"()",
        "CREATE FUNCTION begin()",
        "CREATE FUNCTION s.end()",
    ] {
        let one = format!("{head} {body}");
        check(&format!("{one}; SELECT 1"), &[&one, "SELECT 1"]);
    }
    // Names that look like blocks.
    let named =
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT t.end AS case, 1 AS end FROM t; END";
    check(&format!("{named}; SELECT 1"), &[named, "SELECT 1"]);
    // Elsewhere BEGIN, CASE and END mean nothing.
    check(
        "BEGIN; SELECT CASE a WHEN 1 THEN 2 END; END;",
        &["BEGIN", "SELECT CASE a WHEN 1 THEN 2 END", "END"],
    );
    check(
        "CREATE TABLE function (begin atomic); SELECT 1",
        &["CREATE TABLE function (begin atomic)", "SELECT 1"],
    );
    check(
        "CREATE VIEW v AS SELECT begin atomic; SELECT 1",
        &["CREATE VIEW v AS SELECT begin atomic", "SELECT 1"],
    );
    check(
        "ALTER FUNCTION begin() RENAME TO atomic; CREATE FUNCTION f() AS 'begin' LANGUAGE sql; SELECT 1",
        &[
            "ALTER FUNCTION begin() RENAME TO atomic",
            "CREATE FUNCTION f() AS 'begin' LANGUAGE sql",
            "SELECT 1",
        ],
    );
}

/// The statements, each with its data after ` <- `.
fn with_data(text: &str) -> Vec<String> {
    let show = |one: &Statement| match &one.copy_data {
        Some(data) => format!("{} <- {}", &text[one.range.clone()], &text[data.clone()]),
        None => text[one.range.clone()].to_owned(),
    };
    split(text).unwrap_or_else(|error| panic!("{text}: {error}")).iter().map(show).collect()
}

#[test]
fn copy_takes_its_data() {
    for head in [
        "COPY t FROM STDIN",
        "copy public.t (a, b) from stdin with (format csv)",
        "COPY t FROM /* here */ stdin CSV",
        "COPY BINARY t FROM STDIN",
        "COPY s.from FROM stdout",
        "COPY \"from\" (\"to\") FROM STDIN WHERE a > 1",
    ] {
        let text = format!("{head};\n1\t';\n\\N\t(\n\\.\nSELECT 1;");
        assert_eq!(with_data(&text), [format!("{head} <- 1\t';\n\\N\t(\n"), "SELECT 1".into()]);
    }
    assert_eq!(
        with_data("COPY t FROM STDIN; -- c\r\n1\r\n\\.\r\nSELECT 1"),
        ["COPY t FROM STDIN <- 1\r\n", "SELECT 1"]
    );
    assert_eq!(with_data("COPY t FROM STDIN;\n\\."), ["COPY t FROM STDIN <- "]);
    // psql runs the rest of the line after the data.
    assert_eq!(
        with_data("COPY a FROM STDIN; COPY b FROM STDIN; SELECT 1;\n1\n\\.\n2\n\\.\nSELECT 2;"),
        ["COPY a FROM STDIN <- 1\n", "COPY b FROM STDIN <- 2\n", "SELECT 1", "SELECT 2"]
    );
}

#[test]
fn copy_without_data() {
    for one in [
        "COPY t TO STDOUT",
        "COPY t FROM '/tmp/stdin'",
        "COPY t FROM PROGRAM 'stdin'",
        "COPY (SELECT * FROM stdin) TO STDOUT",
        "COPY (SELECT 1) TO STDIN",
        "COMMENT ON TABLE copy IS 'COPY t FROM stdin'",
        "SELECT copy FROM stdin",
        "COPY t FROM \"stdin\"",
    ] {
        assert_eq!(with_data(&format!("{one};\nSELECT 1;\n")), [one, "SELECT 1"]);
    }
}

#[test]
fn what_does_not_end_is_named() {
    check_error("SELECT 1;\nSELECT 'a;\n", "string that begins on line 2 does not end");
    check_error("\n/* /* */", "block comment that begins on line 2 does not end");
    check_error("SELECT \"a", "quoted identifier that begins on line 1 does not end");
    check_error("DO $a$ $b$", "dollar-quoted string that begins on line 1 does not end");
    check_error("SELECT (1;\nSELECT 2;", "parenthesis that begins on line 1 does not end");
    check_error(
        "\nCREATE FUNCTION f() RETURNS int\nBEGIN ATOMIC SELECT 1;\n",
        "BEGIN ATOMIC block that begins on line 3 does not end",
    );
    check_error("\nCOPY t FROM STDIN;\n1\n", "COPY data that begins on line 2 does not end");
    check_error("COPY t FROM STDIN;", "COPY data that begins on line 1 does not end");
    check_error("COPY t FROM STDIN", "COPY data that begins on line 1 does not end");
    check_error(
        "COPY t FROM STDIN; SELECT\n1\n\\.\n;",
        "statement before the data of a COPY that begins on line 1 does not end",
    );
}

#[test]
fn psql_commands_are_refused() {
    check_error("SELECT 1;\n\\d account\n", "psql command `\\d account` on line 2");
    check_error("SELECT 1 \\gset", "psql command `\\gset` on line 1");
    check_error("SELECT 1\\; SELECT 2;", "psql command `\\; SELECT 2;` on line 1");
    check_error("(\\!", "psql command `\\!` on line 1");
    check_error("\\.", "psql command `\\.` on line 1");
    check_error(
        &format!("\\echo {}", "é".repeat(80)),
        &format!("psql command `\\echo {}…` on line 1", "é".repeat(34)),
    );
}

#[test]
fn the_guards_of_pg_dump_are_dropped() {
    let [copy] = &split("\\restrict a\nCOPY t FROM stdin;\n1\n\\.\n").unwrap()[..] else {
        panic!("the guard is no part of the statement after it");
    };
    assert!(copy.copy_data.is_some());
    check("\\restrict aB3\n\nSELECT 1;\n\\unrestrict aB3\n", &["SELECT 1"]);
    check("\\restrict aB3\r\nSELECT 1;\r\n", &["SELECT 1"]);
    check_error("SELECT 1; \\restrict a", "psql command `\\restrict a` on line 1");
    check_error("SELECT\n\\restrict a\n1;", "psql command `\\restrict a` on line 2");
    check_error("\\restrict a \\! ls", "psql command `\\restrict a \\! ls` on line 1");
    check_error("\\restrict a\\!", "psql command `\\restrict a\\!` on line 1");
    check_error("\\restricted a", "psql command `\\restricted a` on line 1");
    check_error("\\restrict", "psql command `\\restrict` on line 1");
}

#[test]
fn a_million_statements() {
    let text = "SELECT 1;\n".repeat(1_000_000);
    let statements = split(&text).unwrap();
    assert_eq!(statements.len(), 1_000_000);
    assert_eq!(statements.last().unwrap().line, 1_000_000);
}

proptest! {
    #[test]
    fn any_text_splits_or_says_why(
        text in r#"(?s)(copy t from stdin|begin atomic|end|case|create function |[-+*/'"$a1;.:\\&eU() \n]|\\\.\n|\PC|.){0,50}"#
    ) {
        let Ok(statements) = split(&text) else { return Ok(()) };
        let mut end = 0;
        let mut data_end = 0;
        for one in &statements {
            prop_assert!(one.range.start >= end && one.range.end > one.range.start);
            prop_assert!(!text[one.range.clone()].ends_with(char::is_whitespace)
                || !text[one.range.clone()].ends_with([' ', '\n']));
            prop_assert_eq!(one.line, line_of(&text, one.range.start));
            end = one.range.end;
            if let Some(data) = &one.copy_data {
                prop_assert!(data.start >= end && data.start >= data_end);
                data_end = data.end;
            }
        }
        // What lies between statements is blanks, comments and semicolons only.
        let mut at = 0;
        for one in &statements {
            if one.copy_data.is_some() { return Ok(()) }
            let only_gap = Lexer::new(&text[at..one.range.start])
                .all(|token| token.kind.is_trivia() || token.text(&text[at..]) == ";" || token.kind == TokenKind::Backslash);
            prop_assert!(only_gap);
            at = one.range.end;
        }
    }
}
