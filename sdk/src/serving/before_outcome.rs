//! Functions of the bundle that run between the end of a handler and the report of its outcome.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::bundle::BeforeOutcome;
use crate::ending::render;
use crate::logging::levels::Level;
use crate::logging::{Route, current};
use crate::process::threads;
use crate::serving::event::{Cause, Event, Stop};
use crate::serving::last_words;
use crate::serving::waiting::Waiting;
use crate::serving::watch::Watch;

/// How long after the signal such functions may still run: the outcome of a task that was told to stop must be out within 3 s.
const AFTER_STOP: Duration = Duration::from_millis(2500);

/// Runs the functions, one after the other, each on a thread of its own, for which nothing waits beyond its limit. Returns a cause if
/// the process is about to end, because a function, or a thread that the handler has started, has called `exit`.
pub(crate) fn run(
    functions: &[BeforeOutcome],
    waiting: &Waiting<'_>,
    route: &Arc<Route>,
    watch: &mut Watch,
) -> Option<Cause> {
    for (index, BeforeOutcome { limit, function }) in functions.iter().enumerate() {
        let begun = Instant::now();
        let (function, own, sender) = (
            Arc::clone(function),
            Arc::clone(route),
            waiting.events.clone(),
        );
        let thread = threads::start("before-outcome", move || {
            current::follow(Some(own));
            let panicked = render::guarded(|| function()).is_none();
            sender.send(Event::BeforeOutcome { index, panicked });
            last_words::stay();
        });
        let problem = match thread {
            Err(error) => Some(format!("could not be started: {error}")),
            Ok(()) => match wait(index, begun.checked_add(*limit), waiting, watch) {
                End::Returned => None,
                End::Panicked => Some("panicked".to_owned()),
                End::Exited => return Some(Cause::Exit),
                End::Late => Some(format!(
                    "did not end within {} ms",
                    begun.elapsed().as_millis()
                )),
            },
        };
        if let Some(problem) = problem {
            let text =
                format!("a function of `before_outcome` {problem}; the outcome stays as it was");
            route.say(Level::Warning, text);
        }
    }
    None
}

/// How such a function ended.
enum End {
    Returned,
    Panicked,
    Exited,
    Late,
}

fn wait(index: usize, limit: Option<Instant>, waiting: &Waiting<'_>, watch: &mut Watch) -> End {
    loop {
        let stopping = watch.stop.as_ref().map(|stop| stop.at + AFTER_STOP);
        // The time limit of the task holds for these functions too.
        let reached = watch.limit.map(|(at, _)| at).filter(|_| stopping.is_none());
        let deadline = [limit, stopping, reached].into_iter().flatten().min();
        match waiting.receive(deadline) {
            Some(Event::BeforeOutcome {
                index: ended,
                panicked,
            }) if ended == index => {
                return if panicked {
                    End::Panicked
                } else {
                    End::Returned
                };
            }
            Some(Event::Stop(signal)) => Stop::signal(&mut watch.stop, signal, waiting.route),
            Some(Event::TimeLimit(time)) => watch.set_limit(time),
            Some(Event::Ending(Cause::Exit)) => return End::Exited,
            // In a program whose panics abort. The thread waits for the session.
            Some(Event::Ending(Cause::Panic(_))) => return End::Panicked,
            Some(_) => {}
            None if watch.reaches_limit(waiting) => {}
            None => return End::Late,
        }
    }
}
