fn main() {
    shared::answer("sensor", &[]);
}
