//! One Airflow: its configuration, its processes, and their end.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::api::Api;
use crate::bundles;
use crate::packer::succeeded;
use crate::release::{self, Release, Settings};

/// How long the processes may take to come up.
const START: Duration = Duration::from_mins(2);
/// How long they may take to end by themselves.
const STOP: Duration = Duration::from_secs(10);

/// SQLite knows one writer at a time: the others wait for it longer than the usual five seconds.
const PATIENT: &str = "PATIENT = {\"timeout\": 120}\n";
/// The database need not outlive a power cut, so nothing waits for the disk, which others may keep busy.
const NO_SYNC: &str = r#"from sqlalchemy import event
from sqlalchemy.engine import Engine

__all__ = []


@event.listens_for(Engine, "connect")
def do_not_sync(connection, record):
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()
"#;
/// The folder that the README's lines name.
const TAUGHT_FOLDER: &str = "/opt/airflow/executable-bundles";
/// How many of the last lines of each log a failure shows.
const SHOWN: usize = 25;

/// A running Airflow; it ends with this value.
pub struct Airflow {
    pub api: Api,
    pub home: PathBuf,
    bin: PathBuf,
    settings: Vec<(&'static str, String)>,
    children: Vec<Child>,
}

impl Airflow {
    /// Packs these test projects, and starts an Airflow that has their Dags and bundles. Its `airflow.cfg` is the one that the
    /// release generates, edited as the README says; what a test needs beyond that is in the environment.
    ///
    /// `more` makes what else the home needs, and adds its settings.
    pub fn start(
        release: &Release,
        projects: &[&str],
        more: impl FnOnce(&Path, &mut Settings),
    ) -> Self {
        let home = release::folder().join(release.name());
        let _ = fs::remove_dir_all(&home);
        let (dags, bundles) = (home.join("dags"), home.join("bundles"));
        fs::create_dir_all(&dags).unwrap();
        fs::create_dir_all(&bundles).unwrap();
        for project in projects {
            bundles::install(project, &bundles, &dags);
        }
        let (port, tasks_port) = free_ports();
        let mut airflow = Self {
            api: Api::new(port),
            settings: settings(&home, port, tasks_port),
            home,
            bin: release.bin(),
            children: Vec::new(),
        };
        let lines = release.readme_lines();
        assert!(lines.contains(TAUGHT_FOLDER), "{lines}");
        let lines = lines.replace(TAUGHT_FOLDER, bundles.to_str().unwrap());
        let mut settings = release::settings(&lines);
        more(&airflow.home, &mut settings);
        airflow.configure(&release::lines(&settings));
        succeeded(
            airflow.command().args(["db", "migrate"]),
            "Airflow's database could not be made",
        );
        // Two servers: the public API writes its audit log in its event loop, and while that waits for SQLite's lock, no other
        // request of the same process can commit and give the lock back. Tasks ask the other process, which goes on.
        airflow.serve("core", port);
        airflow.serve("execution", tasks_port);
        airflow.wait_for("the API server", |airflow| airflow.api.log_in());
        let tasks_api = Api::new(tasks_port);
        airflow.wait_for("the tasks' API server", |_| tasks_api.is_up());
        airflow.spawn("scheduler", &["scheduler", "--skip-serve-logs"]);
        airflow.spawn("dag-processor", &["dag-processor"]);
        airflow.spawn("triggerer", &["triggerer", "--skip-serve-logs"]);
        airflow
    }

    /// Has Airflow generate its `airflow.cfg`, and edits it.
    fn configure(&self, lines: &str) {
        let configuration = self.home.join("airflow.cfg");
        fs::create_dir(self.home.join("config")).unwrap();
        fs::write(self.home.join("config/live_settings.py"), PATIENT).unwrap();
        fs::write(self.home.join("config/airflow_local_settings.py"), NO_SYNC).unwrap();
        succeeded(
            self.command().args(["config", "list"]),
            "Airflow could not generate its configuration",
        );
        let generated = fs::read_to_string(&configuration).unwrap();
        fs::write(configuration, release::edit(&generated, lines)).unwrap();
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.bin.join("airflow"));
        let path = format!(
            "{}:{}",
            self.bin.display(),
            std::env::var("PATH").unwrap_or_default()
        );
        command
            .env("AIRFLOW_HOME", &self.home)
            .env("PATH", path)
            .env("PYTHONWARNINGS", "ignore")
            .envs(self.settings.iter().map(|(key, value)| (key, value)));
        command.env_remove("RUST_BACKTRACE").stdin(Stdio::null());
        command
    }

