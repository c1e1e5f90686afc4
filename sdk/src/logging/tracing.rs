//! The `tracing` layer: events and the fields of the spans around them.

use std::error::Error as StdError;
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, Value};
use tracing_core::field::{Field, Visit};
use tracing_core::{Event, Level as TracingLevel, Metadata, Subscriber, span};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use super::current;
use super::exception::of_links;
use super::levels::Level;
use super::record::{Record, UNWRITABLE};
use crate::ending::error_chain;
use crate::ending::render::{self, MAX_LOGGED};

/// A `tracing` layer that sends events to Airflow's task log.
///
/// [`Bundle::serve`](crate::Bundle::serve) installs a subscriber with this layer if the program has set none. Programs that
/// set their own subscriber add it, or else their events never become records of Airflow's log, which the first record of the log says:
///
/// ```no_run
/// use tracing_subscriber::layer::SubscriberExt;
/// use tracing_subscriber::util::SubscriberInitExt;
///
/// tracing_subscriber::registry().with(airflow_sdk::AirflowLayer::new()).init();
/// ```
///
/// The fields of the surrounding spans become fields of the record. Airflow's levels are obeyed.
#[derive(Clone, Copy, Debug, Default)]
pub struct AirflowLayer(());

impl AirflowLayer {
    /// The layer.
    pub fn new() -> Self {
        Self(())
    }
}

/// Whose the global subscriber is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Installed {
    /// The SDK's.
    Own,
    /// The program's, with the layer in it.
    Composed,
    /// The program's, without the layer.
    Foreign,
}

/// Whether a subscriber has the layer in it. All of `tracing_subscriber`'s own wrappers pass `on_layer` on; `Vec` does not pass on
/// `on_register_dispatch`, and `reload::Layer` does not pass on `downcast_raw`.
static IN_USE: AtomicBool = AtomicBool::new(false);

/// Whether [`gets_log`] was seen by the layer.
static PROBED: AtomicBool = AtomicBool::new(false);

/// The target by which the layer knows [`gets_log`].
const PROBE: &str = "airflow_sdk::probe";

/// Installs a subscriber with the layer, unless the program has set one.
pub(crate) fn install() -> Installed {
    static INSTALLED: OnceLock<Installed> = OnceLock::new();
    *INSTALLED.get_or_init(|| {
        // Read first: the layer below notes that it is in use, too.
        let composed = IN_USE.load(Ordering::SeqCst);
        let subscriber = tracing_subscriber::registry().with(AirflowLayer::new());
        match tracing_core::dispatcher::set_global_default(subscriber.into()) {
            Ok(()) => Installed::Own,
            Err(_) if composed => Installed::Composed,
            Err(_) => Installed::Foreign,
        }
    })
}

/// Whether the records of `log` arrive at the layer, as `tracing-log` makes them. Nothing is logged for it.
pub(crate) fn gets_log() -> bool {
    let metadata = log::Metadata::builder()
        .level(log::Level::Error)
        .target(PROBE)
        .build();
    // The program's logger may panic.
    render::guarded(|| log::logger().enabled(&metadata)).unwrap_or(false)
        && PROBED.load(Ordering::SeqCst)
}

/// The fields of a span, kept beside it.
struct SpanFields(Map<String, Value>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for AirflowLayer {
    fn on_layer(&mut self, _: &mut S) {
        IN_USE.store(true, Ordering::SeqCst);
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        if metadata.target() == PROBE {
            PROBED.store(true, Ordering::SeqCst);
        }
        true
    }

    fn on_new_span(
        &self,
        attributes: &span::Attributes<'_>,
        id: &span::Id,
        context: Context<'_, S>,
    ) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(SpanFields(fields.map));
        }
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        values.record(&mut fields);
        if let Some(known) = span.extensions_mut().get_mut::<SpanFields>() {
            known.0.extend(fields.map);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(route) = current::route() else {
            return;
        };
        let metadata = event.metadata();
        let level = level_of(*metadata.level());
        if !route.enabled(level, metadata.target()) {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut record = Record::new(level, metadata.target(), fields.message.unwrap_or_default())
            .at(metadata.file(), metadata.line());
        if let Some(detail) = fields.error {
            record = record.exception(detail);
        }
        for (key, value) in &fields.map {
            record.field(key, value.clone());
        }
        // From the outermost span inwards; a field of the event's own comes first.
        for span in context
            .event_scope(event)
            .into_iter()
            .flat_map(tracing_subscriber::registry::Scope::from_root)
        {
            if let Some(SpanFields(known)) = span.extensions().get::<SpanFields>() {
                for (key, value) in known {
                    if !fields.map.contains_key(key) {
                        record.field(key, value.clone());
                    }
                }
            }
        }
        route.send(&record);
    }
}

fn level_of(level: TracingLevel) -> Level {
    match level {
        TracingLevel::TRACE => Level::Trace,
        TracingLevel::DEBUG => Level::Debug,
        TracingLevel::INFO => Level::Info,
        TracingLevel::WARN => Level::Warning,
        TracingLevel::ERROR => Level::Error,
    }
}

#[derive(Default)]
struct Fields {
    message: Option<String>,
    error: Option<Value>,
    map: Map<String, Value>,
}

impl Fields {
    fn insert(&mut self, field: &Field, value: Value) {
        self.map.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = render::debug(value, MAX_LOGGED, UNWRITABLE);
        if field.name() == "message" {
            self.message = Some(text);
        } else {
            self.insert(field, text.into());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message = Some(render::cut(value, MAX_LOGGED));
        } else {
            self.insert(field, render::cut(value, MAX_LOGGED).into());
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // What JSON has no number for is told in words.
        let value = serde_json::Number::from_f64(value)
            .map_or_else(|| value.to_string().into(), Value::Number);
        self.insert(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn StdError + 'static)) {
        let links = error_chain::links(value, None);
        if let Some(link) = links.first() {
            self.insert(field, link.message.as_str().into());
        }
        self.error.get_or_insert_with(|| of_links(&links, &[]));
    }
}
