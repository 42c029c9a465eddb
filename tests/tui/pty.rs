//! The whole program in a pseudo-terminal, on a real server.

use std::{
    io::{Read, Write},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::support::{self, Project};

/// A bound for what must come; nothing here measures how fast it comes.
const PATIENCE: Duration = Duration::from_secs(40);

fn cells(n: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(n).expect("a screen has cells")
}

/// Keeps what a terminal is told besides what it shows.
#[derive(Default)]
struct Raw(Vec<u8>);

pub(crate) struct Screen {
    parser: Arc<Mutex<(vt100::Parser, Raw)>>,
    changed: Receiver<()>,
    writer: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn portable_pty::Child + Send + Sync>,
}

impl Screen {
    pub(crate) fn open(project: &Project, size: (u16, u16), env: &[(&str, &str)]) -> Self {
        let pty = native_pty_system()
            .openpty(PtySize { cols: size.0, rows: size.1, pixel_width: 0, pixel_height: 0 })
            .expect("a pseudo-terminal");
        let plain = support::limbeck();
        let mut command = CommandBuilder::new(plain.get_program());
        command.env_clear();
        for (name, value) in std::env::vars_os() {
            let text = name.to_string_lossy().into_owned();
            let kept = text == "PATH" || text == "LANG" || text == "TMPDIR";
            if kept {
                command.env(name, value);
            }
        }
        command.env("TERM", "xterm-256color");
        command.env("NO_COLOR", "1");
        command.env("HOME", project.path());
        command.env("TZ", "UTC");
        for (name, value) in env {
            command.env(name, value);
        }
        command.cwd(project.path());
        let child = pty.slave.spawn_command(command).expect("the program starts");
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().expect("a reader");
        let writer = pty.master.take_writer().expect("a writer");
        let parser = vt100::Parser::new(cells(size.1), cells(size.0), 0);
        let parser = Arc::new(Mutex::new((parser, Raw::default())));
        let (sender, changed) = channel();
        let shared = Arc::clone(&parser);
        std::thread::spawn(move || {
            let mut bytes = [0; 8192];
            while let Ok(n) = reader.read(&mut bytes) {
                if n == 0 {
                    break;
                }
                let mut both = shared.lock().expect("no panic while it is held");
                both.0.process(&bytes[..n]);
                both.1.0.extend_from_slice(&bytes[..n]);
                drop(both);
                if sender.send(()).is_err() {
                    break;
                }
            }
        });
        Self { parser, changed, writer, master: pty.master, child }
    }

    fn text(&self) -> String {
        self.parser.lock().expect("no panic while it is held").0.screen().contents()
    }

    /// Waits until the screen fits.
    pub(crate) fn until(&mut self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let text = self.text();
            if fits(&text) {
                return text;
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.changed.recv_timeout(left) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => panic!("{what} did not come:\n{text}"),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("the program ended before {what}:\n{text}")
                }
            }
        }
    }

    pub(crate) fn shows(&mut self, what: &str) -> String {
        self.until(what, |text| text.contains(what))
    }

    pub(crate) fn keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).expect("the terminal is there");
        self.writer.flush().expect("the terminal is there");
    }

    /// Upgrades to the heads, and says yes.
    pub(crate) fn upgrade(&mut self) {
        self.keys("U");
        self.shows("ends at");
        self.keys("\r");
    }

    pub(crate) fn resize(&mut self, size: (u16, u16)) {
        let mut both = self.parser.lock().expect("no panic while it is held");
        both.0.screen_mut().set_size(cells(size.1), cells(size.0));
        drop(both);
        self.master
            .resize(PtySize { cols: size.0, rows: size.1, pixel_width: 0, pixel_height: 0 })
            .expect("the terminal is there");
    }

    fn signal(&self, signal: Signal) {
        let pid = self.child.process_id().expect("it runs");
        kill(Pid::from_raw(pid as i32), signal).expect("it runs");
    }

    /// Does something while the program is stopped; it goes on afterwards.
    pub(crate) fn stopped(&mut self, meanwhile: impl FnOnce(&mut Self)) {
        let pid = self.child.process_id().expect("it runs");
        self.signal(Signal::SIGSTOP);
        let end = Instant::now() + PATIENCE;
        while process_state(pid) != 'T' {
            assert!(Instant::now() < end, "it did not stop");
            std::thread::yield_now();
        }
        meanwhile(self);
        self.signal(Signal::SIGCONT);
    }

    /// Waits for the end; every mode that was set must be undone.
    pub(crate) fn ended(mut self) -> u32 {
        let status = self.child.wait().expect("it is our child");
        // What it wrote last is still on its way.
        while self.changed.recv_timeout(PATIENCE).is_ok() {}
        let both = self.parser.lock().expect("no panic while it is held");
        let raw = String::from_utf8_lossy(&both.1.0).into_owned();
        for (set, unset) in [
            ("\u{1b}[?1049h", "\u{1b}[?1049l"),
            ("\u{1b}[?2004h", "\u{1b}[?2004l"),
            ("\u{1b}[?1004h", "\u{1b}[?1004l"),
            ("\u{1b}[?1000h", "\u{1b}[?1000l"),
            ("\u{1b}[?25l", "\u{1b}[?25h"),
        ] {
            let (on, off) = (raw.rfind(set), raw.rfind(unset));
            assert!(on.is_none() || off > on, "{set:?} was not undone");
        }
        assert!(!both.0.screen().alternate_screen());
        status.exit_code()
    }
}

