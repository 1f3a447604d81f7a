"""`hunch serve`: the language server over stdio, or over TCP on the loopback interface."""

from __future__ import annotations

import ipaddress

import click

from hunch_models.errors import HunchError


def parse_address(text: str) -> tuple[str, int]:
    """`HOST:PORT` with a loopback host. Raises HunchError for anything else."""
    host, separator, port = text.rpartition(":")
    host = host.strip("[]")
    if not separator or not port.isdigit() or not 0 <= int(port) < 65536:
        raise HunchError(f"--tcp {text}: not HOST:PORT", "for example --tcp 127.0.0.1:7771")
    if host == "localhost":
        host = "127.0.0.1"
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise HunchError(
            f"--tcp {text}: not a loopback address",
            "anyone who can connect can read your code; use 127.0.0.1",
        )
    return host, int(port)


@click.command("serve")
@click.option("--stdio", is_flag=True, help="Speak over standard input and output (the default).")
@click.option("--tcp", "address", metavar="HOST:PORT", help="Listen on a loopback address instead.")
def command(stdio: bool, address: str | None) -> int:
    """Run the language server.

    With --tcp, one client may come in: the one whose `initializationOptions.token` is the token in the file that is
    named at the start (readable by you only), or that of HUNCH_TCP_TOKEN.
    """
    if stdio and address:
        raise HunchError("--stdio and --tcp exclude each other", "give one of them")
    endpoint = parse_address(address) if address else None
    from hunch_server.app import serve  # noqa: PLC0415 - half a second of imports that --help need not pay

    return serve(endpoint)
