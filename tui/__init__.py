"""Everything of authwalk that faces a terminal."""
