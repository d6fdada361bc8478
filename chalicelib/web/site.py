"""The map of the site: which modules have routes, and how they are hung into Chalice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalice.app import Chalice, Response

from chalicelib.ports import Ports
from chalicelib.web.agent import pages as agent
from chalicelib.web.api import (
    availability,
    clocks,
    desk,
    forms,
    hooks,
    incidents,
    macros,
    notes,
    organizations,
    participants,
    presence,
    relations,
    rules,
    suspended,
    tasks,
    tickets,
    views,
)
from chalicelib.web.portal import pages as portal
from chalicelib.web.routing import Route, answer

ROUTES: list[Route] = [
    *tickets.ROUTES,
    *forms.ROUTES,
    *clocks.ROUTES,
    *presence.ROUTES,
    *relations.ROUTES,
    *suspended.ROUTES,
    *hooks.ROUTES,
    *desk.ROUTES,
    *views.ROUTES,
    *macros.ROUTES,
    *rules.ROUTES,
    *participants.ROUTES,
    *tasks.ROUTES,
    *incidents.ROUTES,
    *organizations.ROUTES,
    *notes.ROUTES,
    *availability.ROUTES,
    *agent.ROUTES,
    *portal.ROUTES,
]


def mount(app: Chalice, ports: Callable[[], Ports]) -> None:
    """Hang every route into the application. No file passes through it, so nothing is binary."""
    app.api.binary_types = []
    for route in ROUTES:
        takes = ["application/x-www-form-urlencoded"] if route.takes == "form" else ["*/*"]
        app.route(route.path, methods=[route.method], content_types=takes)(_view(app, ports, route))


def _view(app: Chalice, ports: Callable[[], Ports], route: Route) -> Callable[..., Response]:
    def view(**params: Any) -> Response:
        request = app.current_request
        assert request is not None
        return answer(route, ports(), request, params)

    view.__name__ = route.handler.__name__
    return view
