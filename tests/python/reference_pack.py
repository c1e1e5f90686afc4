"""A packer in Python, written from the format's description and independent of the one under test.

Reads one JSON request a line and answers with the bundle's path:

    {"executable": PATH, "source": TEXT, "manifest": TEXT, "output": PATH, "trailer": {FIELD: VALUE}}

`source` and `manifest` are text, embedded as UTF-8. `trailer` replaces fields: source_len, metadata_len, footer_ver,
binary_sha256 (hex), reserved (hex), magic. `{source_sha256}`, `{source_len}` and `{binary_sha256}` in the manifest
stand for those values.
"""

import hashlib
import json
import os
import struct
import sys


def pack(request):
    with open(request["executable"], "rb") as file:
        executable = file.read()
    source = request["source"].encode()
    values = {
        "source_sha256": hashlib.sha256(source).hexdigest(),
        "source_len": str(len(source)),
        "binary_sha256": hashlib.sha256(executable).hexdigest(),
    }
    manifest = request["manifest"]
    for name, value in values.items():
        manifest = manifest.replace("{" + name + "}", value)
    manifest = manifest.encode()
    fields = {
        "source_len": len(source),
        "metadata_len": len(manifest),
        "footer_ver": 1,
        "binary_sha256": values["binary_sha256"],
        "reserved": "00" * 12,
        "magic": "AFBNDL01",
        **request.get("trailer", {}),
    }
    trailer = struct.pack("<III", fields["source_len"], fields["metadata_len"], fields["footer_ver"])
    trailer += bytes.fromhex(fields["binary_sha256"]) + bytes.fromhex(fields["reserved"]) + fields["magic"].encode()
    assert len(trailer) == 64
    with open(request["output"], "wb") as file:
        file.write(executable + source + manifest + trailer)
    os.chmod(request["output"], 0o755)
    return request["output"]


for line in sys.stdin:
    print(json.dumps(pack(json.loads(line))), flush=True)
