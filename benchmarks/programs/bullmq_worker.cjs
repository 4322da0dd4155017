// A BullMQ worker with its limiter, which the whole fleet shares, and its manual rate limit on a 429
// (docs.bullmq.io/guide/rate-limiting): such a job goes back without losing an attempt.
const { RateLimitError, Worker } = require('bullmq');
const { connection, queue, perSecond } = require('./bullmq_call.cjs');

async function start(job) {
  const person = job.data;
  const response = await fetch(`${process.env.KOJI_URL}/api/v1/interviews/start`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${process.env.KOJI_KEY}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      study_id: 'st_demo',
      respondent_email: person.email,
      respondent_id: person.mixpanel_distinct_id,
      respondent_name: `${person.first_name} ${person.last_name}`,
      metadata: { plan: person.plan, $city: person.$city },
    }),
    signal: AbortSignal.timeout(20000),
  });
  await response.arrayBuffer();
  if (response.status === 429 && perSecond) {
    await queue.rateLimit(1000);
    throw new RateLimitError();
  }
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
}

const limiter = perSecond ? { limiter: { max: Math.round(perSecond), duration: 1000 } } : {};
const worker = new Worker('interviews', start, { connection, concurrency: 32, ...limiter });
worker.on('error', (error) => console.error(error.message));
worker.waitUntilReady().then(() => console.log('ready'));
