"""The commands of `npusim`, one file each. Heavy imports stand inside the functions: `--help` stays quick."""
