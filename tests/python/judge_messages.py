"""Whether the released Airflow can decode messages, behind JSON lines: one request a line, one answer a line.

    {"site-packages": true}                              the folder of the installed packages
    {"versions": true}                                   the schema versions that it can migrate, the newest first
    {"union": UNION, "decoded": [[VERSION, BODY], ...]}  why the union can't decode each body; null if it can

UNION: `ToSupervisor` or `ToManager`, which get a body as from an executable with the schema VERSION, or `ToTask` or
`ToDagProcessor`, which get it from the Airflow itself.
"""

import json
import logging
import sys
import sysconfig
import types

import structlog

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

from airflow.dag_processing import processor  # noqa: E402
from airflow.sdk.execution_time import comms, supervisor  # noqa: E402
from airflow.sdk.execution_time.schema import bundle  # noqa: E402
from pydantic import TypeAdapter, ValidationError  # noqa: E402

DECODERS = {
    "ToSupervisor": TypeAdapter(comms.ToSupervisor),
    "ToTask": TypeAdapter(comms.ToTask),
    "ToManager": TypeAdapter(processor.ToManager),
    "ToDagProcessor": TypeAdapter(processor.ToDagProcessor),
}


def decode(union, version, body):
    """As `ActivitySubprocess.handle_requests` does with the body of a frame, and `CommsDecoder` with that of a reply."""
    if union in ("ToSupervisor", "ToManager"):
        process = types.SimpleNamespace(_subprocess_schema_version=version)
        body = supervisor.ActivitySubprocess._deserialize_request(process, body)
    DECODERS[union].validate_python(body)


def why_not(union, version, body):
    try:
        decode(union, version, body)
    except ValidationError as error:
        return str(error)
    return None


def answer(request):
    if "site-packages" in request:
        return sysconfig.get_path("purelib")
    if "versions" in request:
        return [version.value for version in bundle.versions]
    return [why_not(request["union"], version, body) for version, body in request["decoded"]]


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
