"""`python -m tui`: the command `authwalk`."""

from tui.cli import main

raise SystemExit(main())
