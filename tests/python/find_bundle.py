"""The search of a released Airflow for the bundle of a Dag, behind JSON lines, for every release that has the coordinator.

    {"root": PATH, "dag_id": ID}

Answers: {"path": PATH, "version": SCHEMA_VERSION}, or {"error": TEXT}.
"""

import json
import logging
import pathlib
import sys

import structlog

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

from airflow.sdk.coordinators.executable.coordinator import _Bundle  # noqa: E402

for line in sys.stdin:
    request = json.loads(line)
    try:
        bundle = _Bundle.find([pathlib.Path(request["root"])], request["dag_id"])
        answer = {"path": str(bundle.path), "version": bundle.schema_version}
    except (FileNotFoundError, ValueError) as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
