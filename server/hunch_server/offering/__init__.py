"""Proactive offers in the server: what happens in the editor in, at most one quiet offer at a time out."""
