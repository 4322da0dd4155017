"""Sends the cohort of `celery_app`; a module of its own, so that tasks have their real name."""

from celery_app import main

main()
