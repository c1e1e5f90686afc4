"""Tasks that are stopped from outside, each in another way."""

from __future__ import annotations

import datetime

from airflow.sdk import DAG, task

with DAG("stops", schedule=None):
    for name in ("marked_failed", "marked_success", "cleared", "worker_told", "worker_killed", "timed_out"):

        def function(): ...

        function.__name__ = name
        task.stub(queue="rust", retries=1, retry_delay=datetime.timedelta(seconds=1))(function)()
