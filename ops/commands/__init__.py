"""The commands of `python -m ops`, one file a group."""
