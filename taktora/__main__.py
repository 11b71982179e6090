"""``python -m taktora`` is the same as the ``taktora`` command."""

from __future__ import annotations

import sys

from taktora.cli import main

if __name__ == "__main__":
    sys.exit(main())
