// What worker and sender share: the connection and the queue (docs.bullmq.io).
const IORedis = require('ioredis');
const { Queue } = require('bullmq');

const connection = new IORedis(process.env.REDIS_URL, { maxRetriesPerRequest: null });
const queue = new Queue('interviews', { connection });
module.exports = { connection, queue, perSecond: Number(process.env.PER_SECOND) };