/// Stops the project's server however the test ends.
pub(crate) struct Stop<'a>(pub(crate) &'a Project);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        let mut command = self.0.limbeck(["db", "stop"]);
        command.env("HOME", self.0.path());
        let _ = command.output();
    }
}

fn sample() -> Project {
    let project = support::project();
    project.revision("aaaa00000001", "", "CREATE TABLE a (id int);", Some("DROP TABLE a;"));
    project.revision(
        "bbbb00000002",
        "aaaa00000001",
        "CREATE TABLE b (id int);",
        Some("DROP TABLE b;"),
    );
    project.revision(
        "cccc00000003",
        "bbbb00000002",
        "ALTER TABLE a ADD COLUMN name text;",
        Some("ALTER TABLE a DROP COLUMN name;"),
    );
    project
}

fn tour(size: (u16, u16), other: (u16, u16)) {
    let project = sample();
    let _stop = Stop(&project);
    let mut screen = Screen::open(&project, size, &[]);
    screen.shows("at base");
    screen.keys("U");
    screen.shows("3 revisions, 3 statements");
    screen.keys("\r");
    screen.shows("at cccc0000");
    screen.shows("up to date");
    screen.keys("j\r");
    screen.shows("z fold");
    screen.keys("\u{1b}");
    screen.until("the graph", |text| text.contains("Revisions") && !text.contains("z fold"));
    screen.keys("d");
    screen.shows("ends at");
    screen.keys("\r");
    screen.shows("at bbbb0000");
    screen.keys("3");
    screen.shows("accepting connections");
    screen.resize(other);
    // Only a narrow screen has sections as tabs; keys wait until the new size is drawn.
    screen.until("the new size", |text| text.contains("[Server]") == (other.0 < 100));
    screen.keys("s");
    screen.shows("Stop the database server?");
    screen.keys("\r");
    screen.shows("stopped");
    screen.until("the way back", |text| text.contains("starts it"));
    screen.keys("s");
    screen.shows("accepting connections");
    screen.keys("q");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn a_tour_on_a_wide_screen() {
    tour((120, 36), (80, 24));
}

#[test]
fn a_tour_on_a_narrow_screen() {
    tour((80, 24), (120, 36));
}

#[test]
fn from_models_to_a_revision_that_is_applied() {
    let project = support::project();
    project.revision("aaaa00000001", "", "CREATE TABLE a (id int);", Some("DROP TABLE a;"));
    project.write("models/a.sql", "CREATE TABLE a (id int, name text);\n");
    project.write("models/b.sql", "CREATE VIEW b AS SELECT id, name FROM a;\n");
    let _stop = Stop(&project);
    let mut screen = Screen::open(&project, (120, 36), &[]);
    screen.shows("at base");
    screen.keys("2");
    screen.shows("1 revision is pending");
    screen.keys("1U");
    screen.shows("1 revision, 1 statement");
    screen.keys("\r");
    screen.shows("up to date");
    screen.keys("2");
    screen.until("the changes", |text| {
        text.contains("ADD COLUMN name text") && text.contains("VIEW public.b")
    });
    // One change less, and it comes back.
    screen.keys("]j ");
    screen.until("a smaller plan", |text| text.contains("SQL up · 1 of 4"));
    screen.keys(" ");
    screen.shows("SQL up · 4 of 4");
    screen.keys("c");
    screen.shows("message of the new revision");
    screen.keys("names\r");
    screen.shows("proved, and created");
    screen.shows("1 pending");
    screen.upgrade();
    screen.shows("up to date");
    screen.keys("2");
    screen.shows("Models and database agree");
    // The revision that was written, by object.
    screen.keys("1\r");
    screen.until("before and after", |text| {
        text.contains("table a") && text.contains("before  at aaaa0000")
    });
    screen.keys("\t");
    screen.shows("ALTER TABLE public.a ADD COLUMN");
    screen.keys("\u{1b}");
    screen.until("the graph", |text| text.contains("Revisions") && !text.contains("z fold"));
    screen.keys("q");
    assert_eq!(screen.ended(), 0);
    let files = std::fs::read_dir(project.path().join("migrations")).expect("there are some");
    let files: Vec<String> = files
        .filter_map(|file| std::fs::read_to_string(file.ok()?.path()).ok())
        .filter(|text| text.contains("-- names"))
        .collect();
    let [text] = files.as_slice() else { panic!("one new file: {files:?}") };
    assert!(text.contains("DROP COLUMN name"), "{text}");
    assert!(text.contains("Revises: aaaa00000001"), "{text}");
}

/// A server that is not there.
pub(crate) const NOWHERE: &[(&str, &str)] =
    &[("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")];

#[test]
fn without_a_server_the_history_is_shown() {
    let project = sample();
    let mut screen = Screen::open(&project, (80, 24), NOWHERE);
    screen.until("the history", |text| {
        text.contains("cccc00000003") && text.contains("aaaa00000001")
    });
    screen.keys("q");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn an_empty_folder_is_no_error() {
    let project = support::project();
    let mut screen = Screen::open(&project, (80, 24), NOWHERE);
    screen.shows("No revisions yet");
    screen.keys("q");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn signals_give_the_terminal_back() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT] {
        let project = sample();
        let mut screen = Screen::open(&project, (80, 24), NOWHERE);
        screen.shows("cccc00000003");
        screen.signal(signal);
        assert_eq!(screen.ended(), 130, "{signal}");
    }
}

#[test]
fn the_editor_gets_the_terminal_and_gives_it_back() {
    let project = sample();
    let script = project.write("editor.sh", "echo EDITING $(basename \"$1\"); read line\n");
    let editor = format!("sh {}", script.display());
    let mut env = NOWHERE.to_vec();
    env.push(("EDITOR", &editor));
    let mut screen = Screen::open(&project, (80, 24), &env);
    screen.shows("cccc00000003");
    screen.keys("e");
    screen.shows("EDITING cccc00000003_test.sql");
    screen.keys("\r");
    screen.shows("Revisions");
    // Keys are ours again, none is lost.
    screen.keys("?");
    screen.shows("Keys");
    screen.keys("\u{1b}");
    // Esc and `q` at once would be Alt-q.
    screen.until("the graph", |text| !text.contains("Keys"));
    screen.keys("q");
    assert_eq!(screen.ended(), 0);
}

/// What the system says the process is doing: `T` is stopped.
fn process_state(pid: u32) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let after = stat.rsplit_once(") ").expect("the name stands in parentheses").1;
    after.chars().next().expect("the state follows")
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_fg_takes_it_again() {
    let project = sample();
    let mut screen = Screen::open(&project, (80, 24), NOWHERE);
    screen.shows("cccc00000003");
    let pid = screen.child.process_id().expect("it runs");
    screen.keys("\u{1a}");
    let end = Instant::now() + PATIENCE;
    while process_state(pid) != 'T' {
        assert!(Instant::now() < end, "it did not stop");
        std::thread::yield_now();
    }
    let modes = |screen: &Screen| {
        let both = screen.parser.lock().expect("no panic while it is held");
        (both.0.screen().alternate_screen(), both.0.screen().hide_cursor())
    };
    screen.until("the shell's screen", |text| !text.contains("Revisions"));
    assert_eq!(modes(&screen), (false, false));
    screen.signal(Signal::SIGCONT);
    screen.shows("cccc00000003");
    assert!(modes(&screen).0);
    screen.keys("?");
    screen.shows("Keys");
    screen.keys("?");
    screen.until("the graph", |text| !text.contains("Keys"));
    screen.keys("q");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn a_new_file_appears_by_itself() {
    let project = sample();
    let mut screen = Screen::open(&project, (120, 36), NOWHERE);
    screen.shows("cccc00000003");
    project.revision("dddd00000004", "cccc00000003", "SELECT 1;", Some("SELECT 1;"));
    screen.shows("dddd00000004");
    screen.keys("q");
    assert_eq!(screen.ended(), 0);
}
