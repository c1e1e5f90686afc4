//! The `log` facade's records.

use log::kv::{self, Key, VisitSource};
use serde_json::Value;

use super::current;
use super::levels::Level;
use super::record::Record;

struct Facade;

static FACADE: Facade = Facade;

/// Makes this crate the `log` facade's logger, unless the program has installed another.
pub(crate) fn install() {
    if log::set_logger(&FACADE).is_ok() {
        // Airflow's levels are looked at for each record: a namespace may be louder than the rest.
        log::set_max_level(log::LevelFilter::Trace);
    }
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
        let mut record = Record::new(level, source.target(), source.args().to_string())
            .at(source.file(), source.line());
        // The visitor never fails.
        let _ = source.key_values().visit(&mut Fields(&mut record));
        route.send(&record);
    }

    fn flush(&self) {}
}

struct Fields<'a>(&'a mut Record);

impl<'kvs> VisitSource<'kvs> for Fields<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        self.0.field(key.as_str(), json(&value));
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
        value.to_string().into()
    }
}
