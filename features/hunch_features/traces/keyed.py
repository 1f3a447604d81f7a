"""Keyed hashes of names: equal names can be told to be equal, and nobody without the key can guess them."""

from __future__ import annotations

import hashlib
import os
import secrets
from functools import lru_cache
from pathlib import Path

KEY_FILE = "traces.key"
KEY_BYTES = 32
DIGEST_BYTES = 12


class KeyedHash:
    """Hashes names with a random key in the state folder (0600), made when it is first needed."""

    def __init__(self, home: Path) -> None:
        self._path = home / KEY_FILE
        self._key: bytes | None = None
        self.digest = lru_cache(maxsize=8192)(self._digest)
        """24 hexadecimal digits of a name. Raises OSError when the key can be neither read nor made."""

    def _digest(self, name: str) -> str:
        if self._key is None:
            self._key = self._load()
        data = name.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, key=self._key, digest_size=DIGEST_BYTES).hexdigest()

    def _load(self) -> bytes:
        try:
            return self._read()
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self._path.with_name(f"{self._path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secrets.token_bytes(KEY_BYTES))
        try:
            part.rename(self._path) if os.name == "nt" else os.link(part, self._path)
        except FileExistsError:  # another process was faster: its key counts
            pass
        except OSError:  # a file system without links
            if not self._path.exists():
                part.replace(self._path)
        finally:
            part.unlink(missing_ok=True)
        return self._read()

    def _read(self) -> bytes:
        key = self._path.read_bytes()
        if len(key) != KEY_BYTES:
            raise OSError(f"{self._path.name} is not a key of {KEY_BYTES} bytes; delete it to start a new one")
        return key
