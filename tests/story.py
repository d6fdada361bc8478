"""The whole story against a running local stack, with an SMTP client and HTTP and nothing else.

`python -m tests.story` plays all of it; `--short` one mail and one page. What is checked is printed
line by line, and the first thing that is not so ends it with exit code 1.
"""

from __future__ import annotations

import argparse
import email
import hashlib
import io
import json
import re
import smtplib
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.policy import default
from email.utils import make_msgid
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parent.parent
CUSTOMER = "Robin Day <robin@example.com>"
PATIENCE = 30.0
Found = TypeVar("Found")


class NotSo(AssertionError):
    """Something is not as the story tells it."""


def check(holds: object, words: str) -> None:
    if not holds:
        raise NotSo(words)
    print(f"  ok  {words}", flush=True)


def wait_for(find: Callable[[], Found | None], words: str, patience: float = PATIENCE) -> Found:
    ends_at = time.monotonic() + patience
    while time.monotonic() < ends_at:
        found = find()
        if found is not None:
            return found
        time.sleep(0.2)
    raise NotSo(f"{words}: not within {patience:.0f} s")


@dataclass
class Stack:
    """A running stack as `stack.json` describes it."""

    url: str
    smtp: str
    addresses: dict[str, str]
    outbox: Path
    token: str
    agents: list[dict[str, str]]

    @classmethod
    def running(cls) -> Stack:
        told = json.loads((ROOT / ".local" / "stack.json").read_text())
        return cls(
            told["url"].rstrip("/"),
            told["smtp"],
            told["addresses"],
            ROOT / told["outbox"],
            told["api_token"],
            told["agents"],
        )

    def send(self, message: EmailMessage, *, above: int = 0) -> None:
        host, _, port = self.smtp.partition(":")
        with smtplib.SMTP(host, int(port) + above, timeout=20) as client:
            client.send_message(message)

    def sent(self, to: str, *, after: int = 0) -> Iterator[Message]:
        """The mails in the outbox to an address, oldest first, without the first `after`."""
        files = sorted(self.outbox.glob("*.eml"))
        mails = [email.message_from_bytes(file.read_bytes(), policy=default) for file in files]
        yield from [mail for mail in mails if to in str(mail["To"])][after:]

    def api(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}",
            json.dumps(body).encode() if body is not None else None,
            {
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def ticket(self, number: int) -> dict[str, Any]:
        return self.api("GET", f"/tickets/{number}")[1]

    def ticket_of(self, mark: str, group: str) -> dict[str, Any] | None:
        """The open ticket of a group with that mark in its subject."""
        cursor = ""
        while True:
            query = urllib.parse.urlencode({"group": group, "limit": 100, "cursor": cursor})
            _, page = self.api("GET", f"/tickets?{query}")
            for row in page["items"]:
                if mark in row["subject"]:
                    return self.ticket(row["number"])
            cursor = page["next"]
            if not cursor:
                return None


def letter(to: str, subject: str, text: str, sender: str = CUSTOMER, **more: str) -> EmailMessage:
    # Without this policy the standard library writes a long message id as encoded words.
    message = EmailMessage(policy=default.clone(max_line_length=998))
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Message-ID"] = make_msgid(domain="example.com")
    for name, value in more.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def text_of(mail: Message) -> str:
    part = mail.get_body(("plain",))  # type: ignore[attr-defined]
    return str(part.get_content())


class Story:
    """What the desk promises, in the order in which a customer meets it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.mark = f"story {time.time():.0f}"
        self.number = 0
        self.question = letter(
            stack.addresses["support"], f"Printer, {self.mark}", "It prints the letter Q only."
        )

    @property
    def tickets(self) -> dict[str, Any]:
        return self.stack.ticket(self.number)

    def mails(self) -> list[Message]:
        return [
            mail
            for mail in self.stack.sent("robin@example.com")
            if f"[#{self.number}-" in str(mail["Subject"])
        ]

    def next_mail(self, before: int, words: str) -> Message:
        def find() -> Message | None:
            mails = self.mails()
            return mails[before] if len(mails) > before else None

        return wait_for(find, words)

    def opens(self) -> None:
        print("a customer writes")
        self.stack.send(self.question)
        found = wait_for(lambda: self.stack.ticket_of(self.mark, "support"), "the ticket")
        self.number = found["number"]
        check(found["requester"]["email"] == "robin@example.com", f"ticket {self.number} is open")
        ack = self.next_mail(0, "the acknowledgement")
        check("/t/" in text_of(ack), "the acknowledgement has the number and a link")
        check("letter Q" not in ack.as_string(), "and repeats nothing that the customer wrote")
        check(ack["Auto-Submitted"] == "auto-generated", "and says that a machine wrote it")

    def shows_pages(self) -> None:
        print("pages")
        jar = CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        agent = next(one for one in self.stack.agents if one["group"] == "support")
        page = opener.open(f"{self.stack.url}/agent/sign-in", timeout=30).read().decode()
        csrf = re.search(r'name="csrf_token" value="([^"]+)"', page)
        form = {
            "email": agent["email"],
            "password": agent["password"],
            "csrf_token": csrf[1] if csrf else "",
        }
        body = urllib.parse.urlencode(form).encode()
        inbox = opener.open(f"{self.stack.url}/agent/sign-in", body, timeout=30)
        check(inbox.url.endswith("/agent/inbox"), f"{agent['email']} signs in")
        page = opener.open(f"{self.stack.url}/agent/tickets/{self.number}", timeout=30)
        check("letter Q" in page.read().decode(), "and reads the ticket")
        link = re.search(r"http://\S+/t/\S+", text_of(self.mails()[0]))
        check(link, "the customer has a link")
        portal = urllib.request.urlopen(link[0] if link else "", timeout=30)
        check("letter Q" in portal.read().decode(), "and sees the own ticket behind it")

    def is_answered(self) -> None:
        print("an agent answers")
        body = {"kind": "reply", "body": "Please turn it off and on again."}
        path = f"/tickets/{self.number}/articles"
        status, first = self.stack.api("POST", path, body, Idempotency_Key=self.mark)
        check(status == 201, "the answer is taken")
        _, again = self.stack.api("POST", path, body, Idempotency_Key=self.mark)
        check(first["id"] == again["id"], "the same Idempotency-Key gives the same answer")
        answer = self.next_mail(1, "the answer")
        check("turn it off" in text_of(answer), "the answer arrives")
        check(answer["In-Reply-To"] == self.question["Message-ID"], "in the customer's thread")
        wait_for(
            lambda: (
                True if self.tickets["articles"][-1]["delivery"][0]["state"] == "sent" else None
            ),
            "the delivery is sent",
        )
        self.stack.api("POST", path, {"kind": "note", "body": "NOT FOR CUSTOMERS"})
        time.sleep(2)
        check(
            not any("NOT FOR" in file.read_text() for file in self.stack.outbox.glob("*.eml")),
            "a note is never mailed",
        )

    def is_answered_back(self) -> None:
        print("the customer answers, by each key alone")
        sent = self.mails()[1]
        keys: dict[str, dict[str, str]] = {
            "SES's id": {"In_Reply_To": str(sent["Message-ID"])},
            "our id": {"References": str(sent["References"]).split()[-1]},
            "the reply address": {"to": str(sent["Reply-To"])},
        }
        for name, headers in keys.items():
            text = f"It works now, says {name}."
            to = headers.pop("to", self.stack.addresses["support"])
            self.stack.send(letter(to, "no tag here", text, **headers))
            wait_for(
                lambda text=text: next(
                    (a for a in self.tickets["articles"] if a["text"] == text and not a["is_held"]),
                    None,
                ),
                f"the reply by {name}",
            )
            check(True, f"{name} finds the ticket")

    def keeps_others_out(self) -> None:
        print("what must not happen")
        count = len(self.tickets["articles"])
        self.stack.send(self.question)
        eve = "Eve <eve@example.net>"
        tag = str(self.mails()[0]["Subject"])
        self.stack.send(letter(self.stack.addresses["support"], f"{tag} eve", "let me in", eve))
        wait_for(lambda: self.stack.ticket_of(" eve", "support"), "the stranger's own ticket")
        check(
            len(self.tickets["articles"]) == count, "neither a repeated mail nor a stranger joins"
        )

    def has_versions(self) -> None:
        print("two agents at once")
        version = self.tickets["version"]
        status, _ = self.stack.api(
            "PATCH", f"/tickets/{self.number}", {"priority": "high", "version": version}
        )
        check(status == 200, "the first change is taken")
        status, body = self.stack.api(
            "PATCH", f"/tickets/{self.number}", {"priority": "low", "version": version}
        )
        check(status == 409 and body["error"]["code"] == "conflict", "the second answers 409")

    def escalates(self) -> None:
        print("a promise is broken")
        self.stack.send(letter(self.stack.addresses["quick"], f"Quick, {self.mark}", "Quick!"))
        found = wait_for(lambda: self.stack.ticket_of(self.mark, "quick"), "the quick ticket")
        wait_for(
            lambda: next(
                (m for m in self.stack.sent("lena@") if f"#{found['number']}" in str(m["Subject"])),
                None,
            ),
            "the escalation",
            patience=150,
        )
        check(True, "the lead hears of it")
        states = {due["state"] for due in self.stack.ticket(found["number"])["due"]}
        check("breached" in states, "and the ticket shows it")

    def exports(self) -> None:
        print("an export")
        _, export = self.stack.api("POST", "/exports", {})

        def done() -> dict[str, Any] | None:
            _, found = self.stack.api("GET", f"/exports/{export['id']}")
            return found if found["state"] == "done" else None

        finished = wait_for(done, "the export", patience=120)
        links = {file["name"]: file["url"] for file in finished["files"]}
        manifest = _download(links["manifest.json"])
        check(_sha256(manifest) == finished["manifest_sha256"], "the manifest is the one we made")
        for part in json.loads(manifest)["parts"]:
            content = _download(links[part["name"]])
            check(_sha256(content) == part["sha256"], f"{part['name']} has the hash it should")
            with zipfile.ZipFile(io.BytesIO(content)) as bundle:
                wrong = [
                    member["name"]
                    for member in part["members"]
                    if _sha256(bundle.read(member["name"])) != member["sha256"]
                ]
            check(not wrong, "and so has every file in it")


def _download(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        content: bytes = answer.read()
        return content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="one mail and one page")
    options = parser.parse_args()
    story = Story(Stack.running())
    chapters = [story.opens, story.shows_pages]
    if not options.short:
        chapters += [
            story.is_answered,
            story.is_answered_back,
            story.keeps_others_out,
            story.has_versions,
            story.exports,
            story.escalates,
        ]
    try:
        for chapter in chapters:
            chapter()
    except NotSo as error:
        print(f"  NOT SO  {error}")
        return 1
    print("the story holds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
