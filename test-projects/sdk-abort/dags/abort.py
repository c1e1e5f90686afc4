"""Tasks that abort their process."""

import datetime

from airflow.sdk import DAG, task


def stub(name, **kwargs):
    def function(): ...

    function.__name__ = name
    return task.stub(queue="rust", **kwargs)(function)()


with DAG("abort", schedule=None):
    stub("nothing")
    stub("panics", retries=1, retry_delay=datetime.timedelta(seconds=1))
    stub("always_panics")
    stub("panics_elsewhere")
