"""Entry point of the worker process: `python -I <absolute path to this file>`.

`-I` keeps the current folder, PYTHONPATH and the user's site folder out of the import path; `-m` would not.
The folder that holds this package is put at the end of the path, for installations outside `site-packages`.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    root = str(Path(__file__).resolve().parents[2])
    if root not in sys.path:
        sys.path.append(root)
    from hunch_models.llama.worker import main

    main()
