//! The registry of an executable: which tasks of which Dags it serves.

pub(crate) mod declared;
pub(crate) mod handler;
mod macros;
pub(crate) mod manifest;
pub(crate) mod returns;
#[cfg(feature = "tokio")]
mod runtime;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::handler::{BoxHandler, TaskHandler, boxed};
use crate::client::REPLY_TIMEOUT;
use airflow_protocol::ids::{self, IdFault};

/// A function with its limit.
#[derive(Clone)]
pub(crate) struct BeforeOutcome {
    pub(crate) limit: Duration,
    pub(crate) function: Arc<dyn Fn() + Send + Sync>,
}

/// The longest time that a reply can be given; more does not fit into the clock of every system.
const LONGEST_REPLY: Duration = Duration::from_hours(30 * 24);

/// The tasks that an executable serves. [`bundle!`](crate::bundle!) makes one of ids that are known when the program is
/// compiled; [`Bundle::new`] and [`register`](Self::register) of ids that are only known when it runs.
#[must_use = "a bundle does nothing until it is served"]
pub struct Bundle {
    /// The text of the link section's record, for bundles from the macro.
    declared: Option<String>,
    dags: Vec<Dag>,
    /// The places in `dags`, by id.
    order: Order,
    problems: Vec<RegistrationError>,
    reply_timeout: Duration,
    before_outcome: Vec<BeforeOutcome>,
    worker_secrets: bool,
}

struct Dag {
    id: String,
    tasks: Vec<Registered>,
    /// The places in `tasks`, by id.
    order: Order,
}

struct Registered {
    id: String,
    /// The number of data parameters. 0 for a bundle of `bundle!`, whose record has them.
    parameters: usize,
    handler: Arc<BoxHandler>,
}

/// The places of a list in the order of its ids, so that thousands of ids are found without comparing all of them. A
/// `BTreeMap` adds 8 kB to the do-nothing bundle (Rust 1.95, `--release`, stripped).
#[derive(Default)]
struct Order(Vec<usize>);

impl Order {
    /// Where an id stands in the list, or else where its place belongs.
    fn find<'a>(&self, id: &str, id_at: impl Fn(usize) -> &'a str) -> Result<usize, usize> {
        let found = self.0.binary_search_by(|&place| id_at(place).cmp(id));
        found.map(|at| self.0[at])
    }
}

/// Why a registration is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistrationError {
    /// Airflow's server refuses the Dag's id.
    DagId {
        /// The id.
        dag_id: String,
        /// What is wrong with it.
        fault: IdFault,
    },
    /// Airflow's server refuses the task's id.
    TaskId {
        /// The Dag's id.
        dag_id: String,
        /// The task's id.
        task_id: String,
        /// What is wrong with it.
        fault: IdFault,
    },
    /// The task was registered before.
    Duplicate {
        /// The Dag's id.
        dag_id: String,
        /// The task's id.
        task_id: String,
    },
    /// `register` was called on a bundle from `bundle!`, whose manifest is a constant of the executable.
    Declared {
        /// The Dag's id.
        dag_id: String,
        /// The task's id.
        task_id: String,
    },
    /// Nothing was registered.
    Empty,
}

impl fmt::Display for RegistrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DagId { dag_id, fault } => write!(f, "the dag id {dag_id:?} {fault}"),
            Self::TaskId {
                dag_id,
                task_id,
                fault,
            } => write!(f, "the task id {task_id:?} of dag {dag_id:?} {fault}"),
            Self::Duplicate { dag_id, task_id } => {
                write!(
                    f,
                    "the task {task_id:?} of dag {dag_id:?} is registered twice"
                )
            }
            Self::Declared { dag_id, task_id } => write!(
                f,
                "the task {task_id:?} of dag {dag_id:?} is registered at run time in a bundle made by bundle!, whose \
                 manifest is fixed: declare it there, or begin with Bundle::new() and register every task"
            ),
            Self::Empty => {
                f.write_str("no task is registered: name some in bundle!, or call Bundle::register")
            }
        }
    }
}

impl std::error::Error for RegistrationError {}

