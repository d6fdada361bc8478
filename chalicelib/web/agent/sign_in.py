"""Signing in and out. Cognito keeps the passwords; who is an agent is said by the live desk.

There is no session yet that a form could be bound to, so a cookie of its own takes its place: the
form carries the signature of the cookie's value, and only a page of ours can have made both.
"""

from __future__ import annotations

import re
from functools import partial

from chalice.app import Response

from chalicelib.errors import Invalid, TooMany, Unauthenticated
from chalicelib.people.service import is_address
from chalicelib.ports import Challenge
from chalicelib.web import csrf, pages, session
from chalicelib.web.routing import Call

PASSWORD_LIMIT = 256
SIGN_IN, NEW_PASSWORD = "sign_in", "new_password"
# Whatever else stands in an address cannot lead away from the desk, or is not worth going back to.
_OWN_PATH = re.compile(r"/agent/[\w/-]*(\?[\w=&%.+~-]*)?", re.ASCII)


def show(call: Call) -> Response:
    """The sign-in page."""
    return _form(call, 200, SIGN_IN, back_to=_own_path(call.query.get("back_to", "")))


def sign_in(call: Call) -> Response:
    """Start a session for an agent of the live desk who knows the password."""
    email, password = _typed(call, "email").strip().lower(), _typed(call, "password")
    ask = partial(_form, call, state=SIGN_IN, email=email, back_to=_back_to(call))
    if not _is_ours(call, SIGN_IN):
        return ask(403, error="expired")
    if not is_address(email) or not 0 < len(password) <= PASSWORD_LIMIT:
        return ask(401, error="wrong")
    try:
        challenge = call.ports.identity.sign_in(email, password)
    except Unauthenticated:
        return ask(401, error="wrong")
    except TooMany:
        return ask(429, error="too_many")
    return _enter(call, email, challenge)


def set_password(call: Call) -> Response:
    """Answer the challenge for a new password, and start the session."""
    email, password = _typed(call, "email"), _typed(call, "password")
    challenge = _typed(call, "challenge")
    start_again = partial(_form, call, state=SIGN_IN, email=email, back_to=_back_to(call))
    ask = partial(start_again, state=NEW_PASSWORD, challenge=challenge)
    if not _is_ours(call, NEW_PASSWORD, email) or not challenge:
        return start_again(403, error="expired")
    if password != _typed(call, "repeated"):
        return ask(400, error="different")
    try:
        next_challenge = _set_password(call, email, password, challenge)
    except Invalid:
        return ask(400, error="weak")
    except Unauthenticated:
        return start_again(401, error="expired")
    except TooMany:
        return ask(429, error="too_many")
    return _enter(call, email, next_challenge)


def _set_password(call: Call, email: str, password: str, challenge: str) -> Challenge | None:
    if not 0 < len(password) <= PASSWORD_LIMIT:
        raise Invalid("Choose another password.", fields={"password": "1 to 256 characters"})
    return call.ports.identity.set_password(email, password, challenge)


def sign_out(call: Call) -> Response:
    """Take the session's cookie back."""
    response = pages.see_other(call, "/agent/sign-in")
    response.headers["Set-Cookie"] = session.cookie(call.ports, "", max_age=0)
    return response


def _enter(call: Call, email: str, challenge: Challenge | None) -> Response:
    ask = partial(_form, call, email=email, back_to=_back_to(call))
    if challenge and challenge.name == "NEW_PASSWORD_REQUIRED":
        return ask(200, NEW_PASSWORD, challenge=challenge.session)
    if challenge:
        return ask(401, SIGN_IN, error="unsupported")
    agent = call.desk.agent_at(email)
    if agent is None:
        # Somebody with a password who works here no longer is told no more than anybody else.
        return ask(401, SIGN_IN, error="wrong")
    response = pages.see_other(call, _back_to(call) or pages.INBOX)
    response.headers["Set-Cookie"] = session.cookie(call.ports, session.start(call.ports, agent))
    return response


def _form(
    call: Call,
    status: int,
    state: str,
    *,
    email: str = "",
    challenge: str = "",
    error: str | None = None,
    back_to: str = "",
) -> Response:
    value = call.cookie(_cookie_name(call))
    if not value.isalnum():
        value = call.ports.new_id()
    token = csrf.token(call.ports.keys(), _owner(state, value, email))
    response = pages.html(
        call,
        "agent/sign_in.html",
        status,
        state=state,
        email=email,
        challenge=challenge,
        error=error,
        back_to=back_to,
        csrf_token=token,
    )
    cookie = f"{_cookie_name(call)}={value}; {session.attributes(call.ports)}"
    response.headers["Set-Cookie"] = cookie
    return response


def _is_ours(call: Call, state: str, email: str = "") -> bool:
    value = call.cookie(_cookie_name(call))
    token = _typed(call, "csrf_token")
    return bool(value) and csrf.is_valid(call.ports.keys(), _owner(state, value, email), token)


def _owner(state: str, value: str, email: str) -> str:
    # A form for a new password is made for the one address whose old password was right.
    return f"{state} {value} {email if state == NEW_PASSWORD else ''}"


def _cookie_name(call: Call) -> str:
    return f"{session.name(call.ports)}-form"


def _typed(call: Call, field: str) -> str:
    return str(call.body.get(field, ""))


def _back_to(call: Call) -> str:
    return _own_path(_typed(call, "back_to"))


def _own_path(path: str) -> str:
    """The path if it is one of the agents' pages, else nothing: nobody is sent anywhere else."""
    return path if _OWN_PATH.fullmatch(path) else ""
