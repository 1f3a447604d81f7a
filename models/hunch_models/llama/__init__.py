"""llama.cpp as a backend: `backend.LlamaBackend` in the server process, and the worker process that owns the model.

Nothing is imported here: the worker starts with this package too, and should start fast.
"""
