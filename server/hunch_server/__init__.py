"""The language server and the `hunch` command: the only package that knows LSP."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("hunch-ls")
except PackageNotFoundError:  # run from a source tree that is not installed
    __version__ = "0+unknown"
