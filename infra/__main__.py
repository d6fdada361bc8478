"""The operator's commands: `python -m infra COMMAND --help`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from chalicelib.errors import DeskError, Invalid

ROOT = Path(__file__).resolve().parent.parent
Parser = argparse.ArgumentParser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 done, 1 not done, 2 bad input, or what its `codes` say of an error."""
    parser = Parser(prog="python -m infra", description="Look after a Skranke stack.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (
        _local,
        _build,
        _desk,
        _versions,
        _secrets,
        _shared_secrets,
        _certificates,
        _upkeep,
        _look,
        _prove,
    ):
        add(commands)
    chosen = parser.parse_args(arguments)
    try:
        run: Callable[[argparse.Namespace], int] = chosen.run
        return run(chosen)
    except DeskError as error:
        print(error.message, file=sys.stderr)
        for field, problem in error.fields.items():
            print(f"  {field}: {problem}", file=sys.stderr)
        codes: dict[str, int] = getattr(chosen, "codes", {})
        return codes.get(error.code, 2 if isinstance(error, Invalid) else 1)


def _add(commands: Any, name: str, words: str, run: Callable[[Any], int]) -> Parser:
    parser: Parser = commands.add_parser(name, help=words, description=words)
    parser.set_defaults(run=run)
    return parser


def _ports() -> Any:
    """The ports of the stack that the environment names, else of the local one that runs."""
    from chalicelib.config import Config
    from chalicelib.ledger.service import enter
    from chalicelib.ports import live

    if "SKRANKE_TABLE" not in os.environ:  # noqa: TID251 - says which stack is meant
        from infra.local.deploy import enter_running

        enter_running(ROOT)
    return enter(live(Config.from_env()))


# The local stack. ----------------------------------------------------------------------------


def _local(commands: Any) -> None:
    from infra import local

    _add(commands, "run", "Run the whole desk on this machine.", lambda _: local.run(ROOT))
    mail = _add(
        commands, "mail", "Mail a file to the local desk.", lambda o: local.mail(ROOT, o.file)
    )
    again = _add(
        commands,
        "redeliver",
        "Deliver the SES event of a mail once more.",
        lambda o: local.redeliver(ROOT, o.file),
    )
    for parser in (mail, again):
        parser.add_argument("file", type=Path)


def _build(commands: Any) -> None:
    def package(options: Any) -> int:
        from infra.package import build

        built = build(ROOT, options.out, arch=options.arch, smime=options.smime)
        print(f"{built.zip}  {built.zip.stat().st_size} bytes  sha256 {built.sha256}")
        return 0

    parser = _add(commands, "package", "Build what is deployed: template and zip.", package)
    parser.add_argument("--out", type=Path, default=ROOT / ".build" / "package")
    parser.add_argument("--arch", choices=("arm64", "host"), default="arm64")
    parser.add_argument("--smime", action="store_true", help="with what S/MIME needs")


# A tenant's stack. ---------------------------------------------------------------------------


def _desk(commands: Any) -> None:
    def plan(options: Any) -> int:
        from infra.desk import load
        from infra.plan import plan

        found = plan(_ports(), load(options.folder)[0])
        if options.json:
            print(json.dumps(found.to_json(), ensure_ascii=False, indent=2))
        else:
            print("\n".join(found.lines()))
        return found.exit_code

    parser = _add(commands, "plan", "Show what apply would change, and what is doubtful.", plan)
    _folder(parser)
    parser.add_argument("--json", action="store_true", help="version, changes and warnings")
    parser.epilog = "Exit code: 0 nothing to change, 2 changes, 1 the folder cannot go live."
    parser.set_defaults(codes={"invalid": 1})

    def apply(options: Any) -> int:
        from infra.desk import keep_files, load
        from infra.plan import apply, login

        body, _ = load(options.folder)
        by, ports = options.by or login(), _ports()
        keep_files(ports, options.folder, body)
        print(apply(ports, body, expect=options.expect, by=by, comment=options.comment))
        return 0

    parser = _add(commands, "apply", "Make a folder of YAML the live desk.", apply)
    _folder(parser)
    parser.add_argument("--comment", default="", help="why, for whoever asks later")
    _going_live(parser)

    def test(options: Any) -> int:
        from infra.cases import read_cases, report, run_cases
        from infra.desk import load

        body, _ = load(options.folder)
        return report(run_cases(body, read_cases(options.folder)))

    parser = _add(commands, "test-desk", "Try a folder of YAML with the cases in its tests.", test)
    _folder(parser)
    parser.epilog = "Exit code: 0 all hold, 1 one does not, 2 they cannot be read."


def _folder(parser: Parser) -> None:
    words = "with the *.yaml of a desk; the demo's where none is named"
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "desk", help=words)


