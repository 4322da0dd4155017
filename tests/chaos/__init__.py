"""The fault harness: real processes, a seeded storm, and sums that have to add up."""
