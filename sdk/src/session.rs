//! One conversation with the supervisor, from the connection to the exit code.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bundle::Bundle;
use crate::cancel::Cancellation;
use crate::client_error::ClientError;
use crate::comm::client::{Client, Incoming, name};
use crate::context::Task;
use crate::logging::levels::{Level, Levels};
use crate::logging::{Route, current};
use crate::mailbox::Mailbox;
use crate::outcome;
use crate::startup::StartupDetails;
use crate::task_run::{self, Completion, Ending};
use crate::{panic, parse};

/// How long a connect may take. Both sockets are on the loopback, and the supervisor gives up after 10 s.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a cancelled task may take to stop, before its outcome is reported without it. The outcome must be out within 3 s.
const GRACE: Duration = Duration::from_secs(2);
/// How long the reply to a cancelled task's last message may take: SIGKILL comes 5 s after SIGTERM.
const LAST_REPLY: Duration = Duration::from_millis(2300);
/// How long the remaining log lines may take when a task has ended.
const FLUSH: Duration = Duration::from_mins(1);
/// The same for a cancelled task.
const HURRIED_FLUSH: Duration = Duration::from_millis(400);
/// The stack of the thread that runs the handler: what a main thread has.
const STACK: usize = 8 * 1024 * 1024;

/// What happens in a session.
pub(crate) enum Event {
    /// The first frame has come.
    First(Value),
    /// The conversation is over.
    Closed(String),
    /// The handler has ended.
    Done(Completion),
    /// The process was told to stop.
    Stop(&'static str),
}

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
    Stopped(&'static str),
    Undelivered(ClientError),
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
            Self::Stopped(signal) => write!(
                f,
                "{signal} came before the supervisor had said what to run"
            ),
            Self::Undelivered(error) => {
                write!(f, "the task's outcome could not be delivered: {error}")
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

    /// Connects, and does what the first message asks for. `Ok` when an outcome was delivered.
    pub(crate) fn run(
        self,
        bundle: &Bundle,
        comm: SocketAddr,
        logs: SocketAddr,
    ) -> Result<(), SessionError> {
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
                Incoming::First(body) => Event::First(body),
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

    /// Waits for the first message, as long as the supervisor needs: it asks Airflow's API before it sends it.
    fn first(&self, bundle: &Bundle, client: &Arc<Client>) -> Result<(), SessionError> {
        let body = loop {
            match self.events.receive(None) {
                Some(Event::First(body)) => break body,
                Some(Event::Closed(reason)) => return Err(SessionError::Closed(reason)),
                Some(Event::Stop(signal)) => return Err(SessionError::Stopped(signal)),
                Some(Event::Done(_)) | None => {}
            }
        };
        match name(&body) {
            "StartupDetails" => {
                let details = StartupDetails::read(&body).map_err(|error| {
                    SessionError::FirstFrame(format!("StartupDetails: {error}"))
                })?;
                self.run_task(bundle, client, details)
            }
            "DagFileParseRequest" => Self::answer(client, parse::dag_file(bundle, &body)),
            "TaskHandlerParseRequest" => Self::answer(client, parse::task_handlers(bundle, &body)),
            other => Err(SessionError::FirstFrame(format!(
                "it is {other}, which this version does not serve"
            ))),
        }
    }

    /// Answers the one question of a Dag processor.
    fn answer(client: &Client, answer: Result<Value, String>) -> Result<(), SessionError> {
        let answer = answer.map_err(SessionError::FirstFrame)?;
        client.claim_end();
        client
            .end(&answer, None)
            .map_err(SessionError::Undelivered)?;
        Ok(())
    }

    fn run_task(
        &self,
        bundle: &Bundle,
        client: &Arc<Client>,
        details: StartupDetails,
    ) -> Result<(), SessionError> {
        let task = Task::new(details, Arc::clone(client), self.cancellation.clone());
        let ending = match task_run::find(bundle, &task) {
            Err(ending) => ending,
            Ok(handler) => {
                if self.whole_process {
                    let (client, route) = (Arc::clone(client), Arc::clone(&self.route));
                    panic::on_abort(panic::Abort {
                        client,
                        route,
                        task: task.clone(),
                    });
                }
                let (events, route, own) =
                    (self.events.clone(), Arc::clone(&self.route), task.clone());
                std::thread::Builder::new()
                    .name(task.task_id().replace('\0', ""))
                    .stack_size(STACK)
                    .spawn(move || {
                        current::follow(Some(route));
                        events.send(Event::Done(task_run::run(&handler, &own)));
                    })
                    .map_err(SessionError::Thread)?;
                self.wait()?
            }
        };
        self.report(client, &task, &ending)
    }

    /// Waits for the handler's end; for that of a cancelled one not longer than the grace.
    fn wait(&self) -> Result<Ending, SessionError> {
        let mut stop: Option<(&'static str, Instant)> = None;
        let mut closed = None;
        loop {
            let event = self.events.receive(stop.map(|(_, deadline)| deadline));
            match event {
                Some(Event::Stop(signal)) if stop.is_none() => {
                    // A full queue of log lines must not hold up the outcome.
                    self.route.sink.hurry();
                    self.route.say(
                        Level::Warning,
                        format!("{signal}: the task is told to stop"),
                    );
                    stop = Some((signal, Instant::now() + GRACE));
                }
                Some(Event::Closed(reason)) => {
                    // Nobody can be told anything any more. The task gets a chance to tidy up.
                    self.cancellation.cancel();
                    stop.get_or_insert(("the supervisor is gone", Instant::now() + GRACE));
                    closed = Some(reason);
                }
                Some(Event::Done(completion)) => {
                    if let Some(reason) = closed {
                        return Err(SessionError::Closed(reason));
                    }
                    return Ok(match stop {
                        Some((signal, _)) => task_run::stopped(&completion, signal),
                        None => task_run::ending(completion),
                    });
                }
                Some(Event::Stop(_) | Event::First(_)) => {}
                None => {
                    if let Some(reason) = closed {
                        return Err(SessionError::Closed(reason));
                    }
                    let signal = stop.map_or("the end of the session", |(signal, _)| signal);
                    return Ok(task_run::abandoned(signal));
                }
            }
        }
    }

    /// Sends the terminal message and reads its reply.
    fn report(&self, client: &Client, task: &Task, ending: &Ending) -> Result<(), SessionError> {
        let stopping = self.cancellation.is_cancelled();
        if stopping {
            self.route.sink.hurry();
        }
        let (record, body) = ending.report(task);
        let body = outcome::with_label(body, &task.extras());
        if let Some(record) = record {
            self.route.send(&record);
        }
        if !client.claim_end() {
            // The panic hook has reported the outcome and is about to end the process.
            return Ok(());
        }
        match client.end(&body, stopping.then_some(LAST_REPLY)) {
            Ok(_) => Ok(()),
            Err(error) if error.was_answered() => {
                // A refusal: the supervisor repeats the call when the process has ended, so a good exit code is still right.
                self.route.say(
                    Level::Error,
                    format!("the task's outcome was refused: {error}"),
                );
                Ok(())
            }
            Err(error) => Err(SessionError::Undelivered(error)),
        }
    }
}