def _going_live(parser: Parser) -> None:
    parser.add_argument("--expect", type=int, metavar="VERSION", help="fail unless this is live")
    parser.add_argument("--by", help="who; your login where not said")
    parser.epilog = "Exit code: 0 it is live, 2 it cannot be, 3 another version went live."
    parser.set_defaults(codes={"conflict": 3})


def _versions(commands: Any) -> None:
    def rollback(options: Any) -> int:
        from chalicelib.desk import service
        from infra.plan import login

        by = options.by or login()
        number = service.rollback(_ports(), options.version, expect=options.expect, by=by)
        print(f"version {number} is live")
        return 0

    parser = _add(commands, "rollback", "Make an earlier version live again, as new.", rollback)
    parser.add_argument("version", type=int)
    _going_live(parser)

    def versions(options: Any) -> int:
        from infra.plan import history

        _ports()
        history(as_json=options.json)
        return 0

    parser = _add(commands, "versions", "List the versions of the desk, oldest first.", versions)
    parser.add_argument("--json", action="store_true")

    def schema(options: Any) -> int:
        from infra.desk import write_schemas

        write_schemas(options.folder)
        return 0

    parser = _add(commands, "schema", "Write the JSON Schemas that editors complete from.", schema)
    _folder(parser)

    def holidays(options: Any) -> int:
        from chalicelib.ports import utc_now
        from infra.holidays import proposal

        this = utc_now().year
        print(proposal(options.country, options.subdivision, options.year or [this, this + 1]))
        return 0

    parser = _add(commands, "holidays", "Propose the public holidays of a country.", holidays)
    parser.add_argument("country", help="a code such as NO, or a name")
    parser.add_argument("--subdivision", metavar="S", help="a code such as BY, or a name")
    parser.add_argument("--year", type=int, action="append", help="this one and the next if none")


def _secrets(commands: Any) -> None:
    def keys(options: Any) -> int:
        import boto3

        from infra import keys

        ssm = boto3.client("ssm")
        if options.rotate:
            print(f"signing with {keys.rotate(ssm, options.name)} from now on")
        else:
            print("written" if keys.ensure(ssm, options.name) else "there are keys already")
        return 0

    parser = _add(commands, "keys", "Write the tenant's secret keys, or rotate them.", keys)
    parser.add_argument("name", help="of the SSM parameter, such as /skranke/acme/keys")
    parser.add_argument("--rotate", action="store_true")

    def token(options: Any) -> int:
        from chalicelib.tickets.access import SCOPES
        from chalicelib.web import store, tokens

        unknown = set(options.scope or ()) - set(SCOPES)
        if unknown:
            raise Invalid(f"Scopes are {', '.join(SCOPES)}; {sorted(unknown)} are not.")
        ports = _ports()
        made = tokens.new_token()
        expires_at = ports.clock() + timedelta(days=options.days)
        store.add_token(
            made,
            name=options.name,
            scopes=options.scope or list(SCOPES),
            groups=options.group,
            expires_at=expires_at,
        )
        print(made)
        return 0

    parser = _add(commands, "token", "Make an API token; it is shown once.", token)
    parser.add_argument("name")
    parser.add_argument("--scope", action="append", help="all when none is named")
    parser.add_argument("--group", action="append", help="all when none is named")
    parser.add_argument("--days", type=int, default=365)


def _shared_secrets(commands: Any) -> None:
    def webhook_secret(options: Any) -> int:
        from chalicelib.desk.service import live_desk
        from chalicelib.webhooks.model import secrets_of, shown

        ports = _ports()
        desk = live_desk(ports)
        entry = (desk.sources if options.source else desk.webhooks).get(options.id)
        if entry is None:
            kind = "source" if options.source else "webhook"
            raise Invalid(f"The live desk has no {kind} {options.id}.")
        print(shown(secrets_of(ports.keys(), entry)[0]))
        return 0

    words = "Show the secret that is shared with a webhook's receiver, or with a source."
    parser = _add(commands, "webhook-secret", words, webhook_secret)
    parser.add_argument("id", help="in the live desk")
    parser.add_argument("--source", action="store_true", help="of a source, which signs with it")


def _certificates(commands: Any) -> None:
    def smime(options: Any) -> int:
        import boto3

        from chalicelib.desk.service import live_desk
        from chalicelib.mail.certificates import KeyPair
        from infra.smime import install

        ports = _ports()
        group = live_desk(ports).groups.get(options.group)
        if group is None:
            raise Invalid(f"The live desk has no group {options.group}.")
        pair = KeyPair(options.certificate.read_bytes(), options.key.read_bytes())
        print(install(boto3.client("ssm"), ports, group, pair), end="")
        print("The key is written. Put these lines into the desk and apply it.", file=sys.stderr)
        return 0

    parser = _add(commands, "smime", "Let a group sign its mail and read encrypted mail.", smime)
    parser.add_argument("group", help="its id in the desk")
    parser.add_argument(
        "--certificate", type=Path, required=True, help="PEM, those of its authorities after it"
    )
    parser.add_argument("--key", type=Path, required=True, help="PEM, without a password")


