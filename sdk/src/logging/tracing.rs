//! The `tracing` layer: events and the fields of the spans around them.

use std::error::Error as StdError;
use std::fmt;

use serde_json::{Map, Value};
use tracing_core::field::{Field, Visit};
use tracing_core::{Event, Level as TracingLevel, Subscriber, span};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use super::current;
use super::levels::Level;
use super::record::Record;

/// A `tracing` layer that sends events to Airflow's task log.
///
/// [`Bundle::serve`](crate::Bundle::serve) installs a subscriber with this layer if the program has set none. Programs that
/// build their own subscriber add it:
///
/// ```no_run
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let subscriber = tracing_subscriber::registry().with(airflow_sdk::AirflowLayer::new());
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

/// Installs a subscriber with the layer, unless the program has set one.
pub(crate) fn install() {
    let subscriber = tracing_subscriber::registry().with(AirflowLayer::new());
    // Fails if there is one, which is the program's own choice.
    let _ = tracing_core::dispatcher::set_global_default(subscriber.into());
}

/// The fields of a span, kept beside it.
struct SpanFields(Map<String, Value>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for AirflowLayer {
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
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = Some(text);
        } else {
            self.insert(field, text.into());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message = Some(value.to_owned());
        } else {
            self.insert(field, value.into());
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
        self.insert(field, value.to_string().into());
        self.error
            .get_or_insert_with(|| super::exception::of_source(value));
    }
}
