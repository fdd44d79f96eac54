import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { readEvents } from '../../src/cli/archive/read-events.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createArchiver } from '../../src/create/archiver.ts';
import { MAX_REQUESTS_PER_EVENT, parseEvent } from '../../src/events/parse-event.ts';
import { createHandler } from '../../src/lambda/handle-event.ts';
import { startSimulator } from '../../packages/simulator/src/simulator.ts';
import { fastClock } from '../fast-clock.ts';
import { recordingLogger } from '../recording-logger.ts';
import { CONVERSATION_ID, conversationEnd, data, functionUrl, sns, sqs } from './envelopes.ts';

/** `count` events about recordings, each another one. */
const many = (count: number) =>
  Array.from({ length: count }, (_, at) => ({
    mediaId: `a1b2c3d4-5678-40ab-8def-${String(at).padStart(12, '0')}`,
    interactionId: data.interactionId,
  }));

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

describe('an event', () => {
  it(`may name ${MAX_REQUESTS_PER_EVENT} recordings, and not one more, in any wrapping`, () => {
    const wrappers = [
      sqs,
      (...all: object[]) => functionUrl(JSON.stringify(sqs(...all))),
      (...all: object[]) => sns(sqs(...all)),
    ];
    for (const wrap of wrappers) {
      const full = parseEvent(wrap(...many(MAX_REQUESTS_PER_EVENT)));
      expect(full).toMatchObject({ kind: 'requests', requests: { length: MAX_REQUESTS_PER_EVENT } });
      expect(() => parseEvent(wrap(...many(MAX_REQUESTS_PER_EVENT + 1)))).toThrow(
        expect.objectContaining({
          code: 'EVENT_INVALID',
          message: 'the event names 101 recordings or conversations, more than the 100 that one event may',
        }),
      );
    }
    expect(parseEvent(sqs(...many(500)), { maxRequests: 500 })).toMatchObject({ requests: { length: 500 } });
  });

  it('of one conversation may be delivered any number of times', () => {
    const events = Array.from({ length: 300 }, () => conversationEnd());
    expect(parseEvent(sqs(...events))).toMatchObject({ requests: [{ conversationId: CONVERSATION_ID }] });
  });

  it.each([
    ['of brackets', '['.repeat(1e5)],
    ['of objects', `${'{"a":'.repeat(3e4)}1${'}'.repeat(3e4)}`],
    [
      'with a deep member beside its ids',
      JSON.stringify({ ...data, x: 0 }).replace('0}', `${'['.repeat(70)}${']'.repeat(70)}}`),
    ],
  ])('%s is nested too deeply, and says so', (_name, text) => {
    for (const event of [text, functionUrl(text), sqs(text)]) {
      expect(() => parseEvent(event)).toThrow(/nested too deeply$/);
    }
  });
});

describe('a file of events', () => {
  it('of 16 MB of brackets is read and refused', async () => {
    const text = '['.repeat(8e6) + ']'.repeat(8e6);
    // work that grows faster than the file would outlast the test's own limit
    const [event, ...others] = await readEvents('-', Readable.from([Buffer.from(text)]));
    expect(others).toEqual([]);
    expect(() => parseEvent(event)).toThrow(expect.objectContaining({ code: 'EVENT_INVALID' }));
  });
});

describe('a webhook that asks for 1,400 recordings', () => {
  it('is answered with 400, and nothing is asked of the platform', async () => {
    const clock = fastClock();
    const simulator = await startSimulator({ now: () => clock.now() });
    const settings = {
      ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex'),
      ARCHIVE_STORE: 'file:/nonexistent',
    };
    const config = loadConfig({ env: { ...simulator.environment(), ...settings } }, 'archive');
    const archiver = await createArchiver(config, { clock });
    closers.push(
      () => Promise.resolve(archiver.close()),
      () => simulator.close(),
    );
    const handle = createHandler({ archiver, config, clock, logger: recordingLogger(), onLambda: false });
    const body = {
      Records: many(1_400).map((event, at) => ({ messageId: `${at}`, body: JSON.stringify(event) })),
    };
    expect(JSON.stringify(body).length).toBeLessThan(256 * 1024);
    expect(await handle(functionUrl(JSON.stringify(body)), {})).toMatchObject({ statusCode: 400 });
    expect(simulator.requests).toEqual([]);
  });
});
