//! A manifest as an executable prints it, and its canonical form.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    airflow_bundle_fuzz::within(24 << 20, 64, data, cargo_airflow_bundle::fuzz::manifest);
});
