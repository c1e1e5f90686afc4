"""Says what PyYAML's pure Python SafeLoader does with texts.

Reads one JSON string a line, writes one line for each:

    ok DUMP             a value; see describe() and dump()
    yaml LINE COLUMN    a YAMLError, with its place (from 1) or "- -"
    raises NAME         another exception
    slow                no answer within some seconds
"""

import datetime
import json
import signal
import struct
import sys

import yaml

SECONDS = 10


class Slow(BaseException):
    pass


def on_alarm(_signal, _frame):
    raise Slow


def describe(value, containers, queue):
    """Scalars as text, collections as the number of the object, in order of first sight."""
    if value is None:
        return "n"
    if isinstance(value, bool):
        return f"b{value:d}"
    if isinstance(value, int):
        return f"i{value:x}"
    if isinstance(value, float):
        return "fnan" if value != value else "f" + struct.pack(">d", value).hex()
    if isinstance(value, str):
        return "s" + value.encode("utf-8", "surrogatepass").hex()
    if isinstance(value, bytes):
        return "y" + value.hex()
    if isinstance(value, datetime.datetime):
        offset = "-" if value.tzinfo is None else int(value.utcoffset().total_seconds()) // 60
        return (
            f"t{value.year}.{value.month}.{value.day}.{value.hour}.{value.minute}.{value.second}"
            f".{value.microsecond}.{offset}"
        )
    if isinstance(value, datetime.date):
        return f"d{value.year}.{value.month}.{value.day}"
    if isinstance(value, tuple):
        return "(" + ",".join(describe(part, containers, queue) for part in value) + ")"
    if id(value) not in containers:
        containers[id(value)] = len(containers)
        queue.append(value)
    return f"#{containers[id(value)]}"


def dump(root):
    containers, queue = {}, []
    parts = [describe(root, containers, queue)]
    done = 0
    while done < len(queue):
        value = queue[done]
        done += 1
        if isinstance(value, list):
            parts.append("[" + ",".join(describe(item, containers, queue) for item in value) + "]")
        elif isinstance(value, dict):
            entries = []
            for key, item in value.items():
                key = describe(key, containers, queue)
                entries.append(key + ":" + describe(item, containers, queue))
            parts.append("{" + ",".join(entries) + "}")
        else:
            parts.append("<" + ",".join(sorted(describe(item, containers, queue) for item in value)) + ">")
    return " ".join(parts)


def judge(text):
    try:
        return "ok " + dump(yaml.load(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        return "yaml - -" if mark is None else f"yaml {mark.line + 1} {mark.column + 1}"
    except Slow:
        return "slow"
    except Exception as error:
        return "raises " + type(error).__name__


def main():
    if yaml.__version__ != "6.0.3":
        sys.exit(f"this is PyYAML {yaml.__version__}, and 6.0.3 is wanted")
    can_alarm = hasattr(signal, "SIGALRM")
    if can_alarm:
        signal.signal(signal.SIGALRM, on_alarm)
    for line in sys.stdin.buffer:
        if can_alarm:
            signal.alarm(SECONDS)
        print(judge(json.loads(line)))
        if can_alarm:
            signal.alarm(0)


main()
