"""The scans of a released Airflow over a folder, again and again, as fast as they can, behind JSON lines.

    {"root": PATH, "bundle": PATH, "dag_id": ID, "allowed": [SHA256, ...], "user": UID}

starts a loop, as that user: of the files below `root` that a worker looks at, `bundle` alone must be one that it may take, the
coordinator must choose it for the dag, the Dag processor (3.4) must list it alone, and the file must be one of those whose digests
are allowed. The answer is {"started": true}. The next line, whatever it is, ends the loop: {"scans": N, "seen": {SHA256: N},
"problems": {TEXT: N}}.
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

from airflow.sdk.coordinators.executable import coordinator  # noqa: E402

if hasattr(coordinator, "_find_executables"):
    # 3.3 opens each executable file.
    candidates = coordinator._find_executables

    def listed(root):
        return None

else:
    from airflow.sdk.coordinators.executable._dag_importer import ExecutableDagImporter
    from airflow.sdk.importers.base import FilesystemDagDefinition

    importer = ExecutableDagImporter(bundle_name="rust")

    def candidates(roots):
        """3.4 opens each file, and goes on with those that end in the magic."""
        for path in coordinator._find_bundle_files(roots):
            if importer.might_contain_dag(FilesystemDagDefinition(path=path), safe_mode=True):
                yield path

    def listed(root):
        definitions = importer.list_dag_definitions(types.SimpleNamespace(path=root, name="rust"))
        return [str(definition.path) for definition in definitions]


def scan(request, report):
    root = pathlib.Path(request["root"])
    bundle = request["bundle"]
    problems = report["problems"]
    found = [str(path) for path in candidates([root])]
    if found != [bundle]:
        problems[f"the scan finds {found}"] += 1
    found = listed(root)
    if found not in (None, [bundle]):
        problems[f"the Dag processor lists {found}"] += 1
    try:
        chosen = coordinator._Bundle.find([root], request["dag_id"])
        if str(chosen.path) != bundle or chosen.schema_version != "2026-06-16":
            problems[f"the coordinator would run {chosen.path} with version {chosen.schema_version}"] += 1
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
