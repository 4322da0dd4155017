"""What tests of several houses share."""

# What stands in the place of supervisord where many processes are started.
FORKING = "tests.support.forking_supervisor"
