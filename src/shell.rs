//! The only writer to the terminal: status lines, warnings, notes and errors on stderr in cargo's
//! style, results on stdout.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Effects, Style};

use crate::interrupt::AtOnce;
use crate::text;

const GREEN: Style = AnsiColor::BrightGreen.on_default().effects(Effects::BOLD);
const CYAN: Style = AnsiColor::BrightCyan.on_default().effects(Effects::BOLD);
const YELLOW: Style = AnsiColor::BrightYellow.on_default().effects(Effects::BOLD);
const RED: Style = AnsiColor::BrightRed.on_default().effects(Effects::BOLD);

/// How much is said on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Status, warnings and notes.
    Normal,
    /// The commands that are run, too.
    Verbose,
}

/// Writes messages for a person to stderr, and results to stdout.
pub struct Shell {
    err: AutoStream<io::Stderr>,
    out: io::Stdout,
    /// Whether `out` is a terminal.
    shown: bool,
    verbosity: Verbosity,
    warnings: usize,
}

impl Shell {
    /// A shell with a choice of colours as cargo's `--color` (`auto` asks the terminal, `NO_COLOR`
    /// and `CLICOLOR_FORCE`).
    pub fn new(color: ColorChoice, verbosity: Verbosity) -> Self {
        Self {
            err: AutoStream::new(io::stderr(), color),
            out: io::stdout(),
            shown: io::stdout().is_terminal(),
            verbosity,
            warnings: 0,
        }
    }

    /// A line such as `    Packing etl`, the verb right-justified in twelve columns.
    pub fn status(&mut self, verb: &str, message: impl Display) {
        if self.verbosity > Verbosity::Quiet {
            self.line(&format!("{GREEN}{verb:>12}{GREEN:#}"), &message, " ");
        }
    }

    /// A status line for `--verbose` only.
    pub fn verbose(&mut self, verb: &str, message: impl Display) {
        if self.verbosity >= Verbosity::Verbose {
            self.status(verb, message);
        }
    }

    /// Something that works, but hardly as meant. Counted, for `--deny-warnings`.
    pub fn warn(&mut self, message: impl Display) {
        self.warnings += 1;
        if self.verbosity > Verbosity::Quiet {
            self.line(&format!("{YELLOW}warning{YELLOW:#}"), &message, ": ");
        }
    }

    /// Number of warnings so far, shown or not.
    pub fn warnings(&self) -> usize {
        self.warnings
    }

    /// Something worth knowing.
    pub fn note(&mut self, message: impl Display) {
        if self.verbosity > Verbosity::Quiet {
            self.line(&format!("{CYAN}note{CYAN:#}"), &message, ": ");
        }
    }

    /// An error and its causes, as cargo prints them.
    pub fn error(&mut self, error: &anyhow::Error) {
        self.line(&format!("{RED}error{RED:#}"), &error, ": ");
        let mut causes = error.chain().skip(1).peekable();
        if causes.peek().is_some() {
            self.plain("\nCaused by:");
        }
        for cause in causes {
            let indented = cause.to_string().replace('\n', "\n  ");
            self.plain(&format!("  {indented}"));
        }
    }

    /// A line of a report on stderr, as it is.
    pub fn plain(&mut self, message: &str) {
        // A terminal that is gone is no reason to fail.
        let _ = writeln!(self.err, "{}", text::lines(message));
    }

    /// What another program wrote to its stderr, which this one shows in its place. Colours are left
    /// out where this program would not use them.
    pub fn foreign(&mut self, bytes: &[u8]) {
        // A terminal that is gone is no reason to fail.
        let _ = self.err.write_all(bytes);
    }

    fn line(&mut self, label: &str, message: &dyn Display, separator: &str) {
        let message = message.to_string();
        // A terminal that is gone is no reason to fail.
        let _ = writeln!(self.err, "{label}{separator}{}", text::lines(&message));
    }

    /// Writes a result line to stdout. A reader that went away is no error.
    pub fn result(&mut self, line: &str) -> io::Result<()> {
        self.result_bytes(format!("{line}\n").as_bytes())
    }

    /// Writes a line of JSON to stdout, with nothing that a terminal would act on.
    pub fn json(&mut self, value: &serde_json::Value) -> io::Result<()> {
        self.result(&text::json(value)?)
    }

    /// Writes bytes to stdout as they are. A reader that went away is no error.
    /// The reader may be slow: nothing that must be cleaned up may be open meanwhile.
    pub fn result_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let _waiting = AtOnce::new();
        let mut out = self.out.lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(io::Error::new(
                error.kind(),
                format!("failed to write to stdout: {error}"),
            )),
            Ok(()) => Ok(()),
        }
    }

    /// Whether results go to a terminal, which acts on control characters.
    pub fn results_are_shown(&self) -> bool {
        self.shown
    }
}
