//! `limbeck db` on a server of the project's own.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
};

use serde_json::json;
use tempfile::TempDir;

use crate::{
    Ran, run,
    support::{Project, limbeck},
    three,
};

/// Stops the project's server whatever happens to the test.
struct Served(Project);

impl Served {
    fn limbeck(&self, args: &[&str]) -> Ran {
        run(&mut self.0.limbeck(args))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.0.limbeck(["db", "stop"]).output());
    }
}

#[test]
fn a_server_of_the_projects_own_from_start_to_reset() {
    let served = Served(three());
    // A question makes no server, and work does, the first time.
    let ran = served.limbeck(&["current"]).fails("CONNECT", 9);
    assert!(ran.err.contains("limbeck db start"), "{}", ran.err);
    let ran = served.limbeck(&["upgrade", "+1"]).exits(0);
    assert!(ran.err.contains("starting PostgreSQL"), "{}", ran.err);
    served.limbeck(&["db", "reset", "-y"]).exits(0);
    served.limbeck(&["db", "stop"]).exits(0);
    let ran = served.limbeck(&["db", "start"]).exits(0);
    assert_eq!(ran.out, "");
    assert!(ran.err.contains("running: "), "{}", ran.err);
    assert!(served.limbeck(&["db", "start"]).exits(0).err.contains("already running"));
    let status = served.limbeck(&["db", "status", "--json"]).exits(0).json();
    assert_eq!(status["server"]["kind"], "local");
    assert_eq!(status["server"]["state"], "running");
    assert!(status["server"]["port"].is_u64() && status["server"]["since"].is_string(), "{status}");
    assert!(served.limbeck(&["db", "status"]).exits(0).out.contains("running since"));

    served.limbeck(&["upgrade", "head"]).exits(0);
    // Nothing is left to do; and the server found nothing odd in what it was asked.
    served.limbeck(&["upgrade", "head"]).exits(0);
    let log = served.limbeck(&["db", "logs", "-n", "1000"]).exits(0).out;
    assert!(!log.contains("WARNING:"), "{log}");
    let password = fs::read_to_string(served.0.path().join(".limbeck/password"));
    for args in [&["status", "-v"][..], &["db", "status"], &["db", "logs", "-n", "1000"]] {
        let ran = served.limbeck(args).exits(0);
        if let Ok(password) = &password {
            assert!(!(ran.out + &ran.err).contains(password.trim()), "{args:?}");
        }
    }
    let psql = ["db", "psql", "--", "-X", "-A", "-t", "-c", "SELECT count(*) FROM account"];
    assert_eq!(served.limbeck(&psql).exits(0).out, "0\n");
    assert!(served.limbeck(&["db", "logs", "-n", "3"]).exits(0).out.lines().count() <= 3);

    // Everything would be lost: that takes more than a stray command in a script.
    let ran = served.limbeck(&["db", "reset"]).fails("PROTECTED_TARGET", 6);
    assert!(ran.err.contains("nothing was changed"), "{}", ran.err);
    let rows =
        |served: &Served| served.limbeck(&["current", "--json"]).exits(0).json()["rows"].clone();
    assert_eq!(rows(&served), json!(["cccc33333333"]));
    served.limbeck(&["db", "reset", "-y"]).exits(0);
    assert_eq!(rows(&served), json!([]));

    served.limbeck(&["db", "restart"]).exits(0);
    served.limbeck(&["db", "stop"]).exits(0);
    let status = served.limbeck(&["db", "status", "--json"]).exits(0).json();
    assert_eq!(status["server"]["state"], "stopped");
    assert!(served.limbeck(&["db", "stop"]).exits(0).err.contains("not running"));
    let ran = served.limbeck(&["upgrade", "head"]).fails("CONNECT", 9);
    assert!(ran.err.contains("limbeck db start"), "{}", ran.err);
}

#[test]
fn a_folder_that_is_no_project_stays_as_it_is() {
    let folder = || {
        let folder = TempDir::with_prefix("limbeck-").expect("a temporary folder");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("our own folder");
        folder
    };
    let (here, temporary) = (folder(), folder());
    let table = "CREATE TABLE public.shop (\n    id integer NOT NULL\n);\n";
    fs::write(here.path().join("shop.sql"), "CREATE TABLE shop (id int NOT NULL);").unwrap();
    let mut command = limbeck();
    command.current_dir(here.path()).env("TMPDIR", temporary.path()).args(["dump", "shop.sql"]);
    let ran = run(&mut command).exits(0);
    assert_eq!(ran.out, table, "{}", ran.err);
    let names = |folder: &TempDir| {
        let entries = fs::read_dir(folder.path()).expect("a folder").flatten();
        entries.map(|entry| entry.file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(names(&here), ["shop.sql"]);
    assert_eq!(names(&temporary), [""; 0], "the server is gone with its files");
}
