"""Calls of stubs with arguments, which Airflow 3.4 sends to the tasks."""

from __future__ import annotations

import datetime
import uuid

from airflow.sdk import dag, task
from pydantic import BaseModel

class Order(BaseModel):
    id: int
    total: float


def stub(**settings):
    return task.stub(queue="rust", **settings)


@dag(schedule=None, tags=["rust"])
def arguments():
    @stub()
    def orders(): ...

    @stub()
    def load(orders: list[Order], limit: int = 5): ...

    @stub()
    def task_first(orders, limit): ...

    @stub()
    def task_second(orders, limit): ...

    @stub()
    def defaults(given, number=2, text="größe", list=[1, 2], none=None): ...

    @stub()
    def nulls(literal, number: int | None = None, result=None): ...

    @stub()
    def models(one: Order, all: list[Order], by_name: dict[str, Order], at: datetime.datetime): ...

    @stub()
    def named_ones(maxRows, orders, DRY_RUN=False, Mode="all"): ...

    @stub()
    def lazy(now, orders, absent): ...

    @stub()
    def skips(): ...

    @stub(trigger_rule="all_done")
    def optional(value): ...

    @stub()
    def float_(number: float): ...

    @stub()
    def nine(a, b, c, d, größe, list, map, 数, a_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_long_name): ...

    @stub()
    def asynchronous(number): ...

    @stub()
    def untyped(orders, limit: int = 5): ...

    @stub()
    def from_python(moment, day, span, id, pair, set, nested): ...

    @task
    def moment():
        return datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)

    @task
    def day():
        return datetime.date(2026, 1, 2)

    @task
    def span():
        return datetime.timedelta(minutes=1, seconds=30)

    @task
    def id():
        return uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")

    @task
    def pair():
        return (1, "x")

    @task
    def set_():
        return {3}

    @task
    def nested():
        return {"at": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)}

    @task
    def nothing():
        return None

    @task
    def letters():
        return ["a", "b"]

    @task
    def dicts():
        return [{"id": 7, "total": 1}, {"id": 8, "total": 2}]

    made = orders()
    load(made)
    task_first(made, 3)
    task_second(orders=made, limit=4)
    defaults(1)
    nulls(None, result=nothing())
    nine(-1, 2**63, 0.5, True, "größe 数 🦀", [1, None], {"k": 3}, 数=(4, "y"), a_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_very_long_name="é")
    order = {"id": 3, "total": 4}
    models(order, [order], by_name={"x": order}, at="2026-01-02T03:04:05Z")
    named_ones.override(task_id="named")(3, made)
    missing = skips()
    lazy.override(trigger_rule="all_done")(True, made, missing)
    optional(missing)
    float_.override(task_id="float")(3)
    asynchronous(9)
    untyped(made)
    from_python(moment(), day(), span(), id(), pair(), set_(), nested())

    @stub()
    def numbers(): ...

    @stub()
    def one(number): ...

    @stub()
    def crossed(letter, number): ...

    @stub()
    def again(number): ...

    @stub()
    def rows(id, total): ...

    @task
    def python_crossed(letter, number):
        return f"{letter}{number}"

    listed = numbers()
    lettered = letters()
    again.expand(number=one.expand(number=listed))
    crossed.expand(letter=lettered, number=listed)
    python_crossed.expand(letter=lettered, number=listed)
    rows.expand_kwargs(dicts())


arguments()


@dag(schedule=None, tags=["rust"], default_args={"retries": 1, "retry_delay": datetime.timedelta(seconds=1)})
def refused_arguments():
    @stub()
    def skips(): ...

    @stub(trigger_rule="all_done")
    def required(value): ...

    @stub()
    def null(value: int | None = None): ...

    @stub()
    def wrong_count(orders, limit, mode="all"): ...

    @stub()
    def wrong_type(number: int): ...

    @stub()
    def misnamed(orders, limt): ...

    @stub()
    def none_passed(number=3): ...

    @stub()
    def mapped_parameter(number): ...

    @stub()
    def mapped_literal(number): ...

    required(skips())
    null(None)
    wrong_count([], 3)
    wrong_type("text")
    misnamed([], 3)
    none_passed()
    mapped_parameter.expand(number=[1])
    mapped_literal.expand(number=[1])


refused_arguments()
