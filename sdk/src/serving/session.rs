//! One conversation with the supervisor, from the connection to the exit code.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bundle::Bundle;
use crate::client::error::{ClientError, ClientErrorKind, decision};
use crate::client::{Client, Incoming};
use crate::logging::levels::{Level, Levels};
use crate::logging::{self, Route, current};
use crate::process::mailbox::Mailbox;
use crate::process::threads;
use crate::serving::completion::{self, Ending, Standing};
use crate::serving::event::{Event, Stop, Why};
use crate::serving::last_words::{SELF_ENDED, Served};
use crate::serving::task_run;
use crate::serving::{before_outcome, last_words, parse};
use crate::task::{Cancellation, Environment, Surroundings, Task};
use airflow_protocol::dag_file::{DAG_FILE_PARSE_REQUEST, TASK_HANDLER_PARSE_REQUEST};
use airflow_protocol::frame::First;
use airflow_protocol::message::name;
use airflow_protocol::startup::StartupDetails;

/// How long a connect may take. Both sockets are on the loopback, and the supervisor gives up after 10 s.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a cancelled task may take to stop, before its outcome is reported without it. The outcome must be out within 3 s.
const GRACE: Duration = Duration::from_secs(2);
/// How long Airflow may take to say in which state it has a task that was told to stop.
const STANDING: Duration = Duration::from_millis(800);
/// How long after the signal that may be: the outcome must be out within 3 s.
const STANDING_BY: Duration = Duration::from_millis(2900);
/// How long after the signal the reply to a cancelled task's last message may come: SIGKILL comes 5 s after SIGTERM.
const LAST_REPLY: Duration = Duration::from_millis(4300);
/// How long the first message may take. The supervisor sends it when it has asked Airflow's API (`_on_child_started` in
/// `execution_time/supervisor.py` of the task SDK 1.3.2), which it does up to 5 times, for 5 s each, with waits of up to 15 s between
/// them (`[workers] execution_api_retries`, `execution_api_timeout`; `wait_random_exponential` in `api/client.py`). Airflow 3.4.0b2
/// also deletes stale XComs before, with the same repetitions for each, and its Dag processor sends `DagFileParseRequest` at once.
const FIRST_MESSAGE: Duration = Duration::from_mins(10);
/// How long the remaining log lines may take when a task has ended.
const FLUSH: Duration = Duration::from_mins(1);
/// How long the remaining log lines may take when a cancelled task has ended.
const HURRIED_FLUSH: Duration = Duration::from_millis(400);
/// The least stack of the thread that runs the handler: what a main thread has.
const STACK: usize = 8 * 1024 * 1024;

/// Why a session ended without an outcome being delivered.
#[derive(Debug)]
pub(crate) enum SessionError {
    Connect {
        what: &'static str,
        address: SocketAddr,
        error: io::Error,
    },
    Thread(io::Error),
    Closed(String),
    FirstFrame(String),
    /// No first message came within this time.
    Silent(Duration),
    Stopped(&'static str),
    Undelivered(ClientError),
    /// The outcome was sent, and no reply came in time.
    Unanswered(ClientError),
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect {
                what,
                address,
                error,
            } => {
                write!(
                    f,
                    "the {what} socket of the supervisor at {address} could not be reached: {error}"
                )
            }
            Self::Thread(error) => write!(f, "a thread could not be started: {error}"),
            Self::Closed(reason) => {
                write!(f, "the conversation with the supervisor is over: {reason}")
            }
            Self::FirstFrame(reason) => write!(
                f,
                "the supervisor's first message is not understood: {reason}"
            ),
            Self::Silent(limit) => write!(
                f,
                "the supervisor took both connections and sent no message within {} s: look into its log, and for a call of \
                 Airflow's API that hangs; Bundle::reply_timeout sets a longer limit",
                limit.as_secs()
            ),
            Self::Stopped(signal) => write!(
                f,
                "{signal} came before the supervisor had said what to run"
            ),
            Self::Undelivered(error) => {
                write!(f, "the task's outcome could not be delivered: {error}")
            }
            Self::Unanswered(error) => {
                write!(
                    f,
                    "the task's outcome was sent, and is not confirmed: {error}"
                )
            }
        }
    }
}

impl std::error::Error for SessionError {}

