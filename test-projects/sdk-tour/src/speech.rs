//! Logs of all kinds.

pub fn logs() {
    log::debug!("a debug line");
    log::info!(rows = 3, target = "poison", msg = "poison"; "an info line");
    log::warn!("a warning line");
    log::error!(target: "db::pool", "an error line");
}

pub fn traces() {
    let span = tracing::info_span!("load", table = "orders");
    let _guard = span.enter();
    let error = "x".parse::<i32>().unwrap_err();
    tracing::warn!(error = &error as &dyn std::error::Error, target = "poison", "a traced line");
}

pub fn prints() {
    println!("a line on stdout");
    eprintln!("a line on stderr");
}
