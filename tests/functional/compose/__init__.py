"""docker-compose.yml and Dockerfile, read and run by hand, where there is no Docker engine."""
