fn main() {
    shared::answer("reports", &[("weekly", cfg!(feature = "weekly"))]);
}
