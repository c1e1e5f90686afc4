"""The Dags of the tour: the graph is here, the tasks are in Rust."""

from __future__ import annotations

import datetime
import decimal
import uuid

from airflow.sdk import DAG, Asset, AssetAlias, task

ASSET = Asset(name="tour_asset", uri="s3://tour/asset")
SECOND = datetime.timedelta(seconds=1)


def stub(name, **kwargs):
    def function(): ...

    function.__name__ = name
    return task.stub(queue="rust", **kwargs)(function)()


with DAG("tour", schedule=None, tags=["rust"]):
    for name in (
        "succeed",
        "fail_without_retry",
        "skip",
        "reschedule",
        "defer",
        "await_input",
        "stubborn",
        "aborts_at_exit",
        "overflows",
        "asynchronous",
        "variables",
        "connections",
        "task_state",
        "trigger",
        "runs",
        "dag_result",
        "long_list",
        "refused_length",
        "rendered",
        "secrets",
        "context",
        "logs",
        "traces",
        "prints",
    ):
        stub(name, retries=1 if name == "fail_without_retry" else 0)
    stub("fail")
    stub("unknown", retries=3)
    stub("panic", retries=0)
    for name in ("retry_then_succeed", "retry_with_delay", "stale", "interrupted", "skips_and_aborts_at_exit", "exits", "runs_programs"):
        stub(name, retries=1, retry_delay=datetime.timedelta(hours=1) if name == "retry_with_delay" else SECOND)
    stub("asset_state", outlets=[ASSET])
    stub("produce", outlets=[ASSET])

    stub("push") >> stub("pull")

    @task.stub(queue="rust")
    def partly_skipped(index): ...

    stub("skip_downstream") >> [stub("skipped_by_other"), partly_skipped.expand(index=[0, 1])]

    @task.stub(queue="rust")
    def mapped_source(): ...

    @task.stub(queue="rust")
    def mapped(region): ...

    mapped.expand(region=mapped_source()) >> stub("gather")

    @task
    def python_source(ti=None):
        hour = datetime.timezone(datetime.timedelta(hours=1))
        ti.xcom_push("tuple", (1, "x"))
        ti.xcom_push("set", {1, 2})
        ti.xcom_push("time", datetime.datetime(2026, 1, 2, 3, 4, 5, 500000, tzinfo=hour))
        ti.xcom_push("naive", datetime.datetime(2026, 1, 2, 3, 4, 5))
        ti.xcom_push("date", datetime.date(2026, 1, 2))
        ti.xcom_push("delta", datetime.timedelta(seconds=90.5))
        ti.xcom_push("decimal", decimal.Decimal("1.25"))
        ti.xcom_push("uuid", uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"))

    python_source() >> stub("from_python")

    @task
    def python_sink(ti=None):
        def pull(key="return_value"):
            return ti.xcom_pull(task_ids="for_python", key=key)

        utc = datetime.timezone.utc
        assert pull() == (1, "x"), pull()
        assert pull("time") == datetime.datetime(2026, 1, 2, 3, 4, 5, 500000, tzinfo=utc), pull("time")
        assert pull("date") == datetime.date(2026, 1, 2), pull("date")
        assert pull("delta") == datetime.timedelta(seconds=90.5), pull("delta")
        assert pull("set") == {1, 2}, pull("set")
        assert pull("decimal") == decimal.Decimal("1.25"), pull("decimal")
        assert pull("uuid") == uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), pull("uuid")

    stub("for_python") >> python_sink()

with DAG("triggered", schedule=None):
    stub("triggered")

with DAG("consumer", schedule=[ASSET]):
    stub("consume")

with DAG("history", schedule=None):
    stub("produce_through_alias", outlets=[AssetAlias("tour_alias")]) >> stub("look_back")

with DAG("many", schedule=None, max_active_tasks=200):

    @task.stub(queue="rust")
    def work(index): ...

    work.expand(index=list(range(200)))
