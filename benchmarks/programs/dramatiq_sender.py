"""Sends the cohort of `dramatiq_app`, a message a person."""

from dramatiq_app import start_interview
from koji_call import cohort_when_told

for person in cohort_when_told():
    start_interview.send(person)
print("sent", flush=True)
