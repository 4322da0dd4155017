// Adds a job a person, a thousand at a time; five attempts with exponential backoff from 1 s.
const fs = require('node:fs');
const readline = require('node:readline');
const { connection, queue } = require('./bullmq_call.cjs');

const options = { attempts: 5, backoff: { type: 'exponential', delay: 1000 }, removeOnComplete: true };

async function main() {
  const people = JSON.parse(fs.readFileSync(process.env.PEOPLE, 'utf8'));
  await queue.waitUntilReady();
  console.log('ready');
  const lines = readline.createInterface({ input: process.stdin });
  await new Promise((resolve) => lines.once('line', resolve));
  for (let at = 0; at < people.length; at += 1000) {
    const page = people.slice(at, at + 1000);
    await queue.addBulk(page.map((data) => ({ name: 'start', data, opts: options })));
  }
  console.log('sent');
  lines.close();
  await queue.close();
  connection.disconnect();
}

main();
