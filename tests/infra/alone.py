"""Runs the functions of an unpacked package that has nothing beside it.

Started as `python -I -S alone.py FOLDER`: no other packages are on the path. Takes one request as
JSON a line, `{"function", "event"}`, and answers with what the function returned and which calls
of AWS it made; `{"desk": body}` makes a configuration the live one.
"""

import json
import os
import sys


def main(folder):
    # The functions log to standard output, so the answers get a channel of their own.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.path.insert(0, folder)
    calls = record_calls()
    import app

    for line in sys.stdin:
        request = json.loads(line)
        calls.clear()
        answer = {"answer": answer_of(app, request), "calls": calls, "modules": strangers(folder)}
        answers.write(json.dumps(answer, default=str) + "\n")
        answers.flush()


def record_calls():
    from botocore.client import BaseClient

    calls = []
    make = BaseClient._make_api_call

    def recorded(client, operation, params):
        made = {key: value for key, value in params.items() if key not in {"Body", "Content"}}
        calls.append((client.meta.service_model.service_name, operation, made))
        return make(client, operation, params)

    BaseClient._make_api_call = recorded
    return calls


def answer_of(app, request):
    if "desk" in request:
        from chalicelib.desk.service import apply

        return apply(app.ports(), request["desk"])
    return getattr(app, request["function"])(request["event"], None)


def strangers(folder):
    """Modules from anywhere but the package and Python itself."""
    ours = (folder, sys.base_prefix)
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return [name for name in files if name and not name.startswith((*ours, __file__))]


if __name__ == "__main__":
    main(sys.argv[1])
