"""Which way each op is run, and what follows for its works: engine, layout, constants, padding, spread."""
