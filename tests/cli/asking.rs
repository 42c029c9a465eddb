//! Questions on a terminal: what is typed decides.

use std::io::{Read, Write};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::{
    on, run,
    support::{Project, TestDb, database},
    three,
};

/// Runs on a terminal, types `answer` when asked, returns the exit status and the screen's text.
fn answering(project: &Project, db: &TestDb, args: &[&str], answer: &str) -> (u32, String) {
    let pair = native_pty_system()
        .openpty(PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 })
        .expect("a terminal can be made");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_limbeck"));
    command.args(args);
    command.cwd(project.path());
    command.env("DATABASE_URL", db.url());
    command.env("TERM", "xterm");
    command.env("NO_COLOR", "1");
    command.env("HOME", "/nonexistent");
    let mut child = pair.slave.spawn_command(command).expect("the program can be run");
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().expect("the terminal can be read");
    let mut writer = pair.master.take_writer().expect("the terminal can be typed on");
    let mut screen = Vec::new();
    let mut asked = false;
    let mut buffer = [0; 4096];
    // The end of a terminal shows as an error on some systems.
    while let Ok(n) = reader.read(&mut buffer)
        && n > 0
    {
        screen.extend_from_slice(&buffer[..n]);
        if !asked && String::from_utf8_lossy(&screen).contains("anything else to leave:") {
            asked = true;
            writer.write_all(answer.as_bytes()).expect("the terminal can be typed on");
            writer.write_all(b"\n").expect("the terminal can be typed on");
        }
    }
    let status = child.wait().expect("the program ends").exit_code();
    let text = String::from_utf8_lossy(&screen).into_owned();
    assert!(asked, "no question:\n{text}");
    (status, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn production_is_confirmed_by_its_name() {
    let (project, db) = (three(), database().await);
    project.write("limbeck.toml", "guard = \"prod\"\n");
    let rows =
        || run(&mut on(&project, &db, &["current", "--json"])).exits(0).json()["rows"].clone();
    for wrong in ["", "y", "yes", "postgres"] {
        let (status, text) = answering(&project, &db, &["upgrade", "head"], wrong);
        assert_eq!(status, 6, "{text}");
        assert!(text.contains("3 revisions") && text.contains("nothing was changed"), "{text}");
    }
    assert_eq!(rows(), serde_json::json!([]));
    let (status, text) = answering(&project, &db, &["upgrade", "head"], &db.name);
    assert_eq!(status, 0, "{text}");
    assert_eq!(rows(), serde_json::json!(["cccc33333333"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_lost_is_named_before() {
    let (project, db) = (three(), database().await);
    run(&mut on(&project, &db, &["upgrade", "head"])).exits(0);
    project.write("limbeck.toml", "guard = \"staging\"\n");
    let (status, text) = answering(&project, &db, &["downgrade", "base"], "no");
    assert_eq!(status, 6, "{text}");
    assert!(text.contains("account") && text.contains("(staging)"), "{text}");
    let (status, text) = answering(&project, &db, &["downgrade", "base"], &db.name);
    assert_eq!(status, 0, "{text}");
}
