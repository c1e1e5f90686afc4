//! The times at which Airflow runs a Dag.

use jiff::Zoned;
use jiff::civil::DateTime;

use crate::cron::Cron;
use crate::field::Field;
use crate::search::{self, Direction};

impl Cron {
    /// The first time after another one, in its time zone.
    ///
    /// It is the time that `_get_next` of Airflow's cron timetables finds (`CronMixin`, Airflow 3.4.0b2; `CronTriggerTimetable` and
    /// `CronDataIntervalTimetable` have it in common). Where clocks change, it depends on the hours:
    ///
    /// - If each hour is given (`*`, `0-23`, `*/1`), hours are counted as they pass: the repeated hour of autumn has its times twice.
    /// - Else the expression means the clock on the wall: a time in the repeated hour is the later of both, and a time in the hour that
    ///   spring skips is an hour later.
    ///
    /// `None` where Airflow raises an exception: croniter finds no time in 50 years, or none up to the end of the year 9999.
    ///
    /// ```
    /// use airflow_cron::Cron;
    ///
    /// let cron = Cron::parse("30 2 * * *")?;
    /// let before = "2026-03-28T12:00[Europe/Berlin]".parse()?;
    /// let next = cron.next_after(&before).unwrap();
    /// assert_eq!(next.to_string(), "2026-03-29T03:30:00+02:00[Europe/Berlin]");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn next_after(&self, time: &Zoned) -> Option<Zoned> {
        let now = time.datetime();
        let next = search::nearest(&self.fields, now, Direction::Next)?;
        if self.covers_every_hour() {
            return time.checked_add(now.duration_until(next)).ok();
        }
        on_the_wall(time, next)
    }

    /// The last time before another one, in its time zone: `_get_prev` of Airflow's cron timetables, like [`Cron::next_after`].
    pub fn last_before(&self, time: &Zoned) -> Option<Zoned> {
        let now = time.datetime();
        let last = search::nearest(&self.fields, now, Direction::Previous)?;
        if self.covers_every_hour() {
            return time.checked_sub(last.duration_until(now)).ok();
        }
        // A change of the clock can put a time of the wall after the one that was given.
        let mut wall = last;
        loop {
            let found = on_the_wall(time, wall)?;
            if found < *time {
                return Some(found);
            }
            wall = search::nearest(&self.fields, wall, Direction::Previous)?;
        }
    }

    /// `_covers_every_hour` of `airflow/timetables/_cron.py`. A `*` in a longer list is not enough.
    fn covers_every_hour(&self) -> bool {
        self.fields.of(Field::Hour).only_star()
    }
}

/// The instant at which clocks show a time: `make_aware` of Airflow's timezones, with pendulum's `Timezone.convert`.
fn on_the_wall(zone: &Zoned, wall: DateTime) -> Option<Zoned> {
    let zone = zone.time_zone().clone();
    zone.into_ambiguous_zoned(wall).later().ok()
}
