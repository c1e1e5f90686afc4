"""What the released Airflow finds in a worker's environment, behind JSON lines: one request a line, one answer a line.

    {"connections": [TEXT, ...]}                 what a task gets of each text of an AIRFLOW_CONN_*: its fields; null if it is passed over
    {"variables": [[KEY, NAME], ...], "teams": B}  whether a task finds a variable of this key in the environment's variable of this name

As in a task, the backends are those that stand before the execution API on a worker, and a connection whose own URI cannot be written is
passed over (`_get_connection` in `airflow/sdk/execution_time/context.py`).
"""

import json
import os
import sys
import tempfile

HOME = tempfile.TemporaryDirectory()
os.environ["AIRFLOW_HOME"] = HOME.name

# Airflow writes its log to standard output, which is for answers.
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
os.dup2(1, 2)

from airflow.sdk.configuration import ensure_secrets_loaded  # noqa: E402
from airflow.sdk.execution_time.secrets import DEFAULT_SECRETS_SEARCH_PATH_WORKERS  # noqa: E402

BEFORE_THE_API = [name for name in DEFAULT_SECRETS_SEARCH_PATH_WORKERS if "execution_api" not in name]
(BACKEND,) = ensure_secrets_loaded(default_backends=BEFORE_THE_API)
FIELDS = ["conn_type", "host", "schema", "login", "password", "port", "extra"]


def connection(text):
    os.environ["AIRFLOW_CONN_C"] = text
    try:
        found = BACKEND.get_connection(conn_id="c")
        if not found:
            return None
        found.get_uri()
        return {field: getattr(found, field) for field in FIELDS}
    except Exception:
        return None


def variable(key, name):
    os.environ[name] = "here"
    try:
        return BACKEND.get_variable(key=key) == "here"
    finally:
        del os.environ[name]


for line in sys.stdin:
    request = json.loads(line)
    if "connections" in request:
        answer = [connection(text) for text in request["connections"]]
    else:
        os.environ["AIRFLOW__CORE__MULTI_TEAM"] = str(request["teams"])
        answer = [variable(key, name) for key, name in request["variables"]]
    print(json.dumps(answer), file=ANSWERS, flush=True)
