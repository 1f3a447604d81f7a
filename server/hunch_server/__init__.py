"""The language server and the `hunch` command: the only package that knows LSP."""
