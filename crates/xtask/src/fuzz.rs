//! Fuzzes each target for some seconds. What is found lands in `fuzz/artifacts`; copy it into `fuzz/corpus/TARGET`, where
//! plain tests read it, and fix it. With `--dev` in front of the seconds the targets are built without optimization, in half the
//! time. They judge fewer inputs then, but overflows and debug assertions panic.
//!
//! cargo-fuzz asks for a nightly compiler, for its sanitizer flags alone: `RUSTC_BOOTSTRAP` lets the stable one take them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::tools::{self, Tool};

const TOOL: Tool = Tool {
    name: "fuzz",
    version: "0.13.2",
};

const SECONDS: u32 = 20;

/// The targets and the flags of the fuzzer that differ between them.
const TARGETS: [(&str, &[&str]); 8] = [
    ("reader", &[LONG, YAML]),
    ("worker_manifest", &[SHORT, YAML]),
    ("manifest", &[SHORT, YAML]),
    ("section", &[LONG]),
    ("executable", &[LONG]),
    ("introspection", &[SHORT, YAML]),
    ("answer", &[SHORT]),
    ("frame", &[SHORT]),
];
const LONG: &str = "-max_len=16384";
const SHORT: &str = "-max_len=4096";
const YAML: &str = "-dict=fuzz/yaml.dict";

/// How many run at the same time.
const AT_ONCE: usize = 2;

/// The flag of cargo-fuzz that builds without optimization.
const DEV: &str = "--dev";

pub fn run(args: &[String]) -> Result<()> {
    let dev = dev(args);
    let args = &args[dev.len()..];
    let seconds = args.first().map_or(Ok(SECONDS), |text| text.parse());
    let seconds = seconds.context("SECONDS is a number")?;
    let wanted = args.get(1..).unwrap_or_default();
    for name in wanted {
        if !TARGETS.iter().any(|target| target.0 == *name) {
            bail!("there is no fuzz target `{name}`");
        }
    }
    build(dev)?;
    // The inputs that this run makes go beside the committed ones, not among them.
    let new = process::target().join("fuzz-new");
    let _ = fs::remove_dir_all(&new);
    let waiting: Mutex<Vec<_>> = Mutex::new(
        TARGETS
            .iter()
            .rev()
            .filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name))
            .collect(),
    );
    let next = || waiting.lock().ok()?.pop();
    let work = || -> Result<()> {
        while let Some((name, options)) = next() {
            run_target(name, options, seconds, &new.join(name), dev)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(|worker| {
            let result = worker.join();
            result.unwrap_or_else(|_| bail!("a thread of the fuzz group panicked"))
        });
        ended.collect()
    })
}

/// The arguments that choose the profile.
fn dev(args: &[String]) -> &[String] {
    let count = usize::from(args.first().is_some_and(|arg| arg == DEV));
    &args[..count]
}

/// Builds all targets.
pub fn build(args: &[String]) -> Result<()> {
    TOOL.install()?;
    process::run(&mut fuzz("build", dev(args))?)
}

fn fuzz(task: &str, dev: &[String]) -> Result<Command> {
    let mut command = process::cargo("fuzz");
    command.arg(task).args(dev);
    // The crates under test forbid `unsafe` code, and the targets limit memory themselves: without the address sanitizer they
    // are built in less time and judge more inputs.
    command.args(["--sanitizer", "none"]);
    command.env("PATH", tools::path()?);
    command.env("RUSTC_BOOTSTRAP", "1");
    Ok(command)
}

#[expect(clippy::print_stderr, reason = "the status of a tool for developers")]
fn run_target(
    name: &str,
    options: &[&str],
    seconds: u32,
    new: &Path,
    dev: &[String],
) -> Result<()> {
    fs::create_dir_all(new)?;
    let mut command = fuzz("run", dev)?;
    command.args([name]).arg(new);
    command.arg(format!("fuzz/corpus/{name}"));
    command.arg("--").args(options);
    command.arg(format!("-max_total_time={seconds}"));
    command.args([
        "-timeout=10",
        "-rss_limit_mb=512",
        "-malloc_limit_mb=256",
        "-print_final_stats=1",
    ]);
    // A panic's backtrace would take longer than the limit for one input.
    command.env("RUST_BACKTRACE", "0").stdin(Stdio::null());
    // The reader's target writes a file for each input.
    if Path::new("/dev/shm").is_dir() {
        command.env("TMPDIR", "/dev/shm");
    }
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("{said}\nthe fuzz target {name} found something, see above");
    }
    let inputs = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    eprintln!(
        "{name}: {} inputs",
        inputs.context("the fuzzer tells no number")?.trim()
    );
    Ok(())
}
