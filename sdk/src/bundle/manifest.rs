//! The manifest of a bundle: the constant record of the link section, and the same JSON made at run time.
//!
//! The record is `AFMETA01`, the length of the text as a little-endian `u32`, and the JSON text that
//! `--airflow-metadata` prints. Everything here that is `const` runs in the compiler, for `bundle!`.

use airflow_protocol::ids;
use airflow_protocol::record::{
    METADATA_VERSION, PARAMETERS_KEY, RECORD_HEADER, RECORD_MAGIC, SCHEMA_VERSIONS_KEY,
};
use airflow_protocol::release::{SCHEMA_2026_06_16, SCHEMA_VERSIONS};

/// The versions of the supervisor's messages that this crate speaks, the newest first. The packer chooses the one that a
/// bundle names by the releases of Airflow that it is for.
pub const SUPERVISOR_SCHEMA_VERSIONS: &[&str] = SCHEMA_VERSIONS;
/// The version of [`SUPERVISOR_SCHEMA_VERSIONS`] that Airflow 3.3 and 3.4 know (`schema.json` of Airflow 3.3).
pub const SUPERVISOR_SCHEMA_VERSION: &str = SCHEMA_2026_06_16;
/// This crate's version, the manifest's `sdk.version`.
pub const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");

/// One Dag as `bundle!` declares it.
#[derive(Clone, Copy, Debug)]
pub struct DagDeclaration {
    /// The `dag_id`.
    pub id: &'static str,
    /// The tasks, in the author's order. Nothing stands behind a comma that nothing follows.
    pub tasks: &'static [Option<TaskDeclaration>],
}

/// One task as `bundle!` declares it.
#[derive(Clone, Copy, Debug)]
pub struct TaskDeclaration {
    /// The `task_id`.
    pub id: &'static str,
    /// The number of data parameters of its handler.
    pub parameters: usize,
}

/// The pieces of text around the ids.
const OPEN: [&str; 3] = [
    r#"{"airflow_bundle_metadata_version":""#,
    METADATA_VERSION,
    r#"","dags":{"#,
];
const TASKS_OPEN: &str = r#":{"tasks":["#;
const TASKS_CLOSE: &str = "]";
const PARAMETERS_OPEN: [&str; 3] = [",\"", PARAMETERS_KEY, "\":{"];
const PARAMETERS_CLOSE: &str = "}";
const DAG_CLOSE: &str = "}";
const SDK: [&str; 5] = [
    r#"},"sdk":{"language":"rust","version":""#,
    SDK_VERSION,
    "\",\"",
    SCHEMA_VERSIONS_KEY,
    "\":[",
];
const CLOSE: &str = "]}}";

/// The length of the record of these Dags, in bytes.
pub const fn record_len(dags: &[DagDeclaration]) -> usize {
    let mut len = RECORD_HEADER + len_of(&OPEN);
    let mut d = 0;
    while d < dags.len() {
        let dag = &dags[d];
        len += comma(d) + quoted_len(dag.id) + TASKS_OPEN.len() + TASKS_CLOSE.len();
        let (mut count, mut with_parameters) = (0, 0);
        let mut t = 0;
        while t < dag.tasks.len() {
            if let Some(task) = &dag.tasks[t] {
                len += comma(count) + quoted_len(task.id);
                count += 1;
                if task.parameters > 0 {
                    len += comma(with_parameters) + quoted_len(task.id) + 1;
                    len += Decimal::of(task.parameters).text().len();
                    with_parameters += 1;
                }
            }
            t += 1;
        }
        if with_parameters > 0 {
            len += len_of(&PARAMETERS_OPEN) + PARAMETERS_CLOSE.len();
        }
        len += DAG_CLOSE.len();
        d += 1;
    }
    len += len_of(&SDK) + CLOSE.len();
    let mut v = 0;
    while v < SCHEMA_VERSIONS.len() {
        len += comma(v) + quoted_len(SCHEMA_VERSIONS[v]);
        v += 1;
    }
    len
}

