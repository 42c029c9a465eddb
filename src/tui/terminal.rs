//! The terminal's modes: set on the way in, undone on every way out (the end, an error, a panic, a
//! signal, the editor, Ctrl-Z).

use std::{
    io::{self, BufWriter, Stdout, Write},
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
};

use crossterm::{
    cursor, event, execute, queue,
    terminal::{self, BeginSynchronizedUpdate, EndSynchronizedUpdate},
};
use ratatui::{Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, layout::Rect};

use super::{
    app::{App, HitMap},
    view,
};

/// The modes are set, and must be undone exactly once.
static ACTIVE: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// The terminal while the interface has it. Dropping it gives it back.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").finish_non_exhaustive()
    }
}

impl Screen {
    /// Takes the terminal.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        HOOK.call_once(|| {
            let previous = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                restore();
                previous(info);
            }));
        });
        ACTIVE.store(true, Ordering::SeqCst);
        let entered = Self::set_modes(mouse).and_then(|()| Self::fresh());
        match entered {
            Ok(terminal) => Ok(Self { terminal }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    fn set_modes(mouse: bool) -> io::Result<()> {
        terminal::enable_raw_mode()?;
        let mut out = io::stdout();
        queue!(
            out,
            terminal::EnterAlternateScreen,
            event::EnableBracketedPaste,
            event::EnableFocusChange,
            cursor::Hide
        )?;
        if mouse {
            queue!(out, event::EnableMouseCapture)?;
        }
        out.flush()
    }

    /// A terminal with nothing on it. Its size is fixed: a new one is made for a new size, so that
    /// nothing ever asks the terminal where its cursor is (it may not answer while it is resized).
    fn fresh() -> io::Result<Terminal<CrosstermBackend<BufWriter<Stdout>>>> {
        let (width, height) = size();
        let mut out = BufWriter::with_capacity(1 << 16, io::stdout());
        queue!(out, terminal::Clear(terminal::ClearType::All))?;
        Terminal::with_options(
            CrosstermBackend::new(out),
            TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, width, height)) },
        )
    }

    /// Draws the app; the whole screen when it asks for that.
    pub fn draw(&mut self, app: &App, whole: bool) -> io::Result<HitMap> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        if whole {
            let (width, height) = app.size;
            let mut out = BufWriter::with_capacity(1 << 16, io::stdout());
            queue!(out, BeginSynchronizedUpdate, terminal::Clear(terminal::ClearType::All))?;
            self.terminal = Terminal::with_options(
                CrosstermBackend::new(out),
                TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, width, height)) },
            )?;
        }
        let mut hits = HitMap::default();
        self.terminal.draw(|frame| hits = view::draw(app, frame))?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        Ok(hits)
    }

    /// Captures the mouse, or leaves it to the terminal.
    pub fn mouse(&mut self, capture: bool) -> io::Result<()> {
        if capture {
            execute!(self.terminal.backend_mut(), event::EnableMouseCapture)
        } else {
            execute!(self.terminal.backend_mut(), event::DisableMouseCapture)
        }
    }

    /// Puts text on the clipboard of the terminal, wherever it runs.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(
            self.terminal.backend_mut(),
            crossterm::clipboard::CopyToClipboard::to_clipboard_from(text)
        )
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// The terminal's size; one cell at least.
pub fn size() -> (u16, u16) {
    let (width, height) = terminal::size().unwrap_or((80, 24));
    (width.max(1), height.max(1))
}

/// Whether the interface has the terminal. It loses it to a panic anywhere in the process.
pub fn active() -> bool {
    ACTIVE.load(Ordering::SeqCst)
}

/// Undoes every mode. Does nothing when nothing is set.
pub fn restore() {
    if !ACTIVE.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    // Errors have nowhere to go: the terminal itself is what failed.
    let _ = execute!(
        out,
        EndSynchronizedUpdate,
        event::DisableMouseCapture,
        event::DisableFocusChange,
        event::DisableBracketedPaste,
        terminal::LeaveAlternateScreen,
        cursor::Show
    );
    let _ = terminal::disable_raw_mode();
}
