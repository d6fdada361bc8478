"""Things that happen at the desk before a page is opened."""

from __future__ import annotations

from email.message import EmailMessage

from chalicelib.desk.service import live_desk
from chalicelib.tickets import addressing, service, store
from chalicelib.tickets.access import Who
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import Article, ArticleKind, Ticket
from tests.world import World, letter

NUMBER = 1001


def agent(world: World, name: str = "anna") -> Who:
    return Who.from_agent(live_desk(world.ports).agents[name])


def write(world: World, text: str, kind: str = "reply", status: str | None = None) -> None:
    draft = service.Draft(ArticleKind(kind), text, edit=Edit(status=status) if status else Edit())
    service.write_article(world.ports, agent(world), NUMBER, draft)
    world.settle()


def ticket(number: int = NUMBER) -> Ticket:
    found, _ = store.load(number)
    assert found is not None
    return found


def articles(number: int = NUMBER) -> list[Article]:
    found = store.timeline(number)
    assert found is not None
    return list(found.articles)


def texts(number: int = NUMBER) -> list[str]:
    return [article.text for article in articles(number)]


def link(world: World, place: int = 0) -> str:
    """The path of the signed link of a contact of the ticket."""
    return f"/t/{addressing.link_token(world.ports.keys(), ticket(), place)}"


def held_mail(world: World, text: str = "I am Kim, honestly") -> None:
    """A stranger writes to a reply address that is not theirs."""
    stolen = str(world.mails_to("kim@customer.example")[0]["Reply-To"])
    world.mail(letter(text, sender="Kim Jensen <eve@else.example>", to=stolen))


def with_file(text: str = "See the picture.", name: str = "display.png") -> EmailMessage:
    message = letter(text)
    message.add_attachment(b"\x89PNG\r\n\x1a\n", maintype="image", subtype="png", filename=name)
    return message
