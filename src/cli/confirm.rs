//! Questions before something dangerous, answered by typing a name, and before something that
//! merely should not come as a surprise, answered by `y`.

use std::io::{self, BufRead, IsTerminal};

use super::{context::Context, error::CliError, output::style, progress::FRAME};
use crate::{
    code::Code,
    engine::{Control, Event},
    present::safe::display_safe,
};

/// Asks whether to go on; passes with `-y`, is a no without a terminal to ask on.
pub(crate) fn yes(ctx: &Context, question: &str) -> bool {
    if ctx.global.yes {
        return true;
    }
    if !can_ask() {
        return false;
    }
    put(ctx, question);
    answer()
}

/// Whether there is a terminal to ask on.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks in the middle of work whose progress is shown, on a terminal: the moving line steps aside,
/// and Ctrl-C still stops the work.
pub(crate) async fn meanwhile(ctx: &Context, control: &Control, question: &str) -> bool {
    control.emit(Event::Stage(String::new()));
    tokio::time::sleep(2 * FRAME).await;
    put(ctx, question);
    tokio::task::spawn_blocking(answer).await.unwrap_or(false)
}

/// Asks for a line of text; none without a terminal to ask on, or when everything is answered yes.
pub(crate) fn text(ctx: &Context, question: &str) -> Option<String> {
    if ctx.global.yes || !can_ask() {
        return None;
    }
    ctx.out.always(&style::bold(&display_safe(question)));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.is_ok().then(|| answer.trim().to_owned())
}

fn put(ctx: &Context, question: &str) {
    ctx.out.always(&format!("{} [y/N]", style::bold(&display_safe(question))));
}

fn answer() -> bool {
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

/// Asks to type `name`; passes with `-y`, fails without a terminal to ask on.
///
/// `what` says what would happen ("downgrade 3 revisions of …"), `lines` what it would cost.
pub(crate) fn typed(
    ctx: &Context,
    what: &str,
    lines: &[String],
    name: &str,
) -> Result<(), CliError> {
    if ctx.global.yes {
        return Ok(());
    }
    let refused = |why: &str| {
        CliError::new(Code::ProtectedTarget, format!("{what}: {why}"))
            .with_state("nothing was changed")
    };
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(refused("this must be confirmed, and there is no terminal to ask on")
            .with_hint("run it on a terminal, or answer beforehand with `-y`"));
    }
    ctx.out.always(&style::bold(&display_safe(what)));
    for line in lines {
        ctx.out.always(&format!("  {}", display_safe(line)));
    }
    let shown = style::bold(&display_safe(name));
    ctx.out.always(&format!("type {shown} to go on, anything else to leave:"));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && answer.trim() == name {
        return Ok(());
    }
    Err(refused("not confirmed"))
}
