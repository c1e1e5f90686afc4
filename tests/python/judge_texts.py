"""What the released client and server make of ids and keys, behind JSON lines: one request a line, one answer a line.

    {"legal": [ID, ...]}               whether the server accepts each as a dag or task id; null if that depends on Python
    {"carried": [[PLACE, TEXT], ...]}  why the client or the server harms each text at this place of a URL; null if they do not
    {"paths": true}                    the paths in the client's source that have something put in

PLACE: "variable key", "connection id", "XCom key", "dag id", "run id", "task id", "state key".

The client of the released task SDK calls the released execution API over HTTP on loopback, by uvicorn, as in production. Each
call must reach the endpoint that it is for, once, with the text as it was. Variables and connections are also looked up in the
database: nothing else may have changed. The other endpoints are called up to their door: they compare ids with `=`.
"""

import inspect
import json
import os
import re
import sys
import tempfile
import threading
import unicodedata
import uuid

HOME = tempfile.TemporaryDirectory()
os.environ["AIRFLOW_HOME"] = HOME.name
os.environ["AIRFLOW__WORKERS__EXECUTION_API_RETRIES"] = "1"

# Airflow writes its log to standard output, which is for answers.
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

from airflow.exceptions import AirflowException  # noqa: E402
from airflow.utils.helpers import validate_key  # noqa: E402


def legal(key):
    if any(unicodedata.category(char) == "Cn" for char in key):
        # A character that this Python's Unicode does not know yet.
        return None
    try:
        validate_key(key)
    except (AirflowException, ValueError):
        return False
    return True


class Server:
    """The execution API on a port of loopback, with an empty database, and what its endpoints were called with."""

    REAL = {"get_variable", "put_variable", "delete_variable", "get_connection"}
    TI = uuid.UUID(int=1)

    def __init__(self):
        import fastapi.routing
        import uvicorn
        from airflow import settings
        from airflow.api_fastapi.execution_api import security
        from airflow.api_fastapi.execution_api.app import InProcessExecutionAPI
        from airflow.models import import_all_models
        from airflow.models.base import Base
        from airflow.sdk.api.client import Client

        import_all_models()
        Base.metadata.create_all(settings.engine)
        self.calls = []
        self.path = {}
        solve, run = fastapi.routing.solve_dependencies, fastapi.routing.run_endpoint_function

        async def solving(*, request, **kwargs):
            self.path = request.path_params
            return await solve(request=request, **kwargs)

        async def running(*, dependant, **kwargs):
            name = dependant.call.__name__
            self.calls.append((name, self.path))
            if name in self.REAL:
                return await run(dependant=dependant, **kwargs)
            raise fastapi.HTTPException(404, {"reason": "not_found", "message": "not called"})

        fastapi.routing.solve_dependencies, fastapi.routing.run_endpoint_function = solving, running
        if hasattr(security, "_require_live_attempt"):
            # 3.4 looks the task instance up before it lets a state be set.
            security._require_live_attempt = admitted
        config = uvicorn.Config(InProcessExecutionAPI().app, host="127.0.0.1", port=0, log_level="critical")
        server = uvicorn.Server(config)
        threading.Thread(target=server.run, daemon=True).start()
        while not server.started:
            threading.Event().wait(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        self.client = Client(base_url=f"http://127.0.0.1:{port}/", token="")

    def call(self, expected, function, *args, **kwargs):
        """Why a call did not reach its endpoint as it was meant to, and what it returned."""
        self.calls.clear()
        result = None
        for _ in range(5):
            try:
                result = function(*args, **kwargs)
            except Exception as error:
                failed = f"{type(error).__name__}: {error} {getattr(error, 'detail', '')}"
                # A connection that was kept alive may be closed by the server just now.
                if isinstance(error, ConnectionError) or "Connection" in failed or "disconnected" in failed:
                    continue
            else:
                failed = f"returned {result!r}"
            break
        if self.calls == [expected]:
            return None, result
        return f"{expected} became {self.calls or failed}", result

    def variable(self, key):
        before = only_variables(*{"a", "b", "keys"} - {key})
        expected = {"variable_key": key}
        why, _ = self.call(("put_variable", expected), self.client.variables.set, key, "new")
        after = variables()
        if why or after != {**before, key: "new"}:
            return why or f"the variables became {after}"
        why, found = self.call(("get_variable", expected), self.client.variables.get, key)
        if why or found.value != "new":
            return why or f"{found!r} was read"
        why, _ = self.call(("delete_variable", expected), self.client.variables.delete, key)
        if why or variables() != before:
            return why or f"the variables became {variables()}"
        return None

    def connection(self, conn_id):
        with connection(conn_id):
            why, found = self.call(("get_connection", {"connection_id": conn_id}), self.client.connections.get, conn_id)
            return why or (None if getattr(found, "conn_id", None) == conn_id else f"{found!r} was read")

    def xcom(self, dag_id="d", run_id="r", task_id="t", key="k"):
        ids = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "key": key}
        xcoms = self.client.xcoms
        yield ("head_xcom", ids), xcoms.head, ids, {}
        yield ("get_xcom", ids), xcoms.get, ids, {}
        yield ("set_xcom", ids), xcoms.set, ids, {"value": 1}
        yield ("delete_xcom", ids), xcoms.delete, ids, {}
        yield ("get_mapped_xcom_by_index", {**ids, "offset": "-1"}), xcoms.get_sequence_item, ids, {"offset": -1}
        yield ("get_mapped_xcom_by_slice", ids), xcoms.get_sequence_slice, ids, {"start": None, "stop": 1, "step": None}

    def dag_run(self, dag_id="d", run_id="r"):
        ids = {"dag_id": dag_id, "run_id": run_id}
        runs = self.client.dag_runs
        yield ("trigger_dag_run", ids), runs.trigger, ids, {}
        yield ("clear_dag_run", ids), runs.clear, ids, {}
        yield ("get_dag_run", ids), runs.get_detail, ids, {}
        yield ("get_dagrun_state", ids), runs.get_state, ids, {}

    def previous(self, dag_id="d", task_id="t"):
        ids = {"dag_id": dag_id, "task_id": task_id}
        yield ("get_previous_task_instance", ids), self.client.task_instances.get_previous, ids, {}

    def state(self, key):
        store = getattr(self.client, "task_state_store", None) or self.client.task_store
        ids = {"ti_id": self.TI, "key": key}
        path = {"task_instance_id": str(self.TI), "key": key}
        yield ("get_task_state_store", path), store.get, ids, {}
        yield ("set_task_state_store", path), store.set, ids, {"value": 1, "expires_at": None}
        yield ("delete_task_state_store", path), store.delete, ids, {}

    def dag(self, dag_id):
        yield ("get_dag", {"dag_id": dag_id}), self.client.dags.get, {"dag_id": dag_id}, {}

    def calls_of(self, place, text):
        match place:
            case "XCom key":
                yield from self.xcom(key=text)
            case "dag id":
                yield from self.xcom(dag_id=text)
                yield from self.dag_run(dag_id=text)
                yield from self.previous(dag_id=text)
                yield from self.dag(text)
            case "run id":
                yield from self.xcom(run_id=text)
                yield from self.dag_run(run_id=text)
            case "task id":
                yield from self.xcom(task_id=text)
                yield from self.previous(task_id=text)
            case "state key":
                yield from self.state(text)
            case _:
                raise ValueError(place)

    def harm(self, place, text):
        if place == "variable key":
            return self.variable(text)
        if place == "connection id":
            return self.connection(text)
        for expected, function, ids, more in self.calls_of(place, text):
            why, _ = self.call(expected, function, **ids, **more)
            if why:
                return why
        return None


