"""llama.cpp's functions: the low-level bindings of llama-cpp-python, imported without the rest of that package.

Only the worker process may import this; a crash in native code then ends the worker alone.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections import deque
from ctypes import c_void_p
from typing import Any

WARNING, ERROR, CONTINUED = 3, 4, 5
"""Levels of ggml's log: `GGML_LOG_LEVEL_WARN`, `_ERROR` and `_CONT` in ggml.h."""

_kept: list[Any] = []  # callbacks that native code still points to


def load_library() -> Any:
    """The module `llama_cpp.llama_cpp`. Raises ImportError or OSError when it is missing or does not fit.

    Importing `llama_cpp` itself also imports its server types, chat templates and disk cache: about 140 ms that a
    worker's start can do without. So the package is registered without running its `__init__`.
    """
    name = "llama_cpp.llama_cpp"
    if "llama_cpp" in sys.modules:
        return importlib.import_module(name)
    spec = importlib.util.find_spec("llama_cpp")
    if spec is None:
        raise ImportError("llama-cpp-python is not installed")
    sys.modules["llama_cpp"] = importlib.util.module_from_spec(spec)
    try:
        return importlib.import_module(name)
    except ImportError:  # another version may need its own __init__
        for module in [module for module in sys.modules if module.partition(".")[0] == "llama_cpp"]:
            del sys.modules[module]
        return importlib.import_module(name)
    except RuntimeError as error:  # the binding's way to say that the shared library does not load
        raise ImportError(str(error)) from error


class NativeLog:
    """Takes llama.cpp's log: errors are kept for messages, warnings and errors go to stderr, the rest is dropped."""

    def __init__(self, library: Any) -> None:
        self.errors: deque[str] = deque(maxlen=8)
        """The latest error lines, oldest first."""
        self._level = 0
        callback = library.llama_log_callback(self._take)
        _kept.append(callback)
        library.llama_log_set(callback, c_void_p(None))

    def _take(self, level: int, text: bytes | None, _: object) -> None:
        self._level = level if level != CONTINUED else self._level
        if self._level not in (WARNING, ERROR) or not text:
            return
        line = text.decode("utf-8", "replace")
        sys.stderr.write(line)
        if self._level == ERROR and line.strip():
            self.errors.append(line.strip()[:500])
