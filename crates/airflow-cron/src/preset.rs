//! Schedules that have a name.

/// `cron_presets` of `airflow/utils/dates.py`, Airflow 3.4.0b2. Airflow knows them in this case only.
const AIRFLOW: [(&str, &str); 6] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@quarterly", "0 0 1 */3 *"),
    ("@yearly", "0 0 1 1 *"),
];

/// `expr_aliases` of `croniter._expand`, croniter 7.0.0, in any case.
const CRONITER: [(&str, &str); 7] = [
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// The expression that Airflow keeps in the place of a name: `0 0 * * *` for `@daily`.
///
/// `None` for all but Airflow's six presets in lower case. Airflow keeps `@midnight`, `@annually` and `@DAILY` as they are, since
/// only croniter knows them (`CronMixin.__init__`, Airflow 3.4.0b2).
pub const fn preset(expression: &str) -> Option<&'static str> {
    let mut index = 0;
    while index < AIRFLOW.len() {
        let (name, meaning) = AIRFLOW[index];
        if is_equal(name.as_bytes(), expression.as_bytes()) {
            return Some(meaning);
        }
        index += 1;
    }
    None
}

/// The columns that a name stands for, be it Airflow's or croniter's.
pub(crate) const fn columns(expression: &str) -> Option<&'static str> {
    if let Some(meaning) = preset(expression) {
        return Some(meaning);
    }
    let mut index = 0;
    while index < CRONITER.len() {
        let (name, meaning) = CRONITER[index];
        if name.eq_ignore_ascii_case(expression) {
            return Some(meaning);
        }
        index += 1;
    }
    None
}

/// The `==` of slices is no const function.
const fn is_equal(one: &[u8], other: &[u8]) -> bool {
    let mut index = 0;
    while index < one.len() && index < other.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    one.len() == other.len()
}
