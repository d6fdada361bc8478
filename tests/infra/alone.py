"""Runs the functions of an unpacked package that has nothing beside it.

Started as `python -I -S alone.py FOLDER`: no other packages are on the path. Takes one request as
JSON a line, `{"function", "event"}`, and answers with what the function returned or raised, which
calls of AWS it made and which modules came from elsewhere. `{"desk": body, "token": token}` makes
a configuration the live one and lets a program in that may export.
"""

import json
import os
import sys
import traceback


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
        try:
            answer = {"answer": answer_of(app, request), "calls": calls}
        except Exception:  # noqa: BLE001 - Lambda would report it and live on, and so do we
            answer = {"error": traceback.format_exc()}
        answer["strangers"] = strangers(folder)
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
        from chalicelib.web.store import add_token

        version = apply(app.ports(), request["desk"])
        add_token(request["token"], name="auditor", scopes=["exports", "rules:read"])
        return version
    return getattr(app, request["function"])(request["event"], None)


def strangers(folder):
    """Modules from anywhere but the package and Python itself."""
    ours = (folder, sys.base_prefix)
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return [name for name in files if name and not name.startswith((*ours, __file__))]


if __name__ == "__main__":
    main(sys.argv[1])
