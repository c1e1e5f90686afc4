//! Attributes in `bundle!`: an entry that `cfg` removes is gone from the ids, the record and the registrations.

use std::fs;

use cargo_airflow_bundle::executable::link_record;

/// Without a warning, and without the functions that are gone.
const MAIN: &str = r#"
#![deny(warnings, clippy::all, clippy::pedantic)]
use airflow_sdk::{Bundle, bundle};

fn plain() {}
#[cfg(feature = "extra")]
fn extra() {}
#[cfg(not(feature = "extra"))]
#[deprecated]
fn old() {}
fn generic<const N: usize, T>() {}
mod ids {
    pub const ID: &str = "by_path";
    pub const OTHER: &str = "by_block";
    pub const LIST: [&str; 1] = ["by_index"];
    pub fn module_function() {}
}
struct Type;
impl Type {
    fn method() {}
}
trait Named {
    fn name() {}
}
impl Named for Type {}

fn all() -> Bundle {
    let captured = 3;
    let local = move || assert_eq!(captured, 3);
    bundle! {
        /// A Dag with a comment.
        #[cfg(all())]
        "attributes" => {
            /// A task with a comment.
            plain,
            #[cfg(feature = "extra")]
            extra,
            #[cfg(feature = "extra")]
            "given" => extra,
            /** Another comment. */
            #[cfg(not(feature = "extra"))]
            #[allow(deprecated)]
            old,
            #[cfg_attr(all(), allow(clippy::all))]
            "closure" => move || assert_eq!(captured, 3),
            "local" => (local),
            #[cfg(not(feature = "extra"))]
            concat!("by_", "macro") => |_: &airflow_sdk::Task| -> airflow_sdk::Result<()> { Ok(()) },
            #[doc(hidden)]
            ids::ID => ids::module_function,
            { ids::OTHER } => Type::method,
            generic::<3, u32>,
        },
        #[cfg(feature = "extra")]
        "extra" => { extra },
        concat!("dag_", 2) => { #[cfg(feature = "extra")] extra, Type::name, generic::<1, Vec<u8>> },
        ids::ID => { #[cfg(feature = "extra")] extra, },
        { ids::OTHER } => { (ids::OTHER) => plain, ids::LIST[0] => plain, ids::module_function, plain },
    }
}

fn main() -> std::process::ExitCode {
    all().serve()
}
"#;

#[test]
fn cfg_removes_an_entry_everywhere() {
    let _alone = crate::alone();
    let project = crate::user("attributes");
    project.write("src/main.rs", MAIN);
    for (flags, dags) in [
        (
            "",
            r#""attributes":{"tasks":["plain","old","closure","local","by_macro","by_path","by_block","generic"]},"dag_2":{"tasks":["name","generic"]},"by_path":{"tasks":[]},"by_block":{"tasks":["by_block","by_index","module_function","plain"]}"#,
        ),
        (
            "--features extra",
            r#""attributes":{"tasks":["plain","extra","given","closure","local","by_path","by_block","generic"]},"extra":{"tasks":["extra"]},"dag_2":{"tasks":["extra","name","generic"]},"by_path":{"tasks":["extra"]},"by_block":{"tasks":["by_block","by_index","module_function","plain"]}"#,
        ),
    ] {
        let build = format!("build --quiet {flags}");
        let built = crate::cargo(&project, &build).run();
        // An SDK from a path is no dependency whose lints cargo caps, but a macro's lints are those of the user's crate.
        assert_eq!((built.code, &*built.stderr), (0, ""), "{flags}");
        let executable = crate::target().join("debug/attributes");
        let printed = project
            .command(std::process::Command::new(&executable))
            .arg("--airflow-metadata")
            .run()
            .ok();
        let printed = printed.text();
        assert!(printed.contains(dags), "{flags}: {printed}");
        let file = fs::File::open(executable).unwrap();
        let len = file.metadata().unwrap().len();
        let record = link_record(&file, 0, len).unwrap().expect("a record");
        assert_eq!(record.json, printed.trim_end());
        // Each registered handler is found under its id.
        let by_hand = project
            .command(std::process::Command::new(
                crate::target().join("debug/attributes"),
            ))
            .run()
            .must_end_with(2);
        assert!(
            by_hand.stderr.contains("attributes: plain, "),
            "{}",
            by_hand.stderr
        );
    }
}
