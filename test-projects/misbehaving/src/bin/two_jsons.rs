//! Answers twice, in JSON.

fn main() {
    misbehaving::note_process();
    misbehaving::print(misbehaving::MANIFEST);
    misbehaving::print(misbehaving::MANIFEST);
}
