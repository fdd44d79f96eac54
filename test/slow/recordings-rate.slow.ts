import { expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { createPlatform } from '../../src/genesys/platform.ts';
import { createTransport, type Transport } from '../../src/http/transport.ts';
import { silentLogger } from '../../src/log.ts';
import type { Fault } from '../../packages/simulator/src/faults.ts';
import { startSimulator } from '../../packages/simulator/src/simulator.ts';
import { virtualClock } from '../virtual-clock.ts';
import { fixedCredentials } from '../genesys/fixed-credentials.ts';

const CONVERSATIONS = 1000;
/** Conversations that are worked on at a time, as by one process with a batch of messages. */
const WORKERS = 20;
const FAULTS: readonly Fault[] = [
  { kind: 'status', status: 503 },
  { kind: 'status', status: 500 },
  { kind: 'reset' },
  { kind: 'throttle', retryAfter: 3 },
  { kind: 'throttle', retryAfter: 'absent' },
];

/** A transport that knows how many of its requests are under way, to the end of their bodies. */
function counting(transport: Transport): Transport & { readonly underWay: () => number } {
  let underWay = 0;
  const done = () => {
    underWay -= 1;
  };
  return {
    close: () => transport.close(),
    underWay: () => underWay,
    async send(request) {
      underWay += 1;
      try {
        const response = await transport.send(request);
        return { ...response, body: finishing(response.body, done) };
      } catch (error) {
        done();
        throw error;
      }
    },
  };
}

async function* finishing(body: AsyncIterable<Uint8Array>, done: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } finally {
    done();
  }
}

it('1,000 conversations, 30 % of them with faults: all done, within the budget and with few requests more', async () => {
  const transport = counting(createTransport());
  const start = Date.UTC(2026, 4, 20, 12);
  const clock = virtualClock(start, () => 0.5, { isBusy: () => transport.underWay() > 0 });
  const simulator = await startSimulator({
    now: () => clock.now(),
    requestsPerMinute: 300,
    conversations: Array.from({ length: CONVERSATIONS }, () => ({ recordings: [{ transcodingS: 3 }] })),
  });
  try {
    const { conversations } = simulator.world;
    for (const [at, { id, recordings }] of conversations.entries()) {
      const fault = at % 10 < 3 ? FAULTS[at % FAULTS.length] : undefined;
      const [recording] = recordings;
      if (fault !== undefined) {
        simulator.faults.add({ on: 'recording', id: at % 2 === 0 ? id : (recording?.id ?? ''), fault });
      }
    }
    const { recordings } = createPlatform(
      {
        genesys: { loginUrl: simulator.apiUrl, apiUrl: simulator.apiUrl },
        writeBack: 'none',
        recordings: {
          format: 'WAV',
          kinds: ['call'],
          settleMs: 0,
          horizonMs: 7_200_000,
          restoreArchived: false,
          batch: false,
          writeBack: 'none',
          customAttributesSchema: undefined,
        },
        rateShare: 1,
        layout: { name: 'date' },
      },
      { credentials: fixedCredentials(), transport, clock, logger: silentLogger },
    );
    let found = 0;
    const queue = conversations.values();
    const work = async () => {
      for (const { id: conversationId, endedAt } of queue) {
        // what goes back to the queue is delivered again
        for (let deliveries = 0; deliveries < 5; deliveries += 1) {
          const resolution = await recordings.resolver.resolve(
            { dialect: 'recordings', conversationId, endedAt },
            unlimited,
          );
          if (resolution.state !== 'ready') continue;
          const [pending] = resolution.pending ?? [];
          if (pending === undefined) {
            found += resolution.items.length;
            break;
          }
          await clock.sleep(pending.retryAfterMs);
        }
      }
    };
    await clock.run(Promise.all(Array.from({ length: WORKERS }, work)));

    expect(found).toBe(CONVERSATIONS);
    expect(simulator.faults.injected('recording')).toBe(300);
    const asked = simulator.requests.filter(({ route }) => route !== 'POST /oauth/token');
    expect(asked.filter(({ status, faults }) => status === 429 && faults.length === 0)).toEqual([]);
    // a list, a look that begins the transcoding, a look that finds the file
    const ideal = 3 * CONVERSATIONS;
    expect(asked.length).toBeGreaterThanOrEqual(ideal);
    expect(asked.length).toBeLessThanOrEqual(1.3 * ideal);
    const times = asked.map(({ time }) => time);
    const busiest = Math.max(
      ...times
        .map((_, at) => times.findIndex((time) => time >= (times[at] ?? 0) + 60_000))
        .map((end, at) => (end < 0 ? times.length : end) - at),
    );
    expect(busiest).toBeLessThanOrEqual(300);
    // the budget is used, not only kept: no more than a fifth is lost to pauses
    expect(clock.now() - start).toBeLessThan((asked.length / 300) * 61_000 * 1.2);
  } finally {
    transport.close();
    await simulator.close();
  }
});