/// The record of these Dags: `N` must be [`record_len`] of them.
///
/// Ids need no escaping: [`validate`] has refused quotes, backslashes and control characters.
#[expect(
    clippy::cast_possible_truncation,
    reason = "no manifest in a program's text reaches 4 GiB"
)]
pub const fn record<const N: usize>(dags: &[DagDeclaration]) -> [u8; N] {
    let mut out = Out {
        bytes: [0; N],
        at: 0,
    };
    out.text(RECORD_MAGIC);
    out.bytes(&((N - RECORD_HEADER) as u32).to_le_bytes());
    out.texts(&OPEN);
    let mut d = 0;
    while d < dags.len() {
        let dag = &dags[d];
        out.comma(d);
        out.quoted(dag.id);
        out.text(TASKS_OPEN);
        let mut count = 0;
        let mut t = 0;
        while t < dag.tasks.len() {
            if let Some(task) = &dag.tasks[t] {
                out.comma(count);
                out.quoted(task.id);
                count += 1;
            }
            t += 1;
        }
        out.text(TASKS_CLOSE);
        out.parameters(dag.tasks);
        out.text(DAG_CLOSE);
        d += 1;
    }
    out.texts(&SDK);
    let mut v = 0;
    while v < SCHEMA_VERSIONS.len() {
        out.comma(v);
        out.quoted(SCHEMA_VERSIONS[v]);
        v += 1;
    }
    out.text(CLOSE);
    out.bytes
}

/// A number of parameters as text.
struct Decimal {
    digits: [u8; 20],
    start: usize,
}

impl Decimal {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a remainder of 10 is a digit"
    )]
    const fn of(mut number: usize) -> Self {
        let mut decimal = Self {
            digits: [b'0'; 20],
            start: 20,
        };
        while number > 0 {
            decimal.start -= 1;
            decimal.digits[decimal.start] = b'0' + (number % 10) as u8;
            number /= 10;
        }
        decimal
    }

    const fn text(&self) -> &[u8] {
        self.digits.split_at(self.start).1
    }
}

/// The length of all these texts, in bytes.
const fn len_of(texts: &[&str]) -> usize {
    let mut len = 0;
    let mut at = 0;
    while at < texts.len() {
        len += texts[at].len();
        at += 1;
    }
    len
}

/// The length of what stands before the item `index` of a list.
const fn comma(index: usize) -> usize {
    if index > 0 { 1 } else { 0 }
}

/// The length of a text in quotes, in bytes.
const fn quoted_len(text: &str) -> usize {
    text.len() + 2
}

/// A cursor over an array that a constant expression fills.
struct Out<const N: usize> {
    bytes: [u8; N],
    at: usize,
}

impl<const N: usize> Out<N> {
    /// Copies all bytes at once: the compiler counts the steps of a loop.
    const fn bytes(&mut self, bytes: &[u8]) {
        let free = self.bytes.split_at_mut(self.at).1;
        free.split_at_mut(bytes.len()).0.copy_from_slice(bytes);
        self.at += bytes.len();
    }

    const fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    const fn texts(&mut self, texts: &[&str]) {
        let mut at = 0;
        while at < texts.len() {
            self.text(texts[at]);
            at += 1;
        }
    }

    const fn comma(&mut self, index: usize) {
        self.text(",".split_at(comma(index)).0);
    }

    /// The tasks whose handlers have parameters, with their number; nothing where none has any.
    const fn parameters(&mut self, tasks: &[Option<TaskDeclaration>]) {
        let mut count = 0;
        let mut t = 0;
        while t < tasks.len() {
            if let Some(task) = &tasks[t]
                && task.parameters > 0
            {
                if count == 0 {
                    self.texts(&PARAMETERS_OPEN);
                }
                self.comma(count);
                self.quoted(task.id);
                self.text(":");
                self.bytes(Decimal::of(task.parameters).text());
                count += 1;
            }
            t += 1;
        }
        if count > 0 {
            self.text(PARAMETERS_CLOSE);
        }
    }

    const fn quoted(&mut self, text: &str) {
        self.text("\"");
        self.text(text);
        self.text("\"");
    }

    /// As [`Self::text`], cut at the end of the array.
    const fn text_cut(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let room = N - self.at;
        let cut = if bytes.len() < room {
            bytes.len()
        } else {
            room
        };
        self.bytes(bytes.split_at(cut).0);
    }
}

/// How many slots [`validate`] needs: a power of two, and half of them stay empty.
pub const fn slots(dags: &[DagDeclaration]) -> usize {
    let mut ids = dags.len();
    let mut d = 0;
    while d < dags.len() {
        ids += dags[d].tasks.len();
        d += 1;
    }
    (2 * ids).next_power_of_two()
}

