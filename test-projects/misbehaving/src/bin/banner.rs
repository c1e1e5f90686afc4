//! Greets before it answers.

fn main() {
    misbehaving::note_process();
    println!("misbehaving 0.1.0");
    println!("connected to \x1b[31mnothing\x1b[0m");
    misbehaving::print(misbehaving::MANIFEST);
}
