//! The `limbeck` program: hands over to the command line or the interface, and ends with their
//! exit status.

use std::process::ExitCode;

use limbeck::cli::{self, Next};

fn main() -> ExitCode {
    match cli::run() {
        Next::Exit(status) => ExitCode::from(status),
        Next::Interface(start) => interface(*start),
    }
}

/// Runs the full-screen interface.
#[cfg(feature = "tui")]
fn interface(start: cli::InterfaceStart) -> ExitCode {
    let start = limbeck::tui::Start {
        project: start.project,
        reopen: start.reopen,
        newcomer: start.newcomer,
        begin: start.begin,
        light: start.light,
        no_color: start.no_color,
        editor: start.editor,
        pg_dump: start.pg_dump,
        config_dir: start.config_dir,
        state_dir: start.state_dir,
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return ExitCode::from(cli::fail_io("the runtime cannot start", &error)),
    };
    let outcome = runtime.block_on(limbeck::tui::run(start));
    // Work that is still under way must not hold up the end of the program.
    runtime.shutdown_background();
    match outcome {
        Ok(status) => ExitCode::from(status),
        Err(error) => ExitCode::from(cli::fail_io("the terminal cannot be used", &error)),
    }
}

/// Built without the interface: says so.
#[cfg(not(feature = "tui"))]
fn interface(_: cli::InterfaceStart) -> ExitCode {
    let error = std::io::Error::other("this `limbeck` was built without its interface");
    ExitCode::from(cli::fail_io("name a command, such as `limbeck status`", &error))
}