/// A session that is about to begin.
pub(crate) struct Session {
    events: Mailbox<Event>,
    cancellation: Cancellation,
    pub(crate) route: Arc<Route>,
    /// Whether the session is the whole process, as under Airflow.
    whole_process: bool,
    /// How long the first message may take, unless the bundle gives replies more time.
    first_message: Duration,
    /// The environment of the worker.
    pub(crate) environment: Environment,
}

impl Session {
    pub(crate) fn new(levels: Levels, whole_process: bool) -> Self {
        let route = Route::new(levels);
        if whole_process {
            current::follow_process(Arc::clone(&route));
        }
        Self {
            events: Mailbox::new(),
            cancellation: Cancellation::default(),
            route,
            whole_process,
            first_message: FIRST_MESSAGE,
            environment: Environment::Process,
        }
    }

    /// A function that tells the session to stop, as a signal does.
    pub(crate) fn stopper(&self) -> impl Fn(&'static str) + Send + 'static {
        let events = self.events.clone();
        let cancellation = self.cancellation.clone();
        move |signal| {
            // In this order: a task that ends because of the token ends after this event.
            events.send(Event::Stop(signal));
            cancellation.cancel();
        }
    }

    /// Connects, and does what the first message asks for. The exit code when an outcome was delivered.
    pub(crate) fn run(
        self,
        bundle: &Bundle,
        comm: SocketAddr,
        logs: SocketAddr,
    ) -> Result<u8, SessionError> {
        let connect = |what, address: SocketAddr| {
            TcpStream::connect_timeout(&address, CONNECT_TIMEOUT).map_err(|error| {
                SessionError::Connect {
                    what,
                    address,
                    error,
                }
            })
        };
        let logs = connect("logs", logs)?;
        let comm = connect("comm", comm)?;
        // A request is one small packet, and its reply is waited for.
        let _ = comm.set_nodelay(true);
        self.route
            .sink
            .connect(logs)
            .map_err(SessionError::Thread)?;
        let events = self.events.clone();
        let client = Client::start(comm, bundle.timeout(), move |incoming| {
            let event = match incoming {
                Incoming::First(first) => Event::First(first),
                Incoming::Closed(reason) => Event::Closed(reason),
            };
            events.send(event);
        })
        .map_err(SessionError::Thread)?;
        let result = self.first(bundle, &client);
        if let Err(error) = &result {
            self.route.say(Level::Error, error.to_string());
        }
        let stopping = self.cancellation.is_cancelled();
        self.route
            .sink
            .flush(if stopping { HURRIED_FLUSH } else { FLUSH });
        if !self.whole_process {
            self.route.sink.close();
            client.shut_down();
        }
        // A process leaves its sockets to the kernel: the supervisor looks for its end whenever one closes, and otherwise only
        // every five seconds. So all of them close as late as possible.
        result
    }

    /// Waits for the first message, for longer than the supervisor needs to ask Airflow's API, which it does before it sends the message.
    fn first(&self, bundle: &Bundle, client: &Arc<Client>) -> Result<u8, SessionError> {
        // An author who gives replies more time expects Airflow's API to be repeated for longer, which delays this message too.
        let limit = self.first_message.max(bundle.timeout());
        let deadline = Instant::now().checked_add(limit);
        let First { body, faults } = loop {
            match self.events.receive(deadline) {
                Some(Event::First(first)) => break first,
                Some(Event::Closed(reason)) => return Err(SessionError::Closed(reason)),
                Some(Event::Stop(signal)) => return Err(SessionError::Stopped(signal)),
                Some(_) => {}
                None => return Err(SessionError::Silent(limit)),
            }
        };
        match name(&body) {
            "StartupDetails" => {
                let details = StartupDetails::read(&body, faults).map_err(|error| {
                    SessionError::FirstFrame(format!("StartupDetails: {error}"))
                })?;
                self.run_task(bundle, client, details)
            }
            DAG_FILE_PARSE_REQUEST => Self::answer(client, parse::dag_file(bundle, &body)),
            TASK_HANDLER_PARSE_REQUEST => Self::answer(client, parse::task_handlers(bundle, &body)),
            other => Err(SessionError::FirstFrame(format!(
                "it is {other}, which this version does not serve"
            ))),
        }
    }

    /// Answers the one question of a Dag processor.
    fn answer(client: &Client, answer: Result<Value, String>) -> Result<u8, SessionError> {
        let answer = answer.map_err(SessionError::FirstFrame)?;
        client.claim_end();
        client
            .end(&answer, None)
            .map_err(SessionError::Undelivered)?;
        Ok(0)
    }

    fn run_task(
        &self,
        bundle: &Bundle,
        client: &Arc<Client>,
        details: StartupDetails,
    ) -> Result<u8, SessionError> {
        for fault in &details.faults {
            self.route.say(
                Level::Warning,
                format!("a part of what Airflow says about this task can't be read, and is absent: {fault}"),
            );
        }
        if let Some(notice) = logging::notice().filter(|_| self.whole_process) {
            self.route.say(Level::Warning, notice);
        }
        let events = self.events.clone();
        let task = Task::new(
            details,
            Surroundings {
                client: Arc::clone(client),
                cancellation: self.cancellation.clone(),
                environment: self
                    .environment
                    .clone()
                    .where_wanted(bundle.reads_worker_secrets()),
                limit: Box::new(move |limit| events.send(Event::TimeLimit(limit))),
            },
        );
        let mut stop = None;
        let ending = match task_run::find(bundle, &task) {
            Err(ending) => ending,
            Ok(handler) => {
                if self.whole_process {
                    last_words::watch(Served {
                        process: std::process::id(),
                        events: self.events.clone(),
                        client: Arc::clone(client),
                        route: Arc::clone(&self.route),
                        task: task.clone(),
                    });
                }
                let (events, route, own) =
                    (self.events.clone(), Arc::clone(&self.route), task.clone());
                let stack = stack(std::env::var("RUST_MIN_STACK").ok().as_deref());
                threads::start_with_stack(task.task_id().replace('\0', ""), stack, move || {
                    current::follow(Some(route));
                    events.send(Event::Done(task_run::run(&handler, &own)));
                    last_words::stay();
                })
                .map_err(SessionError::Thread)?;
                let ending = self.wait(&mut stop);
                let functions = bundle.before_outcome_functions();
                let cause = before_outcome::run(functions, &self.events, &self.route, &mut stop);
                let ending = ending?;
                cause.map_or(ending, last_words::ending)
            }
        };
        self.report(client, &task, ending, stop.as_ref())
    }

    /// Waits for the handler's end. After the task was told to stop, the session waits no longer than [`GRACE`].
    fn wait(&self, stop: &mut Option<Stop>) -> Result<Ending, SessionError> {
        let mut closed = None;
        let mut limit: Option<(Instant, Duration)> = None;
        loop {
            let deadline = match &*stop {
                Some(stop) => Some(stop.at + GRACE),
                None => limit.map(|(at, _)| at),
            };
            let event = self.events.receive(deadline);
            match event {
                Some(Event::Stop(signal)) if stop.is_none() => {
                    *stop = Some(Stop::now(Why::Signal(signal), &self.route));
                }
                Some(Event::TimeLimit(time)) => {
                    limit = Instant::now().checked_add(time).map(|at| (at, time));
                }
                Some(Event::Closed(reason)) => {
                    // No message reaches the supervisor any more. The task gets a chance to tidy up.
                    self.cancellation.cancel();
                    stop.get_or_insert(Stop {
                        why: Why::Gone,
                        at: Instant::now(),
                    });
                    closed = Some(reason);
                }
                Some(Event::Done(completion)) => {
                    if let Some(reason) = closed {
                        return Err(SessionError::Closed(reason));
                    }
                    return Ok(match stop {
                        Some(stop) => completion::stopped(&completion, stop.why),
                        None => completion::ending(completion),
                    });
                }
                Some(Event::Ending(cause)) => {
                    return match closed {
                        Some(reason) => Err(SessionError::Closed(reason)),
                        None => Ok(last_words::ending(cause)),
                    };
                }
                Some(Event::Stop(_) | Event::First(_) | Event::BeforeOutcome { .. }) => {}
                None => {
                    if let Some(reason) = closed {
                        return Err(SessionError::Closed(reason));
                    }
                    match (&*stop, limit) {
                        (Some(stop), _) => return Ok(completion::abandoned(stop.why)),
                        (None, Some((_, time))) => {
                            *stop = Some(Stop::now(Why::TimeLimit(time), &self.route));
                            self.cancellation.cancel();
                        }
                        (None, None) => {}
                    }
                }
            }
        }
    }

    /// Sends the terminal message and reads its reply.
    fn report(
        &self,
        client: &Client,
        task: &Task,
        ending: Ending,
        stop: Option<&Stop>,
    ) -> Result<u8, SessionError> {
        let stopping = self.cancellation.is_cancelled();
        if stopping {
            // The signal may have come after the handler's end.
            self.route.sink.hurry();
        }
        let standing = standing(client, task, stop);
        let code = match ending {
            Ending::SelfEnded => SELF_ENDED,
            _ => 0,
        };
        let (record, terminal) = ending.report(task, &standing);
        let body = task.last_message(terminal);
        if let Some(record) = record {
            self.route.send(&record);
        }
        client.claim_end();
        let since = stop.map(|stop| stop.at.elapsed()).unwrap_or_default();
        // Nobody ends the process of a task that has reached a limit of its own.
        let own = stop.is_some_and(|stop| matches!(stop.why, Why::TimeLimit(_)));
        let limit = (stopping && !own).then(|| LAST_REPLY.saturating_sub(since));
        let error = match client.end(&body, limit) {
            Ok(_) => return Ok(code),
            Err(error) if error.was_answered() => error,
            Err(error) if error.kind() == ClientErrorKind::Timeout => {
                return Err(SessionError::Unanswered(error));
            }
            Err(error) => return Err(SessionError::Undelivered(error)),
        };
        // The supervisor repeats the call when the process has ended, so a good exit code is still right.
        if let Some(decision) = error.overruled() {
            if !standing.is_decided() {
                let text = format!("{decision}: the outcome of this try counts no more ({error})");
                self.route.say(Level::Info, text);
            }
        } else if error.kind() == ClientErrorKind::Unreachable {
            let text =
                format!("the supervisor tells Airflow the task's outcome once more: {error}");
            self.route.say(Level::Warning, text);
        } else {
            let text = format!("the task's outcome was refused: {error}");
            self.route.say(Level::Error, text);
        }
        Ok(code)
    }
}

/// In which state Airflow has the task. A signal comes from a worker that ends, or because someone has marked the task or cleared it; the
/// supervisor does not tell which, and that of 3.4 takes the outcome in each case and drops it in all but the first
/// (`_handle_task_state` in `execution_time/supervisor.py` of the task SDK 1.4.0b2).
fn standing(client: &Client, task: &Task, stop: Option<&Stop>) -> Standing {
    let Some(Stop {
        why: Why::Signal(_),
        at,
    }) = stop
    else {
        return Standing::Running;
    };
    let left = STANDING_BY.saturating_sub(at.elapsed()).min(STANDING);
    if left.is_zero() {
        return Standing::Unknown;
    }
    let reply = client.request_within(&task.states_request(), left);
    match reply.ok().as_ref().and_then(|reply| task.own_state(reply)) {
        None => Standing::Unknown,
        Some(state) if state == "running" => Standing::Running,
        Some(state) => Standing::Decided(decision(state.as_str())),
    }
}

/// The stack of the thread that runs the handler, in bytes: more than usual, if `RUST_MIN_STACK` asks for more.
fn stack(wanted: Option<&str>) -> usize {
    wanted
        .and_then(|text| text.parse::<usize>().ok())
        .unwrap_or_default()
        .max(STACK)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::io::Read;
    use std::net::TcpListener;
    use std::time::Duration;

    use super::{STACK, Session, SessionError, stack};
    use crate::bundle::Bundle;
    use crate::logging::levels::Levels;

    #[test]
    fn a_supervisor_that_says_nothing_is_given_up() {
        let [comm, logs] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let (comm_address, logs_address) = (comm.local_addr().unwrap(), logs.local_addr().unwrap());
        let mut session = Session::new(Levels::parse("INFO", ""), false);
        session.first_message = Duration::from_millis(50);
        let bundle = Bundle::new().reply_timeout(Duration::from_millis(100));
        let error = session
            .run(&bundle, comm_address, logs_address)
            .unwrap_err();
        // The longer of both.
        assert!(
            matches!(error, SessionError::Silent(limit) if limit == Duration::from_millis(100)),
            "{error}"
        );
        let mut said = String::new();
        let (mut logs, _) = logs.accept().unwrap();
        logs.read_to_string(&mut said).unwrap();
        assert!(
            said.contains("took both connections and sent no message within"),
            "{said}"
        );
    }

    #[test]
    fn the_larger_stack_counts() {
        assert_eq!(stack(None), STACK);
        assert_eq!(stack(Some("4096")), STACK);
        assert_eq!(stack(Some("much")), STACK);
        assert_eq!(stack(Some("33554432")), 32 * 1024 * 1024);
    }
}
