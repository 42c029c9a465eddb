//! Models that a program prints: any command, or SQLAlchemy's metadata by way of python.

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{process::Command, time::timeout};

use super::{Fault, File, ModelError};
use crate::{code::Code, present::age::elapsed};

/// Imports a module of SQLAlchemy models and prints what would create all its tables. Nothing is
/// connected to. What stands in a package is imported as a part of it, as the program does: under
/// another name its tables would be there twice.
const SQLALCHEMY: &str = r#"
import importlib, os, sys
path = os.path.abspath(sys.argv[1])
folder, name = os.path.split(path)
names = [] if name == "__init__.py" else [name[:-3]]
while os.path.exists(os.path.join(folder, "__init__.py")):
    folder, name = os.path.split(folder)
    names.insert(0, name)
sys.path[:0] = [folder, os.getcwd()]
from sqlalchemy import MetaData, create_mock_engine
module = importlib.import_module(".".join(names))
if not os.path.samefile(module.__file__, path):
    sys.exit("python has another module of that name: %s" % module.__file__)
found = []
for value in list(vars(module).values()):
    metadata = value if isinstance(value, MetaData) else getattr(value, "metadata", None)
    if isinstance(metadata, MetaData) and not any(metadata is known for known in found):
        found.append(metadata)
schemas = sorted({t.schema for m in found for t in m.tables.values() if t.schema})
for schema in schemas:
    print('CREATE SCHEMA IF NOT EXISTS "%s";' % schema.replace('"', '""'))
def write(sql, *args, **kwargs):
    text = sql if isinstance(sql, str) else str(sql.compile(dialect=engine.dialect))
    print(text.strip().rstrip(";") + ";")
# Any style but those that write %% for %.
engine = create_mock_engine("postgresql://", write, paramstyle="named")
for metadata in found:
    metadata.create_all(engine, checkfirst=False)
"#;

/// Runs a command of the shell in `folder`; what it prints is the model. It is ended when it takes longer
/// than `limit`, if that is not zero.
pub async fn run(command: &str, folder: &Path, limit: Duration) -> Result<File, ModelError> {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]);
    output(shell, Path::new(command), folder, limit).await
}

/// Runs a python file with SQLAlchemy models, or a package of them, by the project's own python where it has one; the same
/// `limit` holds.
pub async fn sqlalchemy(path: &Path, folder: &Path, limit: Duration) -> Result<File, ModelError> {
    let own = [".venv/bin/python", "venv/bin/python"].map(|python| folder.join(python));
    let python = own.into_iter().find(|python| python.is_file());
    let mut command = Command::new(python.unwrap_or_else(|| PathBuf::from("python3")));
    let package = path.join("__init__.py");
    command.args(["-c", SQLALCHEMY]).arg(if package.is_file() { &package } else { path });
    output(command, path.strip_prefix(folder).unwrap_or(path), folder, limit).await
}

async fn output(
    mut command: Command,
    name: &Path,
    folder: &Path,
    limit: Duration,
) -> Result<File, ModelError> {
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let fault = |what: String| Fault::new(Code::File, name, 0, what);
    let wrong = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => fault("there is no python to run it with".to_owned())
            .hint("install python3, or make `.venv` in the project's folder"),
        _ => fault(format!("it cannot be run: {error}")),
    };
    let child = command.spawn().map_err(wrong)?;
    let group = Group(child.id());
    let ended = child.wait_with_output();
    let output = if limit.is_zero() {
        ended.await
    } else {
        // Dropped when the time is up, which ends the program.
        timeout(limit, ended).await.map_err(|_| {
            fault(format!("the program did not end within {}", elapsed(limit)))
                .hint("`models_timeout` in limbeck.toml gives it more time; `0` is no limit")
        })?
    };
    let output = output.map_err(wrong)?;
    group.ended();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let mut fault = fault(format!("the program failed ({})", output.status));
        fault.detail = Some(last.trim().to_owned()).filter(|text| !text.is_empty());
        return Err(fault.hint("run it by hand in the project's folder to see all it says").into());
    }
    match String::from_utf8(output.stdout) {
        Ok(text) => Ok(File { path: name.to_owned(), text }),
        Err(_) => Err(fault("what it prints is not UTF-8".to_owned()).into()),
    }
}

/// The processes of a program, ended with whoever waits for it: it may have started others, which
/// nobody else would stop.
struct Group(Option<u32>);

impl Group {
    /// The program has come to its end by itself.
    fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(feature = "server")]
        if let Some(group) = self.0.and_then(|pid| i32::try_from(pid).ok()) {
            use nix::{
                sys::signal::{Signal, killpg},
                unistd::Pid,
            };
            // Gone already is as good.
            let _ = killpg(Pid::from_raw(group), Signal::SIGTERM);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn what_a_program_prints_is_a_model() {
        let here = std::env::temp_dir();
        let file = run("echo 'CREATE TABLE t ();'; echo noise >&2", &here, LONG).await.unwrap();
        assert_eq!(file.text, "CREATE TABLE t ();\n");
        let error = run("echo first; echo why not >&2; exit 3", &here, LONG).await.unwrap_err();
        assert!(error.to_string().contains("exit status: 3) (why not)"), "{error}");
    }

    #[tokio::test]
    async fn a_program_that_does_not_end_is_ended_with_all_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let slow = "sleep 600 & echo $! > child; echo $$ > parent; wait";
        let error = run(slow, folder.path(), Duration::from_millis(500)).await.unwrap_err();
        assert!(error.to_string().contains("did not end within 0.50 s"), "{error}");
        for name in ["child", "parent"] {
            let pid = std::fs::read_to_string(folder.path().join(name)).unwrap();
            let gone = || match std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())) {
                // Ended, and not yet collected by whoever inherited it.
                Ok(stat) => stat.contains(") Z "),
                Err(_) => true,
            };
            for _ in 0..500 {
                if !gone() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
            assert!(gone(), "the {name} goes on");
        }
    }

    #[tokio::test]
    async fn no_limit_is_no_limit() {
        let here = std::env::temp_dir();
        assert!(run("sleep 0.2; echo 'SELECT 1;'", &here, Duration::ZERO).await.is_ok());
    }
}
