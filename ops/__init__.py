"""For the people who run the bridge: command line, console, Flower, local processes."""
