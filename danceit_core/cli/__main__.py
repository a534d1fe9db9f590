"""The same as `danceit`: python -m danceit_core.cli."""

from danceit_core.cli.main import main

main()
