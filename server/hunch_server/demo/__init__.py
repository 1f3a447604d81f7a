"""The demo: a small project, a recorded session that is typed into the real server, and how it is shown."""
