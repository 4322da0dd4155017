"""The Celery workers: unpack payloads, start interviews, write results."""
