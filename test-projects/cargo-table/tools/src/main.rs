fn main() {
    shared::answer("tools", &[]);
}
