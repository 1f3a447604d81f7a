"""Starts a server in which every outbound use of the network is an error, written down in the file HUNCH_TEST_GUARD.

Run as `python -I guard.py serve …`. Loopback is not excepted.
"""

import os
import runpy
import sys
from pathlib import Path

FORBIDDEN = {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
LAUNCHER = Path(__file__).parents[2] / "server" / "hunch_server" / "launcher.py"


def watch(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook: it cannot be removed again, and sees uses from C code of the standard library too."""
    if event not in FORBIDDEN:
        return
    target = arguments[1] if event in {"socket.connect", "socket.bind", "socket.sendto"} else arguments[:2]
    if isinstance(target, str | bytes):  # a local socket's path
        return
    with Path(os.environ["HUNCH_TEST_GUARD"]).open("a", encoding="utf-8") as file:
        file.write(f"{event} {target}\n")
    raise PermissionError(f"{event} {target}")


if __name__ == "__main__":
    sys.addaudithook(watch)
    sys.argv[0] = str(LAUNCHER)
    runpy.run_path(str(LAUNCHER), run_name="__main__")
