"""The released Airflow reader behind JSON lines: one request a line, one answer a line.

    {"judge": PATH}                 what `_Bundle.find` says of a file or folder, for every dag_id that it may serve
    {"trees": [BYTES, ...]}         the same for each file below a folder, and which file is started for a dag; from 3.4 on also
                                    what the Dag processor lists, and what it makes of each
    {"listed": [PATH, ...]}         what the Dag processor lists below each folder, by its ignore files; from 3.4 on
    {"become": ID}                  gives up this process's rights: the user and the group are ID from then on
    {"metadata": PATH}              the manifest, as `_read_bundle_metadata` parses it
    {"compare": PATH, "json": TEXT} whether that manifest equals the JSON text, packer-owned keys apart

BYTES: a path as a list of numbers, because not every path is a text.

Answers: {"usable": bool, "served": {dag_id: path}, "raises": NAME or null, "error": TEXT or null},
[{"files": [{"path": BYTES, "ids": [ID, ...], "raises": NAME or null}], "found": {ID: BYTES or null},
"listed": [{"path": BYTES, "error": TEXT or null, "sources": [TEXT, ...]}] or TEXT}], [[PATH, ...] or TEXT],
ID, the manifest, {"equal": bool, "difference": TEXT}. A TEXT in the place of a list is the exception that ends the listing.
"""

import json
import logging
import os
import pathlib
import signal
import sys
import types

import structlog

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
# Airflow writes warnings of its own to the standard output.
ANSWERS, sys.stdout = sys.stdout, sys.stderr

from airflow.sdk.coordinators.executable import coordinator  # noqa: E402

try:
    # From 3.4 on.
    from airflow.sdk.coordinators import _bundle_metadata as yaml_user
    from airflow.sdk.coordinators.executable import _bundle_reader as bundle_reader
    from airflow.sdk.coordinators.executable._dag_importer import ExecutableDagImporter
    from airflow.sdk.importers import FilesystemDagDefinition

    find_files = coordinator._find_bundle_files
except ImportError:
    yaml_user = coordinator
    ExecutableDagImporter = None
    find_files = coordinator._find_executables

PACKER_KEYS = {"source", "entrypoint_path", "sources", "digests"}


def candidates(path):
    """Each string that could be a dag_id of the file, by the reader's own functions. May raise what it raises."""
    for file in find_files([path]):
        metadata = coordinator._read_bundle_metadata(file)
        if metadata is not None:
            yield from (key for key in coordinator._dag_ids(metadata) if isinstance(key, str))


def shown(text):
    """Half surrogate pairs, which YAML escapes can make and JSON readers refuse, replaced."""
    return "".join("\ufffd" if 0xD800 <= ord(char) < 0xE000 else char for char in text)


def judge(path):
    answer = {"usable": False, "served": {}, "raises": None, "error": None}
    try:
        for dag_id in dict.fromkeys(candidates(path)):
            try:
                answer["served"][shown(dag_id)] = str(coordinator._Bundle.find([path], dag_id).path)
            except FileNotFoundError as error:
                answer["error"] = str(error)
    except Exception as error:
        answer["raises"] = type(error).__name__
    answer["usable"] = bool(answer["served"]) and answer["raises"] is None
    return answer


class Remembering:
    """PyYAML as the reader uses it, that loads no text twice in a row: a search loads a file once for each of its dags."""

    YAMLError = yaml_user.yaml.YAMLError

    def __init__(self):
        self.load = yaml_user.yaml.safe_load
        self.known = {}

    def safe_load(self, text):
        if text not in self.known:
            if len(self.known) > 50:
                self.known.clear()
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            try:
                self.known[text] = self.load(text), None
            except Exception as error:
                self.known[text] = None, error
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        value, error = self.known[text]
        if error is not None:
            raise error
        return value


SECONDS = 20


class Slow(Exception):
    """No answer within some seconds."""


def on_alarm(_signal, _frame):
    raise Slow


def served(file):
    """The dag ids that a search which meets this file alone starts it for. May raise what the search raises."""
    for dag_id in dict.fromkeys(candidates(file)):
        try:
            coordinator._Bundle.find([file], dag_id)
        except FileNotFoundError:
            continue
        yield dag_id


def tree(root):
    files, ids = [], {}
    for file in find_files([root]):
        answer = {"path": [*os.fsencode(file)], "ids": [], "raises": None}
        try:
            found = list(served(file))
            answer["ids"] = [*dict.fromkeys(map(shown, found))]
            ids.update(dict.fromkeys(found))
        except Exception as error:
            answer["raises"] = type(error).__name__
        files.append(answer)
    started = {}
    for dag_id in ids:
        try:
            path = coordinator._Bundle.find([root], dag_id).path
            started[shown(dag_id)] = [*os.fsencode(path)]
        except Exception as error:
            # Null is an exception. A dag that was found a moment ago and now is not would be no file's.
            started[shown(dag_id)] = [] if isinstance(error, FileNotFoundError) else None
    answer = {"files": files, "found": started}
    if ExecutableDagImporter is not None:
        answer["listed"] = listed(root)
    return answer


