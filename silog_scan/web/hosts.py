"""Which name a request came by, and through whom.

A page elsewhere may point its own name at this station (DNS rebinding) and read the answers as
its own; so a name that is not the station's is refused. An address cannot be pointed elsewhere.
"""

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

from silog_scan.config import Network, Settings
from silog_scan.core.errors import Refused, say
from silog_scan.services import network

Wsgi = Callable[..., Any]


def register(app: Flask, settings: Settings) -> None:
    """Refuse names that are not the station's, and believe the proxies of the settings alone."""
    known = frozenset((*network.names(network.hostname()), *settings.hosts))

    def must_be_known() -> None:
        if not is_known(request.host, known):
            told = say(
                "This station is not known by the name %(host)s. Open it by its address; whoever "
                "keeps it can add the name to SILOG_HOSTS.",
                host=request.headers.get("Host", ""),
            )
            raise Refused("host-unknown", told)

    app.before_request(must_be_known)
    if settings.proxies:
        app.wsgi_app = Trusting(app.wsgi_app, settings.proxies)  # type: ignore[method-assign]


def is_known(host: str, known: Iterable[str]) -> bool:
    """Say whether a Host header is an address or one of the names, whatever its port."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:  # brackets around no address
        return False
    return name in known or _is_address(name)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


class Trusting:
    """Takes client, scheme and host from what a proxy forwards, if it is one of the trusted."""

    def __init__(self, app: Wsgi, proxies: tuple[Network, ...]) -> None:
        """Wrap an application behind one proxy."""
        self._app = app
        self._behind = ProxyFix(app, x_for=1, x_proto=1, x_host=1)
        self._proxies = proxies

    def __call__(self, environ: dict[str, Any], start_response: Wsgi) -> Any:  # noqa: ANN401
        """Answer a request."""
        at = environ.get("REMOTE_ADDR", "")
        is_ours = _is_address(at) and any(ip_address(at) in proxy for proxy in self._proxies)
        return (self._behind if is_ours else self._app)(environ, start_response)