impl Bundle {
    /// A bundle without tasks, for ids that are only known at run time.
    ///
    /// ```
    /// use airflow_sdk::{Bundle, Result, Task};
    ///
    /// let mut bundle = Bundle::new();
    /// for country in ["at", "ch", "de"] {
    ///     bundle = bundle.register("sales", format!("load_{country}"), move |task: &Task| -> Result<()> {
    ///         log::info!("loading {country}");
    ///         Ok(())
    ///     });
    /// }
    /// assert_eq!(bundle.task_ids("sales"), ["load_at", "load_ch", "load_de"]);
    /// ```
    ///
    /// The packer has to run such an executable to learn its ids: prefer [`bundle!`](crate::bundle!) where it fits.
    pub fn new() -> Self {
        Self {
            declared: None,
            dags: Vec::new(),
            order: Order::default(),
            problems: Vec::new(),
            reply_timeout: REPLY_TIMEOUT,
            before_outcome: Vec::new(),
            worker_secrets: true,
        }
    }

    /// Registers a task. What is wrong with an id is reported by [`serve`](Self::serve) and by `--airflow-metadata`.
    pub fn register<M, H: TaskHandler<M>>(
        mut self,
        dag_id: impl Into<String>,
        task_id: impl Into<String>,
        handler: H,
    ) -> Self {
        let (dag_id, task_id) = (dag_id.into(), task_id.into());
        if self.declared.is_some() {
            self.problems
                .push(RegistrationError::Declared { dag_id, task_id });
            return self;
        }
        if let Err(fault) = ids::check(&dag_id) {
            self.problem(RegistrationError::DagId { dag_id, fault });
            return self;
        }
        if let Err(fault) = ids::check(&task_id) {
            self.problem(RegistrationError::TaskId {
                dag_id,
                task_id,
                fault,
            });
            return self;
        }
        self.add(dag_id, task_id, H::PARAMETERS, boxed(handler));
        self
    }

    /// How long to wait for a reply of the supervisor before a call fails; 10 minutes unless set, and 30 days at most. The
    /// supervisor repeats failing calls of Airflow's API for minutes before it answers. For its first message, which says what to
    /// run, a bundle waits for 10 minutes or this time, whichever is longer; then it ends with 1.
    pub fn reply_timeout(mut self, timeout: Duration) -> Self {
        self.reply_timeout = timeout.min(LONGEST_REPLY);
        self
    }

    /// Runs a function between the end of a handler and the report of its outcome: to send off telemetry, or to flush what a
    /// library buffers. After the outcome, nothing runs any more (see [`serve`](Self::serve)).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # fn extract() {}
    /// # fn flush_telemetry() {}
    /// let bundle = airflow_sdk::bundle! { "sales" => { extract } }
    ///     .before_outcome(Duration::from_secs(5), || flush_telemetry());
    /// ```
    ///
    /// It runs on a thread of its own, however the handler has ended: by returning, by a panic, by `std::process::exit`, or not at
    /// all after a signal; not for a task that this bundle does not serve. Several run in the order in which they were given. The
    /// outcome stays as it was, whatever becomes of the function:
    ///
    /// - After `limit` it is late: the log has a warning, and it is left alone until the process ends.
    /// - If it panics, the panic and a warning are in the log.
    /// - When the task was told to stop, all functions together have until 2.5 s after the signal, if their limits do not end
    ///   before, so that the outcome is out within 3 s.
    ///
    /// Only if it calls `std::process::exit`, the task has failed and is retried if it has tries left, as it is for a handler that
    /// does so. The SDK learns of such a call on Unix only.
    pub fn before_outcome(
        mut self,
        limit: Duration,
        function: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        self.before_outcome.push(BeforeOutcome {
            limit,
            function: Arc::new(function),
        });
        self
    }

    /// Whether [`Task::variable`](crate::Task::variable) and [`Task::connection`](crate::Task::connection) look into the worker's own
    /// `AIRFLOW_VAR_*` and `AIRFLOW_CONN_*` before they ask Airflow, as Python tasks do; they do unless this says `false`. An operator turns
    /// it off for all bundles of a worker with `AIRFLOW_RUST_WORKER_SECRETS=false` in its environment.
    pub fn worker_secrets(mut self, read: bool) -> Self {
        self.worker_secrets = read;
        self
    }