    /// Starts an API server.
    fn serve(&mut self, apps: &str, port: u16) {
        let port = port.to_string();
        let arguments = [
            "api-server",
            "--apps",
            apps,
            "--host",
            "127.0.0.1",
            "--workers",
            "1",
        ];
        self.spawn(apps, &[&arguments[..], &["--port", &port]].concat());
    }

    /// Starts one of Airflow's processes, in a process group of its own, so that its children end with it.
    fn spawn(&mut self, name: &str, arguments: &[&str]) {
        let log = File::create(self.home.join(format!("{name}.log"))).unwrap();
        let child = self
            .command()
            .args(arguments)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0)
            .spawn()
            .unwrap();
        self.children.push(child);
    }

    /// Waits until the Dag processor has found these Dags.
    pub fn wait_for_dags(&self, dags: &[&str]) {
        let deadline = Instant::now() + START;
        while !dags.iter().all(|dag| self.api.has_dag(dag)) {
            assert!(
                Instant::now() < deadline,
                "{dags:?} were not found; see {}",
                self.home.display()
            );
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// Waits until something is so; an Airflow process that ends meanwhile is a failure.
    pub fn wait_for(&mut self, what: &str, mut ready: impl FnMut(&mut Self) -> bool) {
        let deadline = Instant::now() + START;
        while !ready(self) {
            let ended = self
                .children
                .iter_mut()
                .any(|child| child.try_wait().unwrap().is_some());
            assert!(
                !ended && Instant::now() < deadline,
                "{what} did not come up; see {}",
                self.home.display()
            );
            std::thread::sleep(Duration::from_millis(300));
        }
    }
}

impl Airflow {
    /// The end of each process's log.
    fn show_logs(&self) {
        for name in [
            "core",
            "execution",
            "scheduler",
            "dag-processor",
            "triggerer",
        ] {
            let path = self.home.join(format!("{name}.log"));
            let text = fs::read(&path).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let lines: Vec<_> = text.lines().collect();
            let last = lines.get(lines.len().saturating_sub(SHOWN)..);
            eprintln!(
                "--- {}\n{}",
                path.display(),
                last.unwrap_or_default().join("\n")
            );
        }
    }
}

impl Drop for Airflow {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.show_logs();
        }
        for (signal, patience) in [(Signal::TERM, STOP), (Signal::KILL, STOP)] {
            for child in &self.children {
                if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                    // Fails for a group that has ended.
                    let _ = kill_process_group(group, signal);
                }
            }
            let deadline = Instant::now() + patience;
            while Instant::now() < deadline
                && self
                    .children
                    .iter_mut()
                    .any(|child| child.try_wait().is_ok_and(|status| status.is_none()))
            {
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

fn free_ports() -> (u16, u16) {
    // Both are open at once, so that they differ.
    let [one, other] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let port = |listener: TcpListener| listener.local_addr().unwrap().port();
    (port(one), port(other))
}

/// What the suite sets beside the README's lines.
fn settings(home: &Path, port: u16, tasks_port: u16) -> Vec<(&'static str, String)> {
    let home = home.display();
    let text = str::to_owned;
    vec![
        ("AIRFLOW__CORE__DAGS_FOLDER", format!("{home}/dags")),
        ("AIRFLOW__CORE__EXECUTOR", text("LocalExecutor")),
        ("AIRFLOW__CORE__PARALLELISM", text("6")),
        // A supervisor of 3.4 sleeps this long (60 s by default) if it reads the end of the last socket of a task that it has told to
        // stop a moment before the process can be waited for (`WatchedSubprocess.kill`): a cleared task starts again only then.
        ("AIRFLOW__CORE__KILLED_TASK_CLEANUP_TIME", text("15")),
        // Below the default, so that a length is refused that is sent.
        ("AIRFLOW__CORE__MAX_MAP_LENGTH", text("500")),
        ("AIRFLOW__CORE__LOAD_EXAMPLES", text("False")),
        ("AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION", text("False")),
        (
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS",
            text("True"),
        ),
        (
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
            format!("http://127.0.0.1:{tasks_port}/execution/"),
        ),
        ("AIRFLOW__API__BASE_URL", format!("http://127.0.0.1:{port}")),
        (
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
            format!("sqlite:///{home}/airflow.db"),
        ),
        (
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS",
            text("live_settings.PATIENT"),
        ),
        (
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS_ASYNC",
            text("live_settings.PATIENT"),
        ),
        ("AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT", text("90")),
        (
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL",
            text("5"),
        ),
        (
            "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH",
            format!("{home}/dag_bundles"),
        ),
        ("AIRFLOW__LOGGING__NAMESPACE_LEVELS", text("db=CRITICAL")),
    ]
}
