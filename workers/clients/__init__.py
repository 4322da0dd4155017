"""The two partners' HTTP APIs."""
