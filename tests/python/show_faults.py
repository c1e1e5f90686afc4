"""What a released Airflow prints when a deployment is at fault, behind JSON lines: one request a line, one answer a line.

    {"run": {"settings": {VARIABLE: TEXT}, "queue": TEXT, "chmod": BOOL}}
                                          a worker's supervisor runs the task `extract` of the Dag `sales`, without an API server;
                                          without `chmod`, the file system refuses to change modes
    {"parse": {"settings": {..}, "file": PATH, "folder": PATH}}
                                          the Dag processor parses a file of the Dag bundle `rust` in that folder; from 3.4 on
    {"list": PATH}                        the Dag processor lists the files of a folder; from 3.4 on
    {"serialize": TEXT}                   the Dag processor serializes the Dags of a Python file
    {"execute": TEXT}                     a worker runs the first task of such a file as a Python task
    {"configuration": TEXT}               Airflow reads this `airflow.cfg`
    {"default": [SECTION, KEY]}           the default of a setting
    {"kwarg": NAME}                       the default of an argument of the coordinator

Answers: {"worker": TEXT, "debug": TEXT, "task": TEXT} what the worker's log has, what it has at DEBUG beyond that, and the task's log;
{"default": TEXT or null}, the text being `not there`, `an error` or `required` where there is none; else {"error": TEXT}, empty if
there is none.
"""

import errno
import inspect
import json
import logging
import os
import pathlib
import subprocess
import sys
import tempfile
import traceback
import types
import uuid

# Airflow writes warnings of its own to the standard output.
ANSWERS, sys.stdout = sys.stdout, sys.stderr
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"

import structlog  # noqa: E402

from airflow.configuration import conf  # noqa: E402
from airflow.dag_processing.bundles import manager  # noqa: E402
from airflow.executors.workloads import BundleInfo  # noqa: E402
from airflow.sdk.api.datamodels._generated import TaskInstance  # noqa: E402
from airflow.sdk.execution_time import supervisor  # noqa: E402
from airflow.sdk.execution_time.coordinator import reset_coordinator_manager  # noqa: E402

# The variables that a request sets.
SETTINGS = ("AIRFLOW__SDK__", "AIRFLOW__DAG_PROCESSOR__", "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT")
# What the worker logs: the lines, each with whether it is one of DEBUG.
LINES = []


def collect(_logger, method, event):
    """Renders a record as Airflow's console does."""
    is_debug = method == "debug"
    text = RENDER(None, method, structlog.processors.format_exc_info(None, method, event))
    LINES.append((is_debug, text))
    raise structlog.DropEvent


RENDER = structlog.dev.ConsoleRenderer(colors=False)
structlog.configure(
    processors=[collect],
    wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
    cache_logger_on_first_use=False,
)


def set_up(settings):
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        del os.environ[name]
    os.environ.update(settings)
    reset_coordinator_manager()
    if hasattr(manager, "_load_bundle_config_snapshot"):
        # From 3.4 on.
        manager._load_bundle_config_snapshot.cache_clear()
    LINES.clear()


def refuse(path, _mode):
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))


def run(request):
    set_up(request["settings"])
    task = TaskInstance.model_validate({
        "id": uuid.uuid4(),
        "dag_id": "sales",
        "task_id": "extract",
        "run_id": "manual",
        "try_number": 1,
        "dag_version_id": uuid.uuid4(),
        "queue": request["queue"],
    })
    failure = ""
    chmod = pathlib.Path.chmod
    if not request["chmod"]:
        pathlib.Path.chmod = refuse
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder, "task.log")
        try:
            supervisor.supervise_task(
                ti=task,
                bundle_info=BundleInfo(name="dags-folder", version=None),
                dag_rel_path="sales.py",
                token="",
                dry_run=True,
                log_path=str(log),
            )
        except Exception:
            # The executor's log ends with it.
            failure = traceback.format_exc()
        finally:
            pathlib.Path.chmod = chmod
        return {
            "worker": "\n".join([text for is_debug, text in LINES if not is_debug] + [failure]),
            "debug": "\n".join(text for is_debug, text in LINES if is_debug),
            "task": log.read_text() if log.exists() else "",
        }


def parse(request):
    from airflow.dag_processing.lang_sdk_processor import LangSDKDagFileProcessorProcess

    from airflow.sdk.coordinators.executable._dag_importer import ExecutableDagImporter

    set_up(request["settings"])
    file, folder = pathlib.Path(request["file"]), pathlib.Path(request["folder"])
    listed = ExecutableDagImporter(bundle_name="rust").list_dag_definitions(types.SimpleNamespace(path=folder))
    if file not in [definition.path for definition in listed]:
        return {"error": ""}
    result = LangSDKDagFileProcessorProcess.run(
        path=file,
        bundle_path=folder,
        bundle_name="rust",
        dag_file_rel_path=str(file.relative_to(folder)),
        logger=structlog.get_logger(),
    )
    return {"error": "\n".join((result.import_errors or {}).values())}


def list_files(root):
    from airflow.sdk.coordinators.executable._dag_importer import ExecutableDagImporter

    try:
        list(ExecutableDagImporter(bundle_name="rust").list_dag_definitions(types.SimpleNamespace(path=root)))
    except Exception:
        return {"error": traceback.format_exc()}
    return {"error": ""}


def dags_of(text):
    """The Dags of a Python file. A stub's source is read from the file."""
    from airflow.sdk import DAG

    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(text)
        file.flush()
        names = {"__name__": "sales", "__file__": file.name}
        sys.modules["sales"] = types.ModuleType("sales")
        exec(compile(text, file.name, "exec"), names)
        return [value for value in names.values() if isinstance(value, DAG)]


def serialize(text):
    from airflow.serialization.serialized_objects import DagSerialization

    try:
        for dag in dags_of(text):
            DagSerialization.to_dict(dag)
    except Exception:
        return {"error": traceback.format_exc()}
    return {"error": ""}


def execute(text):
    [dag] = dags_of(text)
    try:
        dag.tasks[0].execute({})
    except Exception:
        return {"error": traceback.format_exc()}
    return {"error": ""}


def configuration(text):
    with tempfile.TemporaryDirectory() as home:
        pathlib.Path(home, "airflow.cfg").write_text(text)
        command = [sys.executable, "-c", "import airflow.configuration"]
        done = subprocess.run(command, env={**os.environ, "AIRFLOW_HOME": home}, capture_output=True, text=True)
        return {"error": done.stderr.replace(home, "/opt/airflow") if done.returncode else ""}


def default(setting):
    section, key = setting
    options = conf.configuration_description.get(section, {}).get("options", {})
    return {"default": options[key]["default"] if key in options else "not there"}


def kwarg(name):
    from airflow.sdk.coordinators.executable import ExecutableCoordinator

    parameter = inspect.signature(ExecutableCoordinator).parameters.get(name)
    if parameter is None:
        return {"default": "an error"}
    if parameter.default is parameter.empty:
        return {"default": "required"}
    return {"default": None if parameter.default is None else str(parameter.default)}


DEEDS = {"run": run, "parse": parse, "list": list_files, "serialize": serialize, "execute": execute, "configuration": configuration}
DEEDS |= {"default": default, "kwarg": kwarg}

for line in sys.stdin:
    [(deed, request)] = json.loads(line).items()
    print(json.dumps(DEEDS[deed](request)), file=ANSWERS, flush=True)