    /// The ids of the Dags, in the order of their registration.
    pub fn dag_ids(&self) -> Vec<&str> {
        self.dags.iter().map(|dag| dag.id.as_str()).collect()
    }

    /// The ids of a Dag's tasks, in the order of their registration.
    pub fn task_ids(&self, dag_id: &str) -> Vec<&str> {
        self.dag(dag_id).map(Dag::task_ids).unwrap_or_default()
    }

    /// The manifest's JSON text, or what is wrong with the registrations.
    pub fn manifest(&self) -> Result<String, Vec<RegistrationError>> {
        let problems = self.problems();
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(self
            .declared
            .clone()
            .unwrap_or_else(|| manifest::render(self.signatures())))
    }

    /// What is wrong with the registrations.
    pub(crate) fn problems(&self) -> Vec<RegistrationError> {
        let mut problems = self.problems.clone();
        if self.dags.is_empty() && problems.is_empty() {
            problems.push(RegistrationError::Empty);
        }
        problems
    }

    /// Each Dag with its tasks.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.dags
            .iter()
            .map(|dag| (dag.id.as_str(), dag.task_ids()))
    }

    /// Each Dag with its tasks and the number of parameters of each.
    fn signatures(&self) -> impl Iterator<Item = (&str, Vec<(&str, usize)>)> {
        self.dags.iter().map(|dag| {
            let tasks = dag.tasks.iter();
            let tasks = tasks.map(|task| (task.id.as_str(), task.parameters));
            (dag.id.as_str(), tasks.collect())
        })
    }

    /// The handler of a task.
    pub(crate) fn handler(&self, dag_id: &str, task_id: &str) -> Option<Arc<BoxHandler>> {
        let dag = self.dag(dag_id)?;
        let place = dag.find(task_id).ok()?;
        Some(Arc::clone(&dag.tasks[place].handler))
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.reply_timeout
    }

    pub(crate) fn reads_worker_secrets(&self) -> bool {
        self.worker_secrets
    }

    pub(crate) fn before_outcome_functions(&self) -> &[BeforeOutcome] {
        &self.before_outcome
    }

    /// Begins a bundle of `bundle!`.
    pub(crate) fn declared(record: &'static [u8]) -> Self {
        Self {
            declared: manifest::read_record(record),
            ..Self::new()
        }
    }

    /// Adds a Dag of `bundle!`, as yet without tasks.
    pub(crate) fn add_dag(&mut self, dag_id: &str) {
        self.dag_mut(dag_id);
    }

    /// Adds a task. Its ids have been checked: those of `bundle!` by the compiler, so that most executables do without the table
    /// of letters.
    pub(crate) fn add(
        &mut self,
        dag_id: String,
        task_id: String,
        parameters: usize,
        handler: BoxHandler,
    ) {
        let dag = self.dag_mut(&dag_id);
        match dag.find(&task_id) {
            Ok(_) => self.problem(RegistrationError::Duplicate { dag_id, task_id }),
            Err(at) => {
                dag.order.0.insert(at, dag.tasks.len());
                dag.tasks.push(Registered {
                    id: task_id,
                    parameters,
                    handler: Arc::new(handler),
                });
            }
        }
    }

    /// Notes a problem. The same problem of each task of a Dag is noted once.
    fn problem(&mut self, problem: RegistrationError) {
        if self.problems.last() != Some(&problem) {
            self.problems.push(problem);
        }
    }

    fn find(&self, dag_id: &str) -> Result<usize, usize> {
        self.order.find(dag_id, |place| &self.dags[place].id)
    }

    fn dag(&self, dag_id: &str) -> Option<&Dag> {
        self.find(dag_id).ok().map(|place| &self.dags[place])
    }

    fn dag_mut(&mut self, dag_id: &str) -> &mut Dag {
        let place = self.find(dag_id).unwrap_or_else(|at| {
            self.order.0.insert(at, self.dags.len());
            self.dags.push(Dag {
                id: dag_id.to_owned(),
                tasks: Vec::new(),
                order: Order::default(),
            });
            self.dags.len() - 1
        });
        &mut self.dags[place]
    }
}

impl Dag {
    fn find(&self, task_id: &str) -> Result<usize, usize> {
        self.order.find(task_id, |place| &self.tasks[place].id)
    }

