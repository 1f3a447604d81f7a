"""How a repository came to be: which files change together, and which change answered which wish, mined from git."""
