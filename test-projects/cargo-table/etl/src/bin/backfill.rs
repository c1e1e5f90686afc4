fn main() {
    shared::answer("backfill", &[]);
}
