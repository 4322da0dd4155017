"""Benchmarks: the bridge side by side with what one would write or pick instead."""