async def admitted(*_, **__):
    pass


def session():
    from airflow import settings

    return settings.Session()


def variables():
    from airflow.models.variable import Variable

    with session() as database:
        return {variable.key: variable.get_val() for variable in database.query(Variable)}


def only_variables(*keys):
    """Leaves just these, which must not be touched."""
    from airflow.models.variable import Variable

    with session() as database:
        database.query(Variable).delete()
        database.add_all(Variable(key=key, val="old") for key in keys)
        database.commit()
    return variables()


class connection:
    """A connection of this id while something is done. It goes past the model, which would clean the id."""

    def __init__(self, conn_id):
        self.conn_id = conn_id

    def __enter__(self):
        from airflow.models.connection import Connection
        from sqlalchemy import delete, insert

        with session() as database:
            database.execute(delete(Connection))
            values = {"conn_id": self.conn_id, "conn_type": "http", "is_encrypted": False, "is_extra_encrypted": False}
            database.execute(insert(Connection).values(**values))
            database.commit()

    def __exit__(self, *_):
        pass


def paths():
    from airflow.sdk.api import client

    return sorted(set(re.findall(r'f"([a-z][-a-zA-Z]*/[^"]*{[^"]*)"', inspect.getsource(client))))


SERVER = None


def answer(request):
    global SERVER
    if "legal" in request:
        return [legal(key) for key in request["legal"]]
    if "carried" in request:
        SERVER = SERVER or Server()
        return [SERVER.harm(place, text) for place, text in request["carried"]]
    if "paths" in request:
        return paths()
    raise ValueError(f"unknown request {request}")


def main():
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=ANSWERS, flush=True)


main()
