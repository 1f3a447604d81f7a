"""The report: one self-contained HTML page with plots, for the person whose work it shows. No scripts, no network."""
