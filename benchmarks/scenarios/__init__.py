"""What happens to each contender; one module a scenario."""
