fn main() {
    let own = [
        ("daily", cfg!(feature = "daily")),
        ("hourly", cfg!(feature = "hourly")),
    ];
    shared::answer("etl", &own);
}