/// Stops the compilation when an id is empty, illegal or declared twice; the message names it. `N` must be [`slots`] of
/// the Dags.
pub const fn validate<const N: usize>(dags: &[DagDeclaration]) {
    let mut seen = Seen([None::<(usize, &str)>; N]);
    let mut d = 0;
    while d < dags.len() {
        let dag = &dags[d];
        if let Err(fault) = ids::check(dag.id) {
            refuse("dag id", dag.id, fault.text());
        }
        // The Dags are the group 0, the tasks of each Dag a group of their own.
        if !seen.insert(0, dag.id) {
            refuse("dag id", dag.id, "is declared twice in this bundle");
        }
        d += 1;
        let mut t = 0;
        while t < dag.tasks.len() {
            if let Some(task) = &dag.tasks[t] {
                let task = task.id;
                if let Err(fault) = ids::check(task) {
                    refuse("task id", task, fault.text());
                }
                if !seen.insert(d, task) {
                    refuse("task id", task, "is declared twice in one dag");
                }
            } else if t + 1 < dag.tasks.len() {
                refuse("dag", dag.id, "has two commas in a row");
            }
            t += 1;
        }
    }
}

/// The ids that were met so far: a hash table, so that thousands of ids cost thousands of steps.
struct Seen<const N: usize>([Option<(usize, &'static str)>; N]);

impl<const N: usize> Seen<N> {
    /// Notes an id. False if the group has it already.
    const fn insert(&mut self, group: usize, id: &'static str) -> bool {
        let mut slot = hash(group, id) & (N - 1);
        while let Some((other, same)) = self.0[slot] {
            if other == group && ids::same(same, id) {
                return false;
            }
            slot = (slot + 1) & (N - 1);
        }
        self.0[slot] = Some((group, id));
        true
    }
}

/// FNV-1a in 64 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>), its high bits folded into the low ones that choose
/// a slot.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the low bits choose a slot"
)]
const fn hash(group: usize, id: &str) -> usize {
    const PRIME: u64 = 0x0100_0000_01b3;
    let bytes = id.as_bytes();
    let mut hash = (0xcbf2_9ce4_8422_2325 ^ group as u64).wrapping_mul(PRIME);
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(PRIME);
        at += 1;
    }
    (hash ^ (hash >> 32)) as usize
}

/// Panics, in the compiler, with a sentence about one id.
#[expect(
    clippy::panic,
    reason = "runs in constant expressions only, where a panic is a compile error"
)]
const fn refuse(kind: &str, id: &str, fault: &str) {
    let mut out = Out {
        bytes: [b' '; 480],
        at: 0,
    };
    out.text_cut(kind);
    out.text_cut(" \"");
    out.text_cut(id);
    out.text_cut("\" ");
    out.text_cut(fault);
    // An id that was cut inside a character is left out of the message.
    if let Ok(text) = std::str::from_utf8(&out.bytes) {
        panic!("{}", text.trim_ascii());
    }
    panic!("{}", fault);
}

