"""Orders by region: the graph and two checks in Python, the work in Rust."""

from __future__ import annotations

import datetime

from airflow.sdk import Asset, dag, task

SUMMARY = Asset(name="orders_by_region", uri="s3://warehouse/orders_by_region")


@dag(schedule=None, tags=["rust"])
def orders():
    @task
    def regions():
        return ("eu", "us")

    @task.stub(queue="rust", retries=1, retry_delay=datetime.timedelta(seconds=1))
    def fetch(regions): ...

    @task.stub(queue="rust")
    def split(): ...

    @task.stub(queue="rust")
    def summarise(region): ...

    @task.stub(queue="rust", retries=1, retry_delay=datetime.timedelta(seconds=1), outlets=[SUMMARY])
    def publish(): ...

    @task.stub(queue="rust")
    def report(): ...

    @task
    def check(summaries):
        assert summaries == [
            {"region": "eu", "orders": 1, "total": 2.5},
            {"region": "us", "orders": 2, "total": 5.0},
        ], summaries

    regions_split = split()
    fetch(regions()) >> regions_split
    summaries = summarise.expand(region=regions_split)
    summaries >> publish()
    done = report()
    summaries >> done
    check(done)


orders()
