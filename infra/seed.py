"""Fill a fresh stack: keys, the demo desk, agents who can sign in, a token, a dozen tickets.

Everything goes the way it goes in earnest: mails through intake, answers through the agents' verbs.
To seed again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from chalicelib import table
from chalicelib.config import Config
from chalicelib.desk.model import Desk
from chalicelib.desk.service import apply, live_desk
from chalicelib.intake.items import SesItem
from chalicelib.intake.model import INBOUND_PREFIX, Receipt, Verdicts
from chalicelib.intake.service import receive
from chalicelib.intake.store import ses_key
from chalicelib.ports import Ports, live
from chalicelib.tickets import service as tickets
from chalicelib.tickets.access import SCOPES, Who
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import ArticleKind
from chalicelib.web import store as web
from chalicelib.web.tokens import new_token
from infra import desk as files
from infra import keys
from infra.local.stack import Stack

PASSWORD = "Skranke-demo-1"  # noqa: S105 - of demo agents on this machine
PASSED = Verdicts(spf="PASS", dkim="PASS", dmarc="PASS", spam="PASS", virus="PASS")


def seed(stack: Stack) -> Mapping[str, Any]:
    """Make the stack ready for its first visitor; returns what `stack.json` tells of it."""
    config = Config.from_env(stack.environment)
    keys.ensure(stack.client("ssm"), config.keys_parameter)
    table.bind(config.table)
    ports = live(config)
    folder = stack.root / "desk"
    body, demo = files.load(folder)
    files.keep_files(ports, folder, body)
    apply(ports, body)
    desk = live_desk(ports)
    _let_agents_in(stack.client("cognito-idp"), config, desk)
    for place, story in enumerate(demo, 1):
        _tell(ports, desk, f"demo-{place:04d}", story)
    return {
        "addresses": {group.id: group.address for group in desk.groups.values()},
        "api_token": _token(stack.root / ".local" / "api_token", desk.name),
        "agents": [
            {"email": agent.email, "password": PASSWORD, "group": _main_group(body, agent.id)}
            for agent in desk.agents.values()
        ],
    }


def _main_group(body: Mapping[str, Any], agent: str) -> str:
    return str(body["agents"][agent]["groups"][0])


def _let_agents_in(cognito: Any, config: Config, desk: Desk) -> None:
    for agent in desk.agents.values():
        user = {"UserPoolId": config.user_pool_id, "Username": agent.email}
        try:
            cognito.admin_create_user(
                **user,
                MessageAction="SUPPRESS",
                UserAttributes=[
                    {"Name": "email", "Value": agent.email},
                    {"Name": "email_verified", "Value": "true"},
                ],
            )
        except cognito.exceptions.UsernameExistsException:
            continue
        cognito.admin_set_user_password(**user, Password=PASSWORD, Permanent=True)


def _token(file: Path, name: str) -> str:
    """The demo's API token; its hash goes into the table at every start."""
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_text(new_token())
        file.chmod(0o600)
    token = file.read_text().strip()
    web.add_token(token, name=name, scopes=list(SCOPES))
    return token


def _tell(ports: Ports, desk: Desk, ses_id: str, story: Mapping[str, Any]) -> None:
    """One demo ticket: the mail, then what its group's agents did with it."""
    claim = ses_key(ses_id)
    if claim in table.fetch([claim]):
        return
    group = desk.groups[story["to"]]
    now = ports.clock()
    receipt = Receipt(
        ses_id=ses_id,
        key=f"{INBOUND_PREFIX}{ses_id}",
        received_at=now,
        recipients=(group.address,),
        envelope_from=story["from"],
        verdicts=PASSED,
    )
    raw = _mail(story, group.address, ses_id, now).as_bytes()
    ports.mail_blobs.put(receipt.key, raw, content_type="message/rfc822")
    receive(ports, receipt)
    item = table.fetch([claim])[claim]
    assert isinstance(item, SesItem)
    _work(ports, desk, int(item.number or 0), story)


def _mail(story: Mapping[str, Any], to: str, ses_id: str, now: Any) -> EmailMessage:
    message = EmailMessage()
    message["From"] = story["from"]
    message["To"] = to
    message["Subject"] = story["subject"]
    message["Date"] = now
    message["Message-ID"] = f"<{ses_id}@example.com>"
    message.set_content(story["text"])
    return message


def _work(ports: Ports, desk: Desk, number: int, story: Mapping[str, Any]) -> None:
    members = [agent for agent in desk.agents.values() if story["to"] in agent.groups]
    # The one who does nothing else, if there is one: admins are in every group.
    who = Who.from_agent(min(members, key=lambda agent: agent.is_admin))
    changed = {name: story[name] for name in ("priority", "tags") if name in story}
    if changed:
        tickets.edit_ticket(ports, who, number, Edit(**changed))
    if "note" in story:
        note = tickets.Draft(ArticleKind.NOTE, story["note"])
        tickets.write_article(ports, who, number, note)
    if "answer" in story:
        status = story.get("status")
        edit = Edit(status=status) if status else Edit()
        answer = tickets.Draft(ArticleKind.REPLY, story["answer"], edit=edit)
        tickets.write_article(ports, who, number, answer)