/// The last segment of a path as `stringify!` writes it: the name of the function, without `r#` and generic arguments.
pub const fn function_name(path: &'static str) -> &'static str {
    let bytes = path.as_bytes();
    let mut end = bytes.len();
    if end > 0 && bytes[end - 1] == b'>' {
        let mut depth = 0;
        while end > 0 {
            end -= 1;
            match bytes[end] {
                b'>' => depth += 1,
                b'<' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    // `a::b::<T>` and `a :: b :: < T >` leave the separators of the turbofish behind.
    while end > 0 && matches!(bytes[end - 1], b':' | b' ') {
        end -= 1;
    }
    let mut start = end;
    while start > 0 && !matches!(bytes[start - 1], b':' | b' ' | b'#') {
        start -= 1;
    }
    path.split_at(end).0.split_at(start).1
}

/// The text of a record, read so that neither compiler nor linker can leave the static out.
pub fn read_record(record: &'static [u8]) -> Option<String> {
    let bytes: Vec<u8> = record.iter().map(read_kept).collect();
    let text = bytes.strip_prefix(RECORD_MAGIC.as_bytes())?;
    let (length, text) = text.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    String::from_utf8(text.get(..length)?.to_vec()).ok()
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "it is the read through the reference that keeps the section"
)]
#[allow(unsafe_code, reason = "the only one: see below")]
fn read_kept(byte: &u8) -> u8 {
    // SAFETY: a reference is valid, aligned and initialised for a read of its type; `u8` is `Copy`.
    // The read is volatile because a plain one is folded by the compiler, and then some linkers drop the section.
    unsafe { std::ptr::read_volatile(byte) }
}

/// The manifest's JSON for ids that are only known at run time, each task with its number of parameters: the same keys in the
/// same order.
pub(crate) fn render<'a>(dags: impl Iterator<Item = (&'a str, Vec<(&'a str, usize)>)>) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut out = OPEN.concat();
    for (index, (dag, tasks)) in dags.enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&quoted(dag));
        out.push_str(TASKS_OPEN);
        let ids: Vec<_> = tasks.iter().map(|(id, _)| quoted(id)).collect();
        out.push_str(&ids.join(","));
        out.push_str(TASKS_CLOSE);
        let counts = tasks.iter().filter(|(_, parameters)| *parameters > 0);
        let counts = counts.map(|(id, parameters)| format!("{}:{parameters}", quoted(id)));
        let counts: Vec<_> = counts.collect();
        if !counts.is_empty() {
            out.push_str(&PARAMETERS_OPEN.concat());
            out.push_str(&counts.join(","));
            out.push_str(PARAMETERS_CLOSE);
        }
        out.push_str(DAG_CLOSE);
    }
    out.push_str(&SDK.concat());
    let versions: Vec<_> = SCHEMA_VERSIONS.iter().map(|one| quoted(one)).collect();
    out.push_str(&versions.join(","));
    out.push_str(CLOSE);
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use airflow_protocol::record::{ELF_SECTION, MACHO_PLACE, METADATA_VERSION, PE_SECTION};
    use serde_json::{Value, json};

    use super::{
        DagDeclaration, SDK_VERSION, SUPERVISOR_SCHEMA_VERSION, SUPERVISOR_SCHEMA_VERSIONS,
        TaskDeclaration, function_name, read_record, record, record_len, render,
    };

    const DAGS: &[DagDeclaration] = &[
        DagDeclaration {
            id: "sales",
            tasks: &[
                Some(task("extract", 0)),
                Some(task("lädt", 2)),
                Some(task("many", 120)),
                None,
            ],
        },
        DagDeclaration {
            id: "empty",
            tasks: &[],
        },
    ];
    static RECORD: [u8; record_len(DAGS)] = record(DAGS);

    const fn task(id: &'static str, parameters: usize) -> TaskDeclaration {
        TaskDeclaration { id, parameters }
    }

    #[test]
    fn the_record_holds_the_manifest() {
        let text = read_record(&RECORD).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let expected = json!({
            "airflow_bundle_metadata_version": METADATA_VERSION,
            "dags": {
                "sales": {"tasks": ["extract", "lädt", "many"], "parameters": {"lädt": 2, "many": 120}},
                "empty": {"tasks": []}
            },
            "sdk": {"language": "rust", "supervisor_schema_versions": ["2026-10-30", "2026-06-16"], "version": SDK_VERSION},
        });
        assert_eq!(value, expected);
        assert!(SUPERVISOR_SCHEMA_VERSIONS.contains(&SUPERVISOR_SCHEMA_VERSION));
    }

    #[test]
    fn run_time_and_compile_time_write_the_same_text() {
        let rendered = render(DAGS.iter().map(|dag| {
            let tasks = dag.tasks.iter().flatten();
            (
                dag.id,
                tasks.map(|task| (task.id, task.parameters)).collect(),
            )
        }));
        assert_eq!(rendered, read_record(&RECORD).unwrap());
    }

    /// An attribute takes a literal only, so that `bundle!` has to write the names of the sections once more.
    #[test]
    fn the_attributes_name_the_sections_that_the_packer_reads() {
        let macros = include_str!("macros.rs");
        for attribute in [
            format!("link_section = concat!(\"{ELF_SECTION}.\", "),
            format!("link_section = \"{MACHO_PLACE}\")"),
            format!("link_section = \"{PE_SECTION}\")"),
        ] {
            assert!(macros.contains(&attribute), "{attribute}");
        }
        assert_eq!(macros.matches("link_section = ").count(), 3);
    }

    #[test]
    fn the_name_is_the_last_segment() {
        for (path, name) in [
            ("extract", "extract"),
            ("tasks::extract", "extract"),
            ("crate :: tasks :: extract", "extract"),
            ("r#type", "type"),
            ("tasks::r#type", "type"),
            ("load::<u32>", "load"),
            ("a::load::<Vec<b::C>>", "load"),
            ("a :: load :: < u32 >", "load"),
            ("Loader::<u32>::run", "run"),
            ("Loader::<Vec<u8>>::run::<Vec<Vec<u8>>>", "run"),
        ] {
            assert_eq!(function_name(path), name, "{path}");
        }
    }
}
