"""Time from ``silog-scan serve`` to the first page, and the memory it then holds.

Run: python bench/start.py [repetitions]
"""

import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

PROGRAM = str(Path(sys.executable).with_name("silog-scan"))


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(address: str) -> bool:
    """Say whether the page is there."""
    try:
        with urllib.request.urlopen(address, timeout=1) as answer:  # noqa: S310  # our own station
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def memory(process: int) -> float:
    """Return the resident memory of a process and its children in MB."""
    children = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, check=False)  # noqa: S607
    total = 0
    for pid in [str(process), *children.stdout.decode().split()]:
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS"):
                total += int(line.split()[1])
    return total / 1024


def once(environment: dict[str, str]) -> tuple[float, float]:
    """Start a station, wait for its page, and return seconds and MB."""
    port = free_port()
    command = [PROGRAM, "serve", "--port", str(port)]
    begun = time.perf_counter()
    station = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    while not answers(f"http://127.0.0.1:{port}/sign-in"):
        time.sleep(0.01)
    seconds, held = time.perf_counter() - begun, memory(station.pid)
    station.send_signal(signal.SIGTERM)
    station.wait(10)
    return seconds, held


def main(repetitions: int) -> None:
    """Print the medians."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"SILOG_HOME": home}
        command = [PROGRAM, "init", "--place", "12.71", "--admin", "bench", "--password-file", "-"]
        subprocess.run(command, env=environment, input=b"a long password\n", check=True)
        found = [once(environment) for _ in range(repetitions)]
    seconds, held = zip(*found, strict=True)
    print(f"first page after {statistics.median(seconds):.2f} s (most {max(seconds):.2f} s)")
    print(f"resident memory {statistics.median(held):.0f} MB, parent and worker")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
