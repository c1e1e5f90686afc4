"""The executable lies beside this file, in the same Dag bundle."""

from __future__ import annotations

from airflow.sdk import DAG, task

with DAG("versioned", schedule=None):

    @task.stub(queue="versioned")
    def version(): ...

    version()
