//! Answers in YAML, which is allowed.

fn main() {
    misbehaving::note_process();
    misbehaving::print(misbehaving::YAML);
}
