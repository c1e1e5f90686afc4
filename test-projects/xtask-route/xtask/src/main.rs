//! The commands of this workspace: `cargo xtask bundle` packs the tasks.

fn main() -> std::process::ExitCode {
    let mut args = std::env::args_os().skip(1);
    match args.next() {
        Some(command) if command == "bundle" => {
            let fixed = ["cargo-airflow-bundle", "--release", "--locked"];
            cargo_airflow_bundle::run(fixed.map(Into::into).into_iter().chain(args))
        }
        _ => {
            eprintln!("usage: cargo xtask bundle [FLAGS OF cargo airflow-bundle]");
            std::process::ExitCode::from(2)
        }
    }
}
