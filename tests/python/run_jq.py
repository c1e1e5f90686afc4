"""The program `jq` as the recipes for CI call it, with jq's own library: `jq -r FILTER FILE`."""

import sys

import jq

flag, program, path = sys.argv[1:]
assert flag == "-r", flag
with open(path, encoding="utf-8") as file:
    for value in jq.compile(program).input_text(file.read()):
        print(value if isinstance(value, str) else jq.compile(".").input_value(value).text())
