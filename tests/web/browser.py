"""A browser without JavaScript, on the events that API Gateway makes of requests.

It keeps cookies, follows no redirect unasked, and sends forms as they stand on a page. `stage` is
the path that API Gateway puts before ours: "/api" below a stage, "" under a domain of our own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from bs4 import BeautifulSoup
from bs4.element import Tag
from chalice.local import RouteMatcher

from tests.world import PASSWORD, World

FORM = "application/x-www-form-urlencoded"


@dataclass
class Answer:
    """What came back; `address` is where the browser went for it."""

    address: str
    status: int
    headers: dict[str, str]
    body: str

    @property
    def location(self) -> str:
        return self.headers.get("location", "")

    @cached_property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.body, "html.parser")

    @property
    def text(self) -> str:
        """What a reader sees of the page."""
        return " ".join((self.soup.main or self.soup).get_text(" ").split())

    def form(self, end: str) -> Tag:
        """The one form whose address ends so."""
        forms = [form for form in self.soup.find_all("form") if str(form["action"]).endswith(end)]
        assert len(forms) == 1, f"{len(forms)} forms end in {end}"
        return forms[0]

    def links(self) -> list[str]:
        found = self.soup.find_all(["a", "link", "img", "form", "script"])
        links = (tag.get("href") or tag.get("src") or tag.get("action") for tag in found)
        return [str(link) for link in links]


@dataclass
class Browser:
    """One browser with its cookies, on one desk."""

    world: World
    stage: str = ""
    language: str = "en"
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Answer:
        """Open an address of ours, as it is below the stage."""
        return self._send("GET", self.stage + path)

    def post(self, path: str, fields: dict[str, str], *, content_type: str = FORM) -> Answer:
        """Send fields that no page of ours offered."""
        return self._send("POST", self.stage + path, urlencode(fields), content_type)

    def follow(self, answer: Answer) -> Answer:
        """Go where a redirect leads, if it leads to the desk."""
        assert answer.status == 303, answer.text
        return self._send("GET", answer.location)

    def submit(self, page: Answer, end: str, **typed: str) -> Answer:
        """Send the form of a page whose address ends so, with these fields typed into it."""
        form = page.form(end)
        return self._send("POST", str(form["action"]), urlencode({**filled(form), **typed}), FORM)

    def sign_in(self, agent: str = "anna", password: str = PASSWORD) -> Answer:
        form = self.get("/agent/sign-in")
        email = f"{agent}@agents.example"
        return self.submit(form, "/agent/sign-in", email=email, password=password)

    def _send(self, method: str, address: str, body: str = "", content_type: str = "") -> Answer:
        event = self._event(method, address, body, content_type)
        result = self.world.app.app(event, None)
        headers = {name.lower(): value for name, value in result["headers"].items()}
        if "set-cookie" in headers:
            self._keep(headers["set-cookie"])
        return Answer(address, result["statusCode"], headers, result["body"])

    def _keep(self, cookie: str) -> None:
        name, _, value = cookie.partition(";")[0].partition("=")
        if "Max-Age=0" in cookie:
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value

    def _event(self, method: str, address: str, body: str, content_type: str) -> dict[str, Any]:
        parts = urlsplit(address)
        assert parts.path.startswith(self.stage + "/"), f"{address} leads away from {self.stage}"
        path = parts.path.removeprefix(self.stage)
        route = RouteMatcher(list(self.world.app.app.routes)).match_route(path)
        headers = {"accept": "text/html,*/*;q=0.8", "accept-language": self.language}
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if content_type:
            headers["content-type"] = content_type
        query = parse_qs(parts.query, keep_blank_values=True)
        return {
            "resource": route.route,
            "path": path,
            "httpMethod": method,
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
            "multiValueQueryStringParameters": query or None,
            "pathParameters": {name: unquote(value) for name, value in route.captured.items()},
            "stageVariables": None,
            "requestContext": {
                "resourcePath": route.route,
                "httpMethod": method,
                "path": parts.path,
                "stage": self.stage.strip("/") or "api",
                "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
                "identity": {"sourceIp": "198.51.100.7"},
            },
            "body": body or None,
            "isBase64Encoded": False,
        }


def filled(form: Tag) -> dict[str, str]:
    """The fields of a form as the browser would send them untouched."""
    fields = {}
    for tag in form.find_all(["input", "textarea", "select"]):
        value = tag.get("value", "")
        if tag.name == "textarea":
            value = tag.get_text().removeprefix("\n")
        elif tag.name == "select":
            options = tag.find_all("option")
            chosen = next((option for option in options if option.has_attr("selected")), options[0])
            value = chosen["value"]
        elif tag.get("type") in {"radio", "checkbox"} and not tag.has_attr("checked"):
            continue
        fields[str(tag["name"])] = str(value)
    return fields
