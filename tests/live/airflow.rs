//! One Airflow: its configuration, its processes, and their end.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::api::Api;
use crate::{bundles, install};

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
/// How many of the last lines of each log a failure shows.
const SHOWN: usize = 25;

/// A running Airflow; it ends with this value.
pub struct Airflow {
    pub api: Api,
    pub home: PathBuf,
    children: Vec<Child>,
}

impl Airflow {
    /// Packs these test projects, and starts an Airflow that has their Dags and bundles.
    pub fn start(projects: &[&str]) -> Self {
        let bin = install::bin();
        let home = install::folder().join("home");
        let _ = fs::remove_dir_all(&home);
        let (dags, bundles) = (home.join("dags"), home.join("bundles"));
        fs::create_dir_all(&dags).unwrap();
        fs::create_dir_all(&bundles).unwrap();
        for project in projects {
            bundles::pack(project, &bundles, &dags);
        }
        let (port, tasks_port) = free_ports();
        let configuration = configuration(&home, port, tasks_port);
        fs::write(home.join("airflow.cfg"), configuration).unwrap();
        fs::create_dir(home.join("config")).unwrap();
        fs::write(home.join("config/live_settings.py"), PATIENT).unwrap();
        fs::write(home.join("config/airflow_local_settings.py"), NO_SYNC).unwrap();
        let mut airflow = Self {
            api: Api::new(port),
            home,
            children: Vec::new(),
        };
        install::run(
            airflow.command(&bin).args(["db", "migrate"]),
            "Airflow's database could not be made",
        );
        // Two servers: the public API writes its audit log in its event loop, and while that waits for SQLite's lock, no other
        // request of the same process can commit and give the lock back. Tasks ask the other process, which goes on.
        airflow.serve(&bin, "core", port);
        airflow.serve(&bin, "execution", tasks_port);
        airflow.wait_for("the API server", |airflow| airflow.api.log_in());
        let tasks_api = Api::new(tasks_port);
        airflow.wait_for("the tasks' API server", |_| tasks_api.is_up());
        airflow.spawn(&bin, "scheduler", &["scheduler", "--skip-serve-logs"]);
        airflow.spawn(&bin, "dag-processor", &["dag-processor"]);
        airflow.spawn(&bin, "triggerer", &["triggerer", "--skip-serve-logs"]);
        airflow
    }

    fn command(&self, bin: &Path) -> Command {
        let mut command = Command::new(bin.join("airflow"));
        let path = format!(
            "{}:{}",
            bin.display(),
            std::env::var("PATH").unwrap_or_default()
        );
        command
            .env("AIRFLOW_HOME", &self.home)
            .env("PATH", path)
            .env("PYTHONWARNINGS", "ignore");
        command.env_remove("RUST_BACKTRACE").stdin(Stdio::null());
        command
    }

    /// Starts an API server.
    fn serve(&mut self, bin: &Path, apps: &str, port: u16) {
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
        self.spawn(bin, apps, &[&arguments[..], &["--port", &port]].concat());
    }

    /// Starts one of Airflow's processes, in a process group of its own, so that its children end with it.
    fn spawn(&mut self, bin: &Path, name: &str, arguments: &[&str]) {
        let log = File::create(self.home.join(format!("{name}.log"))).unwrap();
        let child = self
            .command(bin)
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

/// `airflow.cfg`. Its section `[sdk]` is the one that the README tells users to write.
fn configuration(home: &Path, port: u16, tasks_port: u16) -> String {
    let home = home.display();
    format!(
        r#"[core]
dags_folder = {home}/dags
executor = LocalExecutor
parallelism = 4
load_examples = False
dags_are_paused_at_creation = False
auth_manager = airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager
simple_auth_manager_all_admins = True
execution_api_server_url = http://127.0.0.1:{tasks_port}/execution/
fernet_key = 3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

[api]
base_url = http://127.0.0.1:{port}
secret_key = a-key-for-tests-on-the-loopback-only

[api_auth]
jwt_secret = another-key-for-tests-on-the-loopback-only-of-64-characters-....

[database]
sql_alchemy_conn = sqlite:///{home}/airflow.db
sql_alchemy_connect_args = live_settings.PATIENT
sql_alchemy_connect_args_async = live_settings.PATIENT

[workers]
execution_api_timeout = 90

[dag_processor]
min_file_process_interval = 5

[logging]
namespace_levels = db=CRITICAL

[sdk]
coordinators = {{
    "rust": {{
        "classpath": "airflow.sdk.coordinators.executable.ExecutableCoordinator",
        "kwargs": {{"executables_root": ["{home}/bundles"]}}
    }} }}
queue_to_coordinator = {{"rust": "rust"}}
"#
    )
}
