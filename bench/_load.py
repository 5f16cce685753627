"""A lean load: requests made beforehand, raw sockets kept alive, a few processes, no more."""

import multiprocessing
import re
import resource
import selectors
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

_PROCESSES = 2
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Load:
    """What a load met: seconds of each request, of all together, and of its own processor time."""

    each: list[float]
    seconds: float
    own_cpu: float

    @property
    def rate(self) -> float:
        """Return requests a second."""
        return len(self.each) / self.seconds

    def within(self, share: float) -> float:
        """Return the milliseconds within which that share of the requests was answered."""
        ordered = sorted(self.each)
        return 1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def request(path: str, body: bytes, token: str = "") -> bytes:
    """Return the bytes of a JSON POST."""
    head = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


def drive(port: int, requests: Sequence[bytes], *, clients: int, accepted: int = 0) -> Load:
    """Send the requests from that many clients at once; each answer must accept so many scans."""
    processes = min(_PROCESSES, clients)
    with ProcessPoolExecutor(processes, multiprocessing.get_context("fork")) as pool:
        parts = [
            pool.submit(_send, port, requests[n::processes], clients // processes, accepted)
            for n in range(processes)
        ]
        found = [part.result() for part in parts]
    each = [seconds for part in found for seconds in part[0]]
    seconds = max(part[2] for part in found) - min(part[1] for part in found)
    return Load(each, seconds, sum(part[3] for part in found))


def _send(
    port: int, requests: Sequence[bytes], clients: int, accepted: int
) -> tuple[list[float], float, float, float]:
    waiting, each = list(reversed(requests)), []
    ready = selectors.DefaultSelector()
    begun, used = time.perf_counter(), _cpu()
    for _ in range(min(clients, len(waiting))):
        client = _Client(port)
        client.send(waiting.pop())
        ready.register(client.socket, selectors.EVENT_READ, client)
    while ready.get_map():
        for key, _ in ready.select():
            client = key.data
            if not client.has_answer():
                continue
            each.append(time.perf_counter() - client.sent)
            client.must_accept(accepted)
            if waiting:
                client.send(waiting.pop())
            else:
                ready.unregister(client.socket)
                client.socket.close()
    return each, begun, time.perf_counter(), _cpu() - used


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class _Client:
    """A connection with one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = 0.0
        self._got = b""
        self._size = 0

    def send(self, content: bytes) -> None:
        self._got, self._size = b"", 0
        self.sent = time.perf_counter()
        self.socket.sendall(content)

    def has_answer(self) -> bool:
        """Take what has come; say whether it is the whole answer."""
        came = self.socket.recv(1 << 18)
        assert came, "the server hung up"
        self._got += came
        if not self._size and (head := self._got.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._got, 0, head + 2)
            assert length, self._got
            self._size = head + 4 + int(length[1])
        return 0 < self._size <= len(self._got)

    def must_accept(self, scans: int) -> None:
        is_well = self._got.startswith(b"HTTP/1.1 200") and self._got.count(b'"accepted"') == scans
        assert is_well, self._got[:2000]