def listing(root):
    """The files that the Dag processor lists below a folder."""
    importer = ExecutableDagImporter(bundle_name="tested")
    bundle = types.SimpleNamespace(path=root)
    return [definition.path for definition in importer.list_dag_definitions(bundle)]


def listing_of(root):
    try:
        return sorted(str(path.relative_to(root)) for path in listing(root))
    except Exception as error:
        return shown(f"{type(error).__name__}: {error}")


def listed(root):
    try:
        paths = listing(root)
    except Exception as error:
        return shown(f"{type(error).__name__}: {error}")
    answers = []
    for path in paths:
        answer = {"path": [*os.fsencode(path)], "error": None, "sources": []}
        try:
            COORDINATOR._build_parse_dag_command(path=path)
        except Exception as error:
            answer["error"] = shown(f"{type(error).__name__}: {error}")
        else:
            answer["sources"] = [*dict.fromkeys(map(shown, sources(path)))]
        answers.append(answer)
    return answers


def sources(path):
    """What the UI shows in the place of the sources: of a Dag without a file of its own, and of each that has one."""
    importer = ExecutableDagImporter(bundle_name="tested")
    definition = FilesystemDagDefinition(path)
    files = coordinator._read_bundle_metadata(path).get("dag_source_paths")
    ids = [key for key in files if isinstance(key, str)] if isinstance(files, dict) else []
    for dag_id in [None, *ids]:
        try:
            importer.get_source_code(definition, dag_id)
        except Exception as error:
            yield str(error)


def trees(roots):
    yaml_user.yaml = REMEMBERING
    coordinator._digest_cache.clear()
    if ExecutableDagImporter is not None:
        bundle_reader._load_index.cache_clear()
    signal.signal(signal.SIGALRM, on_alarm)
    return [tree(pathlib.Path(os.fsdecode(bytes(root)))) for root in roots]


REMEMBERING = Remembering()
COORDINATOR = None if ExecutableDagImporter is None else coordinator.ExecutableCoordinator()


def become(user):
    # What is imported late must be there before.
    yaml_user.get_schema_version_migrator()
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    return os.geteuid()


def difference(left, right, where=""):
    """Where two values differ, types included; None if they are equal."""
    if type(left) is not type(right):
        return f"{where}: {left!r:.80} is no {right!r:.80}"
    if isinstance(left, dict):
        for key in left.keys() | right.keys():
            if key not in left or key not in right:
                return f"{where}: the key {key!r:.80} is on one side only"
        if any(type(a) is not type(b) for a, b in zip(sorted(left, key=repr), sorted(right, key=repr))):
            return f"{where}: keys of different types"
        return next(filter(None, (difference(left[key], right[key], f"{where}.{key}") for key in left)), None)
    if isinstance(left, list):
        if len(left) != len(right):
            return f"{where}: {len(left)} items, not {len(right)}"
        return next(filter(None, (difference(a, b, f"{where}[{i}]") for i, (a, b) in enumerate(zip(left, right)))), None)
    # `repr` tells -0.0 from 0.0, and knows nan.
    return None if repr(left) == repr(right) else f"{where}: {left!r:.80} is not {right!r:.80}"


def metadata(path):
    data = coordinator._read_bundle_metadata(path)
    if data is None:
        raise ValueError(f"{path} is no bundle for the reader")
    return data


def compare(request, data):
    expected = json.loads(request["json"].removeprefix("\ufeff"))
    for key in PACKER_KEYS:
        expected.pop(key, None)
        if data.pop(key, None) is None:
            return {"equal": False, "difference": f"no {key}"}
    found = difference(data, expected)
    return {"equal": found is None, "difference": found}


def answer(request):
    if "judge" in request:
        return judge(pathlib.Path(request["judge"]))
    if "trees" in request:
        return trees(request["trees"])
    if "listed" in request:
        return [listing_of(pathlib.Path(root)) for root in request["listed"]]
    if "become" in request:
        return become(request["become"])
    if "metadata" in request:
        return metadata(pathlib.Path(request["metadata"]))
    if "compare" in request:
        return compare(request, metadata(pathlib.Path(request["compare"])))
    raise ValueError(f"unknown request {request}")


def main():
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=ANSWERS, flush=True)


main()
