"""Sends the cohort of `arq_app`, a job a person."""

import asyncio

from arq import create_pool
from arq.connections import RedisSettings
from koji_call import REDIS_URL, cohort_when_told


async def main() -> None:
    """Send a job for everybody."""
    people = cohort_when_told()
    pool = await create_pool(RedisSettings.from_dsn(REDIS_URL))
    for person in people:
        await pool.enqueue_job("start_interview", person)
    await pool.aclose()
    print("sent", flush=True)


asyncio.run(main())
