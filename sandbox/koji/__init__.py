"""The local Koji: starts interviews, holds them, and calls back with the analysis."""
