"""Completion servers elsewhere, llama.cpp's or an OpenAI-compatible one, behind the `Backend` interface.

What is sent there is the code around the cursor; nothing is sent before a person has set an address.
"""

from hunch_models.remote.backend import RemoteBackend
from hunch_models.remote.options import RemoteOptions, api_key_from_environment

__all__ = ["RemoteBackend", "RemoteOptions", "api_key_from_environment"]
