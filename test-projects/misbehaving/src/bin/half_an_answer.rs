//! Ends in the middle of its answer.

fn main() {
    misbehaving::note_process();
    misbehaving::print(&misbehaving::MANIFEST[..120]);
}
