//! One conversation with the supervisor, from the connection to the exit code.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bundle::Bundle;
use crate::bundle::handler::BoxHandler;
use crate::client::Client;
use crate::client::error::{ClientError, ClientErrorKind, decision};
use crate::logging::levels::{Level, Levels};
use crate::logging::record::Record;
use crate::logging::{self, Route, current};
use crate::process::inbox::Inbox;
use crate::process::threads;
use crate::serving::completion::{self, Ending, Standing};
use crate::serving::event::{Event, Stop, Why};
use crate::serving::last_words::{SELF_ENDED, Served};
use crate::serving::turn::{Reporter, Turn};
use crate::serving::waiting::Waiting;
use crate::serving::watch::Watch;
use crate::serving::{before_outcome, last_words, leave, parse, task_run};
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
    events: Inbox<Event>,
    /// Whose turn it is to report the outcome.
    turn: Turn,
    /// Whether Airflow had decided of the task before the handler's thread reported its outcome.
    decided: Arc<OnceLock<bool>>,
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
    pub(crate) fn new(levels: Levels, whole_process: bool) -> io::Result<Self> {
        let route = Route::new(levels);
        if whole_process {
            current::follow_process(Arc::clone(&route));
        }
        Ok(Self {
            events: Inbox::new()?,
            turn: Turn::default(),
            decided: Arc::default(),
            cancellation: Cancellation::default(),
            route,
            whole_process,
            first_message: FIRST_MESSAGE,
            environment: Environment::Process,
        })
    }

    /// From now on, the signals that tell a task to stop are events of this session.
    pub(crate) fn hear_signals(&self) -> io::Result<()> {
        self.events.hear_signals()
    }

    /// A function that tells the session to stop, as a signal does.
    pub(crate) fn stopper(&self) -> impl Fn(&'static str) + Send + 'static {
        let events = self.events.clone();
        let (cancellation, turn) = (self.cancellation.clone(), self.turn.clone());
        move |signal| {
            // In this order: a task that ends because of the token ends after this event, and leaves the report to the session.
            turn.take(Reporter::Session);
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
        let failed = |what, address| {
            move |error| SessionError::Connect {
                what,
                address,
                error,
            }
        };
        let connect = |what, address: SocketAddr| {
            TcpStream::connect_timeout(&address, CONNECT_TIMEOUT).map_err(failed(what, address))
        };
        let stream = connect("logs", logs)?;
        let comm = connect("comm", comm)?;
        // A request is one small packet, and its reply is waited for.
        let _ = comm.set_nodelay(true);
        let sink = &self.route.sink;
        sink.connect(stream).map_err(failed("logs", logs))?;
        let client = Arc::new(Client::new(comm, bundle.timeout()));
        let waiting = Waiting::new(
            &self.events,
            Arc::clone(&client),
            &self.route,
            &self.cancellation,
            &self.turn,
        );
        let result = self.first(bundle, &waiting);
        if let Err(error) = &result {
            self.route.say(Level::Error, error.to_string());
        }
        waiting.flush(if self.cancellation.is_cancelled() {
            HURRIED_FLUSH
        } else {
            FLUSH
        });
        if !self.whole_process {
            sink.close();
            client.shut_down();
        }
        // A process leaves its sockets to the kernel: the supervisor looks for its end whenever one closes, and otherwise only
        // every five seconds. So all of them close as late as possible.
        result
    }

    /// Waits for the first message, for longer than the supervisor needs to ask Airflow's API, which it does before it sends the message.
    fn first(&self, bundle: &Bundle, waiting: &Waiting<'_>) -> Result<u8, SessionError> {
        // An author who gives replies more time expects Airflow's API to be repeated for longer, which delays this message too.
        let limit = self.first_message.max(bundle.timeout());
        let deadline = Instant::now().checked_add(limit);
        let First { body, faults } = loop {
            match waiting.receive(deadline) {
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
                self.run_task(bundle, waiting, details)
            }
            DAG_FILE_PARSE_REQUEST => Self::answer(waiting, parse::dag_file(bundle, &body)),
            TASK_HANDLER_PARSE_REQUEST => {
                Self::answer(waiting, parse::task_handlers(bundle, &body))
            }
            other => Err(SessionError::FirstFrame(format!(
                "it is {other}, which this version does not serve"
            ))),
        }
    }

    /// Answers the one question of a Dag processor.
    fn answer(waiting: &Waiting<'_>, answer: Result<Value, String>) -> Result<u8, SessionError> {
        let answer = answer.map_err(SessionError::FirstFrame)?;
        waiting.client.claim_end();
        waiting
            .end(&answer, None)
            .map_err(SessionError::Undelivered)?;
        Ok(0)
    }

    fn run_task(
        &self,
        bundle: &Bundle,
        waiting: &Waiting<'_>,
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
                client: Arc::clone(&waiting.client),
                cancellation: self.cancellation.clone(),
                environment: self
                    .environment
                    .clone()
                    .where_wanted(bundle.reads_worker_secrets()),
                limit: Box::new(move |limit| events.send(Event::TimeLimit(limit))),
            },
        );
        let mut watch = Watch::default();
        let ending = match task_run::find(bundle, &task) {
            Err(ending) => ending,
            Ok(handler) => {
                if self.whole_process {
                    last_words::watch(Served {
                        process: std::process::id(),
                        events: self.events.clone(),
                        client: Arc::clone(&waiting.client),
                        route: Arc::clone(&self.route),
                        task: task.clone(),
                    });
                }
                let functions = bundle.before_outcome_functions();
                self.start(handler, &task, waiting, functions.is_empty())?;
                let ending = match wait(waiting, &mut watch) {
                    Ok(Finish::Ending(ending)) => Ok(ending),
                    Ok(Finish::Reported(result)) => {
                        let decided = self.decided.get().copied().unwrap_or_default();
                        return self.confirm(result, decided, 0);
                    }
                    Err(error) => Err(error),
                };
                let cause = before_outcome::run(functions, waiting, &self.route, &mut watch);
                let ending = ending?;
                cause.map_or(ending, last_words::ending)
            }
        };
        self.report(waiting, &task, ending, watch.stop.as_ref())
    }

    /// Starts the handler on a thread of its own, which also reports the outcome if it is the `last` to run and nothing comes between.
    fn start(
        &self,
        handler: Arc<BoxHandler>,
        task: &Task,
        waiting: &Waiting<'_>,
        last: bool,
    ) -> Result<(), SessionError> {
        let (events, route, turn) = (
            self.events.clone(),
            Arc::clone(&self.route),
            self.turn.clone(),
        );
        let (own, client) = (task.clone(), Arc::clone(&waiting.client));
        let decided = Arc::clone(&self.decided);
        let whole_process = self.whole_process;
        let stack = stack(std::env::var("RUST_MIN_STACK").ok().as_deref());
        threads::start_with_stack(task.task_id().replace('\0', ""), stack, move || {
            current::follow(Some(Arc::clone(&route)));
            let completion = task_run::run(&handler, &own);
            if last && turn.take(Reporter::Handler) {
                let ending = completion::ending(completion);
                let standing = standing(&own, &ending, None, &|request, limit| {
                    client.request_for(request, limit)
                });
                let body = announce(ending, &own, &standing, &route, &|record| {
                    route.send(record);
                });
                // Told before the outcome is: what comes of that is read by the session.
                let _ = decided.set(standing.is_decided());
                client.claim_end();
                if let Err(error) = client.send_last(&body) {
                    events.send(Event::Reported(Err(error)));
                } else {
                    if whole_process {
                        leave::flush_here();
                    }
                    if client.last_is_late() {
                        events.send(Event::Late);
                    }
                }
            } else {
                events.send(Event::Done(completion));
            }
            last_words::stay();
        })
        .map_err(SessionError::Thread)
    }

    /// Sends the terminal message and reads its reply.
    fn report(
        &self,
        waiting: &Waiting<'_>,
        task: &Task,
        ending: Ending,
        stop: Option<&Stop>,
    ) -> Result<u8, SessionError> {
        if self.events.signal().is_some() {
            self.cancellation.cancel();
        }
        let stopping = self.cancellation.is_cancelled();
        if stopping {
            // The signal may have come after the handler's end.
            self.route.sink.hurry();
        }
        let signalled = stop.and_then(|stop| stop.signalled);
        let standing = standing(task, &ending, signalled, &|request, limit| {
            waiting.request(request, limit)
        });
        let code = match ending {
            Ending::SelfEnded => SELF_ENDED,
            _ => 0,
        };
        let body = announce(ending, task, &standing, &self.route, &|record| {
            waiting.send(record);
        });
        waiting.client.claim_end();
        // Nobody ends the process of a task that has reached a limit of its own.
        let own = stop.is_some_and(|stop| matches!(stop.why, Why::TimeLimit(_)));
        let since = signalled.map(|at| at.elapsed()).unwrap_or_default();
        let limit =
            (stopping && !(own && signalled.is_none())).then(|| LAST_REPLY.saturating_sub(since));
        self.confirm(waiting.end(&body, limit), standing.is_decided(), code)
    }

    /// Reads what came of the terminal message; whether the log says already what Airflow had `decided`. The exit code, if the message was
    /// delivered.
    fn confirm(
        &self,
        result: Result<Value, ClientError>,
        decided: bool,
        code: u8,
    ) -> Result<u8, SessionError> {
        let error = match result {
            Ok(_) => return Ok(code),
            Err(error) if error.was_answered() => error,
            Err(error) if error.kind() == ClientErrorKind::Timeout => {
                return Err(SessionError::Unanswered(error));
            }
            Err(error) => return Err(SessionError::Undelivered(error)),
        };
        // The supervisor repeats the call when the process has ended, so a good exit code is still right.
        if error.is_repeated() {
            return Ok(code);
        }
        if let Some(decision) = error.overruled() {
            if !decided {
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

/// How the wait for a handler has ended.
enum Finish {
    /// The session is to report this.
    Ending(Ending),
    /// The handler's thread has reported the outcome, and this came of it.
    Reported(Result<Value, ClientError>),
}

/// Waits for the handler's end. After the task was told to stop, the session waits no longer than [`GRACE`].
fn wait(waiting: &Waiting<'_>, watch: &mut Watch) -> Result<Finish, SessionError> {
    let mut closed = None;
    // Whether the handler's thread reports the outcome: nothing changes it any more.
    let reported = || !waiting.turn.take(Reporter::Session);
    loop {
        let deadline = match &watch.stop {
            Some(stop) => Some(stop.at + GRACE),
            None => watch.limit.map(|(at, _)| at),
        };
        let event = waiting.receive(deadline);
        match event {
            Some(Event::Reported(result)) => return Ok(Finish::Reported(result)),
            Some(Event::Stop(_)) if reported() => waiting.route.sink.hurry(),
            Some(Event::Closed(_) | Event::Ending(_)) if reported() => {}
            Some(Event::Stop(signal)) => Stop::signal(&mut watch.stop, signal, waiting.route),
            Some(Event::TimeLimit(time)) => watch.set_limit(time),
            Some(Event::Closed(reason)) => {
                // No message reaches the supervisor any more. The task gets a chance to tidy up.
                waiting.cancellation.cancel();
                watch.stop.get_or_insert_with(|| Stop::silent(Why::Gone));
                closed = Some(reason);
            }
            Some(Event::Done(completion)) => {
                if let Some(reason) = closed {
                    return Err(SessionError::Closed(reason));
                }
                return Ok(Finish::Ending(match &watch.stop {
                    Some(stop) => completion::stopped(&completion, stop.why),
                    None => completion::ending(completion),
                }));
            }
            Some(Event::Ending(cause)) => {
                return match closed {
                    Some(reason) => Err(SessionError::Closed(reason)),
                    None => Ok(Finish::Ending(last_words::ending(cause))),
                };
            }
            Some(Event::First(_) | Event::BeforeOutcome { .. } | Event::Late) => {}
            None => {
                if let Some(reason) = closed {
                    return Err(SessionError::Closed(reason));
                }
                if let Some(stop) = &watch.stop {
                    return Ok(Finish::Ending(completion::abandoned(stop.why)));
                }
                if !watch.reaches_limit(waiting) {
                    watch.limit = None;
                }
            }
        }
    }
}

/// Logs how the task ends; the message that tells Airflow. A task that succeeds says so where nothing else was said, so that an empty log
/// means that nothing has run.
fn announce(
    ending: Ending,
    task: &Task,
    standing: &Standing,
    route: &Route,
    log: &dyn Fn(&Record),
) -> Value {
    let (record, terminal) = ending.report(task, standing);
    let record = record.or_else(|| {
        (!route.has_spoken()).then(|| {
            let (id, time) = (task.task_id(), task.age().as_millis());
            let text = format!("the task {id:?} has run for {time} ms, and logged nothing");
            Record::new(Level::Info, "airflow_sdk", text)
        })
    });
    let body = task.last_message(terminal);
    if let Some(record) = record {
        log(&record);
    }
    body
}

/// In which state Airflow has a task that ends like this. A signal comes from a worker that ends, or because someone has marked the task or
/// cleared it; the supervisor does not tell which. It learns that only with a heartbeat, so that a task that fails by itself may have been
/// marked as well. The supervisor of 3.4 takes the outcome in each case, and drops it where Airflow has decided (`_handle_task_state` and
/// `_send_terminal_state_msg` in `execution_time/supervisor.py` of the task SDK 1.4.0b2).
fn standing(
    task: &Task,
    ending: &Ending,
    signalled: Option<Instant>,
    ask: &dyn Fn(&Value, Duration) -> Result<Value, ClientError>,
) -> Standing {
    if signalled.is_none() && !ending.fails() {
        return Standing::Running;
    }
    let silent = match signalled {
        Some(_) => Standing::Unknown,
        None => Standing::Running,
    };
    let since = signalled.map(|at| at.elapsed()).unwrap_or_default();
    let left = STANDING_BY.saturating_sub(since).min(STANDING);
    if left.is_zero() {
        return silent;
    }
    let reply = ask(&task.states_request(), left);
    match reply.ok().as_ref().and_then(|reply| task.own_state(reply)) {
        None => silent,
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
        let mut session = Session::new(Levels::parse("INFO", ""), false).unwrap();
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
