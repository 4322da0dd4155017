"""The console: a web page for the people who run the bridge, behind a password, on loopback."""
