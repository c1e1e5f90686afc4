//! What the expansion of `bundle!` calls: the registrations of ids that the compiler has checked, and the errors of entries
//! that are none.

use crate::arguments::Arguments;
use crate::bundle::Bundle;
use crate::bundle::handler::{BoxHandler, Take, TaskHandler, boxed, take};
use crate::bundle::manifest::{DagDeclaration, TaskDeclaration};
use crate::ending::error::Error;
use crate::task::{Returned, Task};

/// A bundle of `bundle!` while its handlers are registered, in the order of the declared ids.
#[derive(Debug)]
pub struct Declared {
    bundle: Bundle,
    dags: std::slice::Iter<'static, DagDeclaration>,
    dag: &'static str,
    tasks: std::slice::Iter<'static, Option<TaskDeclaration>>,
}

impl Declared {
    /// Begins with what the compiler has made of the ids.
    pub fn new(record: &'static [u8], dags: &'static [DagDeclaration]) -> Self {
        Self {
            bundle: Bundle::declared(record),
            dags: dags.iter(),
            dag: "",
            tasks: [].iter(),
        }
    }

    /// Begins the next Dag.
    pub fn dag(&mut self) {
        if let Some(dag) = self.dags.next() {
            self.dag = dag.id;
            self.tasks = dag.tasks.iter();
            self.bundle.add_dag(dag.id);
        }
    }

    /// Registers the handler of the Dag's next task.
    pub fn task<H: Send + Sync + 'static>(&mut self, entry: Entry<H>) {
        self.add(Box::new(move |task| {
            (entry.run)(&entry.handler, task, (entry.take)(task)?)
        }));
    }

    /// Registers a handler that no constant can name, such as a closure, so that the record says nothing of its parameters.
    pub fn uncounted<M, H: TaskHandler<M> + Uncounted<M>>(&mut self, handler: H) {
        self.add(boxed(handler));
    }

    // Of its own, because `task` is compiled once for each handler.
    #[inline(never)]
    fn add(&mut self, handler: BoxHandler) {
        if let Some(task) = self.tasks.by_ref().flatten().next() {
            // The record has the parameters.
            self.bundle
                .add(self.dag.to_owned(), task.id.to_owned(), 0, handler);
        }
    }

    /// The bundle with all its handlers.
    pub fn finish(self) -> Bundle {
        self.bundle
    }
}

/// A handler that is named by its path.
///
/// It is made in two places: in the constant that is the record, and where the handler is registered. The bound stands at
/// [`entry`] alone, so that the compiler finds the same error about a wrong handler in both, and tells it once.
#[derive(Debug)]
pub struct Entry<H> {
    /// The number of data parameters.
    pub parameters: usize,
    handler: H,
    take: Take,
    run: fn(&H, &Task, Arguments) -> Result<Returned, Error>,
}

/// Makes an entry of a handler.
pub const fn entry<M, H: TaskHandler<M>>(handler: H) -> Entry<H> {
    Entry {
        parameters: H::PARAMETERS,
        handler,
        take: take::<M, H>(),
        run: H::run,
    }
}

/// A handler without data parameters. A bound on what its trait names beside it would have the compiler forget the place of the handler.
#[doc(hidden)]
pub trait Uncounted<M> {}

impl<M, H: TaskHandler<M>> Uncounted<M> for H where H::Inputs: NoArguments {}

/// The data parameters of a handler that no constant can name.
#[diagnostic::on_unimplemented(
    message = "in `bundle!`, a handler with parameters besides `&Task` is a function that is named by its path, in a Dag whose handlers all are: \
               `function` or `\"task_id\" => function`",
    label = "this handler takes arguments",
    note = "a closure or an expression in parentheses has no parameter but `&Task`, and beside one in a Dag nor has a function behind an id: \
            name it without an id, or register it with `Bundle::register`"
)]
#[doc(hidden)]
pub trait NoArguments {}

#[diagnostic::do_not_recommend]
impl NoArguments for () {}

/// Refuses an id without a function.
pub fn no_handler<T: WithHandler>(_: T) {}

#[diagnostic::on_unimplemented(
    message = "a task of `bundle!` has an id, but no function",
    label = "no `=> function` behind this id",
    note = "a task is `function`, `\"task_id\" => function` or `\"task_id\" => closure`"
)]
#[doc(hidden)]
pub trait WithHandler {}

/// Refuses a function without an id.
pub fn no_id<T: WithId>(_: T) {}

#[diagnostic::on_unimplemented(
    message = "a task of `bundle!` has an arrow, but no id in front of it",
    label = "no `\"task_id\" =>` in front of this",
    note = "a task is `function`, `\"task_id\" => function` or `\"task_id\" => closure`"
)]
#[doc(hidden)]
pub trait WithId {}

/// Refuses the second of two ids in one entry.
pub fn no_comma<T: WithComma>(_: T) {}

#[diagnostic::on_unimplemented(
    message = "an entry of `bundle!` has two ids",
    label = "no comma in front of this",
    note = "a task is `function`, `\"task_id\" => function` or `\"task_id\" => closure`, and a comma follows it"
)]
#[doc(hidden)]
pub trait WithComma {}

/// Refuses an expression without an id that is no path, whose name could be its id.
#[derive(Debug)]
pub struct Named<const IS_PATH: bool>;

impl Named<true> {
    /// The function of a path.
    pub fn named<F>(function: F) -> F {
        function
    }
}

impl Named<false> {
    /// Refuses an expression that is not a path: nothing implements `WithName`.
    pub fn named<F: WithName>(function: F) -> F {
        function
    }
}

#[diagnostic::on_unimplemented(
    message = "a task of `bundle!` needs an id where it is not the name of a function",
    label = "write `\"task_id\" =>` in front of this",
    note = "a task is `function`, `\"task_id\" => function` or `\"task_id\" => closure`",
    note = "attributes can stand in front of functions and of ids that are literals, paths, blocks or macro calls"
)]
#[doc(hidden)]
pub trait WithName {}

/// Whether the text of an expression is that of a path, as far as it has to be told here: closures, calls and the like are
/// not. What begins with attributes is left to [`no_attributes`].
pub const fn is_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut generics = 0;
    if matches!(bytes, [b'#' | b'/', ..]) {
        return true;
    }
    while at < bytes.len() {
        match bytes[at] {
            b'<' => generics += 1,
            b'>' => generics -= 1,
            // `#` is a part of raw names.
            b'_' | b':' | b' ' | b'#' => {}
            byte if byte.is_ascii_alphanumeric() || !byte.is_ascii() || generics > 0 => {}
            _ => return false,
        }
        at += 1;
    }
    true
}

/// Refuses attributes in front of an id that may be any expression.
///
/// # Panics
/// If there are some: in the compiler, where a panic is an error of the program that is compiled.
pub const fn no_attributes(id: &str) {
    assert!(
        !matches!(id.as_bytes(), [b'#' | b'/', ..]),
        "attributes can stand in front of functions and of ids that are literals, paths, blocks or macro calls: make a \
         constant of each other id in this Dag"
    );
}

#[cfg(test)]
mod tests {
    use super::is_path;

    #[test]
    fn what_is_a_path() {
        for path in [
            "a",
            "tasks::r#type",
            "größe",
            "load::<Vec<u8>>",
            "<Type as Named>::name",
            "load::<[u8; 3]>",
        ] {
            assert!(is_path(path), "{path}");
        }
        for other in ["|| a", "|_| {}", "a()", "\"a\"", "move || a", "a[0]"] {
            assert!(!is_path(other), "{other}");
        }
    }
}
