"""Bytes to messages and back, with bounds: whatever a client sends, memory stays small and the server stays up.

pygls's own reader takes any length that a header names, answers nothing to broken JSON and writes on the event loop.
"""
