"""Entry point for editors: `python -I <absolute path to this file> serve --stdio`.

`-I` keeps the current folder, PYTHONPATH and the user's site folder out of the import path, so that no
module of the workspace can be imported in place of ours. `python -m hunch_server` would not.
"""

import sys

if __name__ == "__main__":
    from hunch_server.__main__ import main

    sys.exit(main())
