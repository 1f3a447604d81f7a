"""Product logic, one package per area. Knows nothing of LSP or the editor."""
