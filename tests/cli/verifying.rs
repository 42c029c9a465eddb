//! `verify`: what is said of revisions that are right, and of those that are not.

use crate::{
    on, run,
    support::{database, project},
};

const TABLES: &str = "CREATE TYPE mood AS ENUM ('ok', 'bad');
    CREATE TABLE team (id int PRIMARY KEY, name text NOT NULL, mood mood);
    CREATE TABLE player (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        team_id int NOT NULL REFERENCES team, shirt int);";

/// What `verify` says of revisions that come after [`TABLES`], one on the other, and its exit status.
async fn verdicts(scripts: &[(&str, &str)]) -> (Vec<serde_json::Value>, i32) {
    let (project, db) = (project(), database().await);
    project.revision("aaaa0000", "", TABLES, None);
    for (n, (up, down)) in scripts.iter().enumerate() {
        let (id, below) = (format!("aaaa{:04}", n + 1), format!("aaaa{n:04}"));
        project.revision(&id, &below, up, Some(down));
    }
    let ran = run(&mut on(&project, &db, &["verify", "--json"]));
    let told = ran.json()["revisions"].as_array().expect("a list").clone();
    assert_eq!(told[0]["verdict"], "irreversible");
    assert_eq!(told.len(), scripts.len() + 1, "{told:?}");
    (told[1..].to_vec(), ran.status.expect("it ends by itself"))
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_that_keep_their_rows_are_good() {
    let team = "CREATE TABLE extra (id int PRIMARY KEY, team_id int REFERENCES team)";
    let scripts = [
        ("ALTER TABLE team ADD motto text", "ALTER TABLE team DROP motto"),
        ("CREATE TABLE other (a int)", "DROP TABLE other"),
        ("ALTER TABLE team DROP motto", "ALTER TABLE team ADD motto text"),
        (
            "ALTER TABLE player ALTER shirt TYPE bigint; CREATE INDEX ON team (name)",
            "ALTER TABLE player ALTER shirt TYPE int; DROP INDEX team_name_idx",
        ),
        // A label is called otherwise, and the values with it.
        (
            "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine';
             ALTER TABLE team ALTER mood SET DEFAULT 'bad'",
            "ALTER TYPE mood RENAME VALUE 'fine' TO 'ok';
             ALTER TABLE team ALTER mood DROP DEFAULT",
        ),
        // It says itself what becomes of rows.
        (
            "UPDATE team SET name = upper(name); ALTER TABLE team ADD a int",
            "ALTER TABLE team DROP a",
        ),
        // What is meant to go may go; the table that it refers to stays.
        (team, "DROP TABLE extra"),
        ("DROP TABLE extra", team),
    ];
    let (told, status) = verdicts(&scripts).await;
    for ((told, (up, _)), tables) in told.iter().zip(&scripts).zip([1, 0, 1, 2, 1, 0, 1, 1]) {
        assert_eq!(told["verdict"], "reversible", "{up}: {told}");
        assert_eq!(told["tables_with_rows"], tables, "{up}: {told}");
    }
    assert_eq!(status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_lost_in_silence_are_found() {
    let again = "DROP TABLE player; CREATE TABLE player (id int GENERATED ALWAYS AS IDENTITY
        PRIMARY KEY, team_id int NOT NULL REFERENCES team, shirt int);";
    let shirt = "ALTER TABLE player DROP shirt; ALTER TABLE player ADD shirt int;";
    let scripts = [
        (again, "ALTER TABLE team ADD a int; ALTER TABLE team DROP a"),
        (shirt, "SET search_path = public"),
        ("ALTER TABLE player ADD a int", "TRUNCATE team CASCADE; ALTER TABLE player DROP a"),
    ];
    let (told, status) = verdicts(&scripts).await;
    for (told, (direction, left)) in told.iter().zip([
        ("up", "public.player had 2 rows and has 0"),
        ("up", "public.player, column shirt"),
        ("down", "public.player had 2 rows and has 0"),
    ]) {
        assert_eq!((&told["verdict"], &told["direction"]), (&"loses".into(), &direction.into()));
        assert!(told["left"].to_string().contains(left), "{told}");
    }
    assert_eq!(status, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_only_with_rows_is_told() {
    let scripts = [
        // Other rows would do: worth a word.
        ("ALTER TABLE team ADD motto text NOT NULL", "ALTER TABLE team DROP motto"),
        // No other rows would do: checks that wait for the end are in the next statement's way.
        (
            "ALTER TABLE player ALTER CONSTRAINT player_team_id_fkey
               DEFERRABLE INITIALLY DEFERRED;
             UPDATE player SET team_id = 3 - team_id; ALTER TABLE player ADD goals int",
            "ALTER TABLE player DROP goals;
             ALTER TABLE player ALTER CONSTRAINT player_team_id_fkey NOT DEFERRABLE",
        ),
    ];
    let (told, status) = verdicts(&scripts).await;
    assert_eq!(told[0]["verdict"], "reversible", "{told:?}");
    assert!(told[0]["note"].to_string().contains("contains null values"), "{told:?}");
    assert_eq!(told[1]["verdict"], "fails", "{told:?}");
    assert!(told[1]["message"].to_string().contains("pending trigger events"), "{told:?}");
    assert_eq!(status, 1);
}
