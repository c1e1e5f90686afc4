fn main() -> std::process::ExitCode {
    sdk_minimal::audit().serve()
}
