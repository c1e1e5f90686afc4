//! Answers twice.

fn main() {
    misbehaving::note_process();
    misbehaving::print(misbehaving::YAML);
    misbehaving::print("---\n");
    misbehaving::print(misbehaving::YAML);
}
