"""CPU seconds of a process and everything below it, and which process listens on a port of this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import psutil


class CpuMeter:
    """Sums user and system time of a process tree since it was made. Children that have ended count where the
    platform tells (POSIX, once they are waited for)."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._seen: dict[tuple[int, float], float] = {}
        self._start = self._total()

    def seconds(self) -> float:
        """CPU seconds so far."""
        return self._total() - self._start

    def _total(self) -> float:
        try:
            root = psutil.Process(self._pid)
            tree = [root, *root.children(recursive=True)]
        except psutil.Error:
            tree = []
        for process in tree:
            try:
                times = process.cpu_times()
                # The largest value ever seen: a child that ended keeps what it has used.
                self._seen[process.pid, process.create_time()] = times.user + times.system
            except psutil.Error:
                continue
        return sum(self._seen.values())


def memory_bytes(pid: int) -> int:
    """Resident memory of a process and everything below it; 0 when it is gone."""
    total = 0
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.Error:
        return total
    return total


def listener_of(url: str) -> int | None:
    """The process id that listens at a URL of this machine; None when it is elsewhere or the system does not tell."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        return None
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.Error:
        return None
    port = parts.port or 80
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            return connection.pid
    return None
