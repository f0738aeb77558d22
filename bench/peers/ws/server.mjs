// A bare broadcast server: whoever connects gets everything. No tokens, no topics, no queue of its own, nothing is stored.
// Answers each line of its input: "publish RATE SECONDS SIZE" with the ticks (ns, monotonic clock) at which each message was sent, "collect" after a collection of garbage.
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, backlog: 4096, perMessageDeflate: false });
server.on('connection', client => client.on('error', () => {}));
server.on('listening', () => console.log(server.address().port));

async function publish(rate, seconds, size) {
  const count = rate * seconds, began = process.hrtime.bigint(), sent = [], text = 'x'.repeat(size);
  for (let n = 0; n < count; n++) {
    const due = n * 1000 / rate - Number(process.hrtime.bigint() - began) / 1e6;
    if (due > 0) await sleep(due);
    else if (n % 16 === 0) await new Promise(setImmediate);
    sent.push(process.hrtime.bigint());
    // As long as an event of ours.
    const data = Buffer.from(JSON.stringify({ type: 'event', name: 'bench', topic: 'jobs.bench', id: `0123abcd-${n + 1}-1234abcd`, at: new Date().toISOString(), data: { n, text } }));
    for (const client of server.clients) if (client.readyState === 1) client.send(data, { binary: false });
  }
  return sent.join(',');
}

for await (const line of createInterface({ input: process.stdin })) {
  const [verb, rate, seconds, size] = line.split(' ');
  if (verb === 'publish') console.log(await publish(+rate, +seconds, +size));
  else { globalThis.gc?.(); console.log('collected'); }
}
process.exit(0);
