"""Repository memory: what the code is (tree-sitter) and how it came to be (git), kept on this machine."""
