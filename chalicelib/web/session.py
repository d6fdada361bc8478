"""An agent's session: a signed cookie that names the agent and when it ends. No storage.

The agent is looked up in the live desk with every request, so whoever is taken out of the desk is
signed out within half a minute.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from chalicelib.desk.model import Agent, Desk
from chalicelib.errors import Unauthenticated
from chalicelib.ports import Ports
from chalicelib.tickets.access import Who

LIFE = timedelta(hours=12)


def name(ports: Ports) -> str:
    """The cookie's name. Browsers send a `__Host-` cookie back to this very host only."""
    return "__Host-desk" if ports.config.url.startswith("https:") else "desk"


def start(ports: Ports, agent: Agent) -> str:
    """The value of a new session's cookie."""
    ends_at = int((ports.clock() + LIFE).timestamp())
    text = f"{agent.id}.{ends_at}.{ports.new_id()}"
    return f"{text}.{ports.keys().sign('session', text)}"


def identify(ports: Ports, value: str, desk: Desk) -> Who:
    """The agent behind a cookie, or Unauthenticated."""
    text, _, signature = value.rpartition(".")
    agent_id, _, rest = text.partition(".")
    ends_at = rest.partition(".")[0]
    agent = desk.agents.get(agent_id)
    if agent is None or not ends_at.isdigit():
        raise Unauthenticated("Sign in first.")
    is_over = datetime.fromtimestamp(int(ends_at), UTC) <= ports.clock()
    if is_over or not ports.keys().is_signed("session", text, signature):
        raise Unauthenticated("Your session is over: sign in again.")
    return Who.from_agent(agent)


def cookie(ports: Ports, value: str, *, max_age: int = int(LIFE.total_seconds())) -> str:
    """The Set-Cookie header."""
    return f"{name(ports)}={value}; {attributes(ports)}; Max-Age={max_age}"


def attributes(ports: Ports) -> str:
    secure = "; Secure" if ports.config.url.startswith("https:") else ""
    return f"Path=/; HttpOnly; SameSite=Lax{secure}"
