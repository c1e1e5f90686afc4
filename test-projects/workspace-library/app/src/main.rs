fn main() -> std::process::ExitCode {
    middle::tasks::sales().serve()
}