def _upkeep(commands: Any) -> None:
    def replay(options: Any) -> int:
        from chalicelib.ledger import service

        count = service.replay(_ports(), since=options.since)
        print(f"{count} facts published again")
        return 0

    parser = _add(commands, "replay", "Publish the facts again that a dead relay left.", replay)
    parser.add_argument("--since", type=_instant, required=True, help="RFC 3339 instant")

    def reconcile(_: Any) -> int:
        from chalicelib.intake.reconcile import reconcile

        print(f"{reconcile(_ports())} mails received that no event had announced")
        return 0

    _add(commands, "reconcile", "Receive inbound mail that no event announced.", reconcile)

    def dry_run(options: Any) -> int:
        from infra.dry_run import dry_run

        return dry_run(_ports(), options.rule, days=options.days)

    parser = _add(commands, "dry-run", "Where a trigger would have fired lately.", dry_run)
    parser.add_argument("rule", help="its id in the live desk")
    parser.add_argument("--days", type=int, default=30, help="how far back: 30, which is the most")

    def retarget(options: Any) -> int:
        from chalicelib.sla.retarget import retarget

        count = 0
        for moved in retarget(_ports(), groups=options.group, is_rehearsal=options.dry_run):
            count += 1
            for target, before in moved.fact.before.items():
                print(f"#{moved.number} {target}: {before} -> {moved.fact.after[target]}")
        print(f"{count} tickets {'would change' if options.dry_run else 'changed'}")
        return 0

    parser = _add(commands, "retarget", "Apply today's promises to open tickets.", retarget)
    parser.add_argument("--group", action="append", default=[], help="all when none is named")
    parser.add_argument("--dry-run", action="store_true", help="show it and change nothing")

    def erase(options: Any) -> int:
        from chalicelib.erasure import service
        from chalicelib.ledger.model import OPERATOR
        from chalicelib.tickets.access import SCOPES, Who

        operator = Who(OPERATOR, "operator", "", frozenset(SCOPES), None)
        service.erase(_ports(), operator, options.person)
        print("erased")
        return 0

    parser = _add(commands, "erase", "Erase a person; tickets and ledger stay intact.", erase)
    parser.add_argument("person", help="the id that GET people shows")


def _look(commands: Any) -> None:
    def audit(_: Any) -> int:
        from infra.audit import audit_mail, report

        return report(audit_mail(_ports()))

    _add(commands, "audit-mail", "Check that every inbound mail has exactly one fate.", audit)

    def explain(options: Any) -> int:
        from infra.explain import find

        found = find(_ports(), options.mail)
        if options.json:
            print(json.dumps(found.to_json(), ensure_ascii=False, indent=2))
        else:
            print("\n".join(found.sentences))
        return 0

    parser = _add(commands, "explain", "Say why a mail became what it is.", explain)
    parser.add_argument("mail", help="FILE, NUMBER/ARTICLE or the id that SES gave it")
    parser.add_argument("--json", action="store_true", help="everything that was stored of it")

    def reprocess(options: Any) -> int:
        from infra.explain import reprocess

        print(reprocess(_ports(), options.mail))
        return 0

    parser = _add(commands, "reprocess", "Read the original of a mail once more.", reprocess)
    parser.add_argument("mail", help="NUMBER/ARTICLE, or the SES id of a suspended mail")

    def parse(options: Any) -> int:
        from infra.parse import describe

        print(json.dumps(describe(options.file), ensure_ascii=False, indent=2))
        return 0

    parser = _add(commands, "parse", "Show how a mail is understood.", parse)
    parser.add_argument("file", type=Path)
    parser.add_argument("--json", action="store_true", help="the only form there is")


def _prove(commands: Any) -> None:
    def verify(options: Any) -> int:
        from infra.verify import report, verify_bundle

        return report(verify_bundle(options.folder), seal=options.seal)

    parser = _add(commands, "verify-ledger", "Prove the ledger of an export, offline.", verify)
    parser.add_argument("folder", type=Path, metavar="DIR", help="with the files of the export")
    parser.add_argument("--seal", metavar="HASH", help="of a seal that must be among its own")


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise argparse.ArgumentTypeError("name the zone, such as 2026-01-31T08:00:00Z")
    return at


if __name__ == "__main__":
    sys.exit(main())
