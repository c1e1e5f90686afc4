//! The `log` facade's records.

use std::sync::atomic::{AtomicBool, Ordering};

use log::kv::{self, Key, VisitSource};
use serde_json::Value;

use super::current;
use super::levels::Level;
use super::record::{Record, UNWRITABLE};
use crate::ending::render::{self, MAX_LOGGED};

struct Facade;

static FACADE: Facade = Facade;

/// Whether this crate is the `log` facade's logger.
static INSTALLED: AtomicBool = AtomicBool::new(false);

/// Makes this crate the `log` facade's logger, unless the program has installed another; false if it has.
pub(crate) fn install() -> bool {
    if log::set_logger(&FACADE).is_ok() {
        INSTALLED.store(true, Ordering::SeqCst);
        // Airflow's levels are looked at for each record: a namespace may be louder than the rest.
        log::set_max_level(log::LevelFilter::Trace);
    }
    INSTALLED.load(Ordering::SeqCst)
}

impl log::Log for Facade {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        current::route()
            .is_some_and(|route| route.enabled(metadata.level().into(), metadata.target()))
    }

    fn log(&self, source: &log::Record<'_>) {
        let Some(route) = current::route() else {
            return;
        };
        let level = Level::from(source.level());
        if !route.enabled(level, source.target()) {
            return;
        }
        let event = render::display(
            source.args(),
            MAX_LOGGED,
            "a message that cannot be written",
        );
        let mut record =
            Record::new(level, source.target(), event).at(source.file(), source.line());
        // What was visited before a panic or an error is kept.
        render::guarded(|| source.key_values().visit(&mut Fields(&mut record)));
        route.send(&record);
    }

    fn flush(&self) {}
}

struct Fields<'a>(&'a mut Record);

impl<'kvs> VisitSource<'kvs> for Fields<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        let value = render::guarded(|| json(&value)).unwrap_or_else(|| UNWRITABLE.into());
        self.0.field(key.as_str(), value);
        Ok(())
    }
}

fn json(value: &kv::Value<'_>) -> Value {
    if let Some(v) = value.to_bool() {
        v.into()
    } else if let Some(v) = value.to_i64() {
        v.into()
    } else if let Some(v) = value.to_u64() {
        v.into()
    } else if let Some(v) = value.to_f64() {
        // What JSON has no number for is told in words.
        serde_json::Number::from_f64(v).map_or_else(|| v.to_string().into(), Value::Number)
    } else {
        render::display(value, MAX_LOGGED, UNWRITABLE).into()
    }
}
