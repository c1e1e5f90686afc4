//! Ends with an error, after a manifest without fault.

fn main() {
    misbehaving::note_process();
    misbehaving::print(misbehaving::MANIFEST);
    eprintln!("fails: no such option `--airflow-metadata`\n\x1b[1mUsage\x1b[0m: fails PORT");
    std::process::exit(3);
}
