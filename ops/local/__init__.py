"""Everything on one machine: embedded Redis, supervised processes, demo and run."""
