//! Values in the notation of `judge.py`.

use std::collections::HashMap;
use std::fmt::Write as _;

use pyyaml_safe_load::{Document, Value, ValueId, ValueRef};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

struct Dumper<'d> {
    document: &'d Document,
    containers: HashMap<ValueId, usize>,
    queue: Vec<ValueRef<'d>>,
}

impl<'d> Dumper<'d> {
    fn describe(&mut self, place: ValueRef<'d>) -> String {
        match place.value() {
            Value::None => "n".into(),
            Value::Bool(value) => format!("b{}", u8::from(*value)),
            Value::Int(value) => match value.to_i128() {
                Some(small) => format!(
                    "i{}{:x}",
                    if small < 0 { "-" } else { "" },
                    small.unsigned_abs()
                ),
                None => format!("i{}", value.to_string().replacen("0x", "", 1)),
            },
            Value::Float(value) if value.is_nan() => "fnan".into(),
            Value::Float(value) => format!("f{:016x}", value.to_bits()),
            Value::Str(text) => format!("s{}", hex(text.as_bytes())),
            Value::Bytes(bytes) => format!("y{}", hex(bytes)),
            Value::Date(date) => format!("d{}.{}.{}", date.year, date.month, date.day),
            Value::DateTime(time) => {
                let offset = time
                    .offset_minutes
                    .map_or_else(|| "-".into(), |minutes| minutes.to_string());
                format!(
                    "t{}.{}.{}.{}.{}.{}.{}.{offset}",
                    time.date.year,
                    time.date.month,
                    time.date.day,
                    time.hour,
                    time.minute,
                    time.second,
                    time.microsecond
                )
            }
            Value::List(_) | Value::Pairs(_) | Value::Map(_) | Value::Set(_) => {
                let next = self.containers.len();
                let number = *self.containers.entry(place.id().unwrap()).or_insert(next);
                if number == next {
                    self.queue.push(place);
                }
                format!("#{number}")
            }
        }
    }

    fn describe_id(&mut self, id: ValueId) -> String {
        self.describe(self.document.value(id))
    }

    fn contents(&mut self, place: ValueRef<'d>) -> String {
        match place.value() {
            Value::List(items) => {
                let items: Vec<_> = items.iter().map(|&item| self.describe_id(item)).collect();
                format!("[{}]", items.join(","))
            }
            Value::Pairs(pairs) => {
                let pairs: Vec<_> = pairs
                    .iter()
                    .map(|&(key, value)| {
                        let key = self.describe_id(key);
                        format!("({key},{})", self.describe_id(value))
                    })
                    .collect();
                format!("[{}]", pairs.join(","))
            }
            Value::Map(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|&(key, value)| {
                        let key = self.describe_id(key);
                        format!("{key}:{}", self.describe_id(value))
                    })
                    .collect();
                format!("{{{}}}", entries.join(","))
            }
            Value::Set(items) => {
                let mut items: Vec<_> = items.iter().map(|&item| self.describe_id(item)).collect();
                items.sort();
                format!("<{}>", items.join(","))
            }
            _ => unreachable!("only collections are queued"),
        }
    }
}

pub fn dump(document: &Document) -> String {
    let mut dumper = Dumper {
        document,
        containers: HashMap::new(),
        queue: Vec::new(),
    };
    let mut text = dumper.describe(document.root());
    let mut done = 0;
    while let Some(&place) = dumper.queue.get(done) {
        done += 1;
        text.push(' ');
        text += &dumper.contents(place);
    }
    text
}
