"""What croniter and Airflow's timetables make of cron expressions, behind JSON lines: one request a line, one answer a line.

    {"read": [[EXPRESSION, [SECOND, ...]], ...]}               what croniter makes of it, as Airflow calls it
    {"timetables": [[EXPRESSION, ZONE, [MICROSECOND, ...]], ...]}   the next and the last time after and before each
    {"runs": [[EXPRESSION, ZONE, MICROSECOND], ...]}           the first five runs of a Dag with catchup from this time on

SECOND and MICROSECOND count from 1970 on, in UTC. A time is null where croniter or Airflow raises.

The answers to `read`:
    {"refused": MESSAGE}
    {"chance": true}     croniter draws a random number
    {"never": true}      no start has a next time
    {"next": [[5 SECONDs], ...], "last": [[2 SECONDs], ...]}   for each start
"""

import datetime
import json
import os
import sys

# Airflow writes its log to standard output, which is for answers.
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

from croniter import CroniterBadDateError, croniter as Croniter  # noqa: E402

EPOCH = datetime.datetime(1970, 1, 1)
# What croniter raises at the end of the calendar.
ENDS = (CroniterBadDateError, OverflowError, ValueError)
# From each of these it looks 50 years ahead.
STARTS = [datetime.datetime(year, 1, 1) - datetime.timedelta(seconds=1) for year in (1970, 2000, 2040, 2080)]
PRESETS = {}


class Chance:
    """Stands in for the module `random`."""

    drawn = False

    def randint(self, low, high):
        self.drawn = True
        return low


def steps(expression, start, name, count):
    cron, times = Croniter(expression, start_time=start), []
    try:
        for _ in range(count):
            time = getattr(cron, name)(datetime.datetime)
            times.append(round((time - EPOCH).total_seconds()))
    except ENDS:
        times.append(None)
    return times


def fires(expression, start):
    try:
        Croniter(expression, start_time=start).get_next(datetime.datetime)
    except ENDS:
        return False
    return True


def read(expression, starts):
    # `croniter.croniter` is the class.
    chance = sys.modules["croniter.croniter"].random = Chance()
    expression = PRESETS.get(expression, expression)
    try:
        Croniter(expression)
    except Exception as error:
        return {"refused": f"{type(error).__name__}: {error}"[:200]}
    if chance.drawn:
        return {"chance": True}
    starts = [EPOCH + datetime.timedelta(seconds=start) for start in starts]
    following = [steps(expression, start, "get_next", 5) for start in starts]
    if all(times[0] is None for times in following) and not any(fires(expression, start) for start in STARTS):
        return {"never": True}
    return {"next": following, "last": [steps(expression, start, "get_prev", 2) for start in starts]}


def pendulum_time(microsecond):
    import pendulum

    return pendulum.instance(EPOCH + datetime.timedelta(microseconds=microsecond), pendulum.UTC)


def microseconds(time):
    # The difference of two of pendulum's own times would be an interval of its own.
    time = datetime.datetime.fromisoformat(time.isoformat())
    return (time - EPOCH.replace(tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)


def found(step, time):
    try:
        return microseconds(step(time))
    except ENDS:
        return None


def timetables(expression, zone, times):
    from airflow.timetables.interval import CronDataIntervalTimetable
    from airflow.timetables.trigger import CronTriggerTimetable

    trigger, interval = CronTriggerTimetable(expression, timezone=zone), CronDataIntervalTimetable(expression, zone)
    answers = []
    for time in map(pendulum_time, times):
        answers.append([found(trigger._get_next, time), found(trigger._get_prev, time)])
    # Both inherit these from one class.
    time = pendulum_time(times[0])
    assert answers[0] == [found(interval._get_next, time), found(interval._get_prev, time)]
    return answers


def runs(expression, zone, earliest):
    from airflow.timetables.base import TimeRestriction
    from airflow.timetables.trigger import CronTriggerTimetable

    timetable = CronTriggerTimetable(expression, timezone=zone)
    restriction = TimeRestriction(earliest=pendulum_time(earliest), latest=None, catchup=True)
    last, times = None, []
    for _ in range(5):
        info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        times.append(microseconds(info.run_after))
        last = info.data_interval
    return times


def main():
    from airflow.utils.dates import cron_presets

    PRESETS.update(cron_presets)
    parts = {"read": read, "timetables": timetables, "runs": runs}
    for line in sys.stdin:
        [(name, items)] = json.loads(line).items()
        print(json.dumps([parts[name](*item) for item in items]), file=ANSWERS, flush=True)


main()
