fn main() -> std::process::ExitCode {
    sdk_minimal::sales().serve()
}