    fn task_ids(&self) -> Vec<&str> {
        self.tasks.iter().map(|task| task.id.as_str()).collect()
    }
}

impl Default for Bundle {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (dag, tasks) in self.tasks() {
            map.entry(&dag, &tasks);
        }
        map.finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::{Bundle, RegistrationError};
    use crate::task::Task;
    use airflow_protocol::ids::IdFault;

    fn nothing() {}

    #[test]
    fn refused_registrations_are_told() {
        let bundle = Bundle::new()
            .register("d", "t", nothing)
            .register("d", "t", nothing)
            .register("", "t", nothing)
            .register("d", "a b", nothing);
        let text = |error: &RegistrationError| error.to_string();
        let problems: Vec<String> = bundle.manifest().unwrap_err().iter().map(text).collect();
        assert_eq!(
            problems[0],
            "the task \"t\" of dag \"d\" is registered twice"
        );
        assert_eq!(problems[1], "the dag id \"\" is empty");
        assert!(problems[2].starts_with("the task id \"a b\" of dag \"d\" has the character ' '"));
    }

    #[test]
    fn a_bundle_of_the_macro_takes_no_more() {
        let bundle = crate::bundle! { "d" => { nothing } };
        assert!(bundle.manifest().unwrap().contains("\"nothing\""));
        let error = bundle
            .register("d", "more", nothing)
            .manifest()
            .unwrap_err();
        assert!(matches!(error[..], [RegistrationError::Declared { .. }]));
    }

    fn takes_two(_: u32, _: &Task, _: String) {}

    mod handlers {
        pub(super) use super::takes_two as load;
    }

    /// The record of the macro and the manifest that is made at run time say how many arguments each handler takes, where one
    /// takes any.
    #[test]
    fn the_record_says_how_many_parameters_a_handler_has() {
        let dags = r#""dags":{"sales":{"tasks":["nothing","load","takes_two"],"parameters":{"load":2,"takes_two":2}},"audit":{"tasks":["nothing"]}}"#;
        let declared = crate::bundle! {
            "sales" => { nothing, "load" => handlers::load, takes_two },
            "audit" => { nothing },
        };
        let manifest = declared.manifest().unwrap();
        assert!(manifest.contains(dags), "{manifest}");
        assert!(declared.handler("sales", "load").is_some());
        let registered = Bundle::new()
            .register("sales", "nothing", nothing)
            .register("sales", "load", takes_two)
            .register("sales", "takes_two", takes_two)
            .register("audit", "nothing", nothing);
        assert_eq!(registered.manifest().unwrap(), manifest);
        for (id, tasks) in [
            (
                "literals",
                crate::bundle! { "d" => { "load" => takes_two, "l2" => handlers::load } },
            ),
            (
                "attributes",
                crate::bundle! { "d" => { #[cfg(all())] "load" => takes_two, #[cfg(any())] "l2" => nothing } },
            ),
            (
                "ids of other kinds",
                crate::bundle! { "d" => { concat!("lo", "ad") => takes_two, { "l2" } => handlers::load } },
            ),
        ] {
            let manifest = tasks.manifest().unwrap();
            assert!(
                manifest.contains(r#""parameters":{"load":2"#),
                "{id}: {manifest}"
            );
        }
    }

    #[test]
    fn letters_are_what_the_server_takes_for_letters() {
        let error = Bundle::new()
            .register("की", "t", nothing)
            .manifest()
            .unwrap_err();
        assert!(matches!(
            error[..],
            [RegistrationError::DagId {
                fault: IdFault::IllegalCharacter('\u{940}'),
                ..
            }]
        ));
        assert_eq!(
            Bundle::new().manifest().unwrap_err(),
            [RegistrationError::Empty]
        );
    }

    #[test]
    fn a_dag_may_have_no_tasks() {
        let bundle = crate::bundle! { "empty" => {}, "d" => { nothing, "second" => nothing } };
        assert_eq!(bundle.dag_ids(), ["empty", "d"]);
        assert_eq!(bundle.task_ids("d"), ["nothing", "second"]);
        assert!(
            bundle
                .manifest()
                .unwrap()
                .contains(r#""empty":{"tasks":[]}"#)
        );
    }
}
