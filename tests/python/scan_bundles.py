"""The released Airflow scan of a folder, again and again, as fast as it can, behind JSON lines.

    {"root": PATH, "bundle": PATH, "dag_id": ID, "allowed": [SHA256, ...], "user": UID}

starts a loop, as that user: every executable below `root`, as the coordinator finds them, must be `bundle` alone,
the coordinator must choose it for the dag, and the file must be one of those whose digests are allowed. The answer is
{"started": true}. The next line, whatever it is, ends the loop: {"scans": N, "seen": {SHA256: N}, "problems": {TEXT: N}}.
"""

import collections
import hashlib
import json
import logging
import os
import pathlib
import select
import sys
import types

import structlog

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

from airflow.sdk.coordinators.executable import ExecutableCoordinator  # noqa: E402
from airflow.sdk.coordinators.executable.coordinator import _find_executables  # noqa: E402


def scan(request, report):
    root = pathlib.Path(request["root"])
    bundle = request["bundle"]
    problems = report["problems"]
    found = [str(path) for path in _find_executables([root])]
    if found != [bundle]:
        problems[f"the scan finds {found}"] += 1
    coordinator = ExecutableCoordinator(executables_root=[root])
    try:
        command, version = coordinator._build_execute_task_command(what=types.SimpleNamespace(dag_id=request["dag_id"]))
        if command != [bundle] or version != "2026-06-16":
            problems[f"the coordinator would run {command} with version {version}"] += 1
    except Exception as error:
        problems[f"the coordinator finds nothing: {error}"] += 1
    try:
        digest = hashlib.sha256(pathlib.Path(bundle).read_bytes()).hexdigest()
        report["seen"][digest] += 1
        if digest not in request["allowed"]:
            problems[f"the bundle is neither the old nor the new one: {digest}"] += 1
    except OSError as error:
        problems[f"the bundle cannot be read: {error}"] += 1
    report["scans"] += 1


def main():
    while line := sys.stdin.readline():
        request = json.loads(line)
        report = {"scans": 0, "seen": collections.Counter(), "problems": collections.Counter()}
        # What is imported only now may be closed to that user.
        scan(request, {"scans": 0, "seen": collections.Counter(), "problems": collections.Counter()})
        os.seteuid(request["user"])
        print(json.dumps({"started": True}), flush=True)
        while not select.select([sys.stdin], [], [], 0)[0] or report["scans"] == 0:
            scan(request, report)
        sys.stdin.readline()
        os.seteuid(os.getuid())
        print(json.dumps(report), flush=True)


main()
