import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArchiveError } from '../../src/errors.ts';
import { httpBody, parseEvent, splitBatch } from '../../src/events/parse-event.ts';
import type { ArchiveRequest } from '../../src/ports.ts';
import { isSafeId, UUID_PATTERN } from '../../src/recording/id.ts';
import { isPlausibleTime } from '../../src/recording/time.ts';
import {
  bare,
  base64,
  conversationEnd,
  data,
  eventBridge,
  functionUrl,
  restApi,
  sns,
  sqs,
  webhook,
} from '../events/envelopes.ts';

function idsOf(request: ArchiveRequest): readonly string[] {
  if (request.dialect === 'media') return [request.mediaId, request.interactionId];
  return [request.conversationId, ...(request.recordingId === undefined ? [] : [request.recordingId])];
}

const timeOf = (request: ArchiveRequest) =>
  request.dialect === 'media' ? request.occurredAt : request.endedAt;

/** `requests`, `ignored`, or the code of the error; throws for every answer that is none of these. */
function answerTo(event: unknown): string {
  try {
    const parsed = parseEvent(event);
    if (parsed.kind === 'ignored') return parsed.reason === '' ? 'no reason' : 'ignored';
    const sound = parsed.requests.every(
      (request) =>
        idsOf(request).every((id) => isSafeId(id) && UUID_PATTERN.test(id)) &&
        isPlausibleTime(timeOf(request) ?? Date.UTC(2026, 0)),
    );
    return sound && parsed.requests.length > 0 ? 'requests' : 'unsound';
  } catch (error) {
    if (!(error instanceof ArchiveError)) return 'foreign error';
    return /^[\x20-\x7e…]{1,400}$/.test(error.message) ? error.code : 'unprintable message';
  }
}

const ANSWERS = ['requests', 'ignored', 'EVENT_INVALID'];

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
});

/** Property names and values that a parser might stumble over. */
const oddKeys = fc.constantFrom(
  '__proto__',
  'constructor',
  'toString',
  'then',
  'Records',
  'detail',
  'data',
  'body',
  'Message',
  'eventType',
  'status',
  'mediaId',
  'interactionId',
  'eventBody',
  'conversationId',
  'topicName',
  'requestContext',
  'time',
);
const oddValues = fc.oneof(
  anything,
  fc.constantFrom<unknown>(
    '',
    null,
    undefined,
    Number.NaN,
    -0,
    0,
    1e308,
    '..',
    '\u0000',
    '\ud800',
    [],
    {},
    data,
  ),
  fc.string(),
);

const envelope = fc.constantFrom<() => unknown>(
  () => bare({ ...data }),
  () => webhook({ ...data }),
  () => eventBridge({ ...data }),
  () => restApi(JSON.stringify(data)),
  () => functionUrl(base64(webhook()), true),
  () => sqs(data, eventBridge(), sns(webhook())),
  () => sns(eventBridge()),
  () => conversationEnd(),
  () => sqs(conversationEnd(), conversationEnd('user.end'), sns(conversationEnd('attributes'))),
);

/** Every object within a value, itself included. */
function objectsWithin(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(objectsWithin)];
}

const mutation = fc.record({
  where: fc.nat(),
  which: fc.nat(),
  key: fc.option(oddKeys),
  value: oddValues,
  how: fc.constantFrom('replace', 'remove', 'getter', 'cycle'),
});

type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

/** A fresh envelope with mutations anywhere in it. */
function makeMutated(make: () => unknown, mutations: readonly Mutation[]): unknown {
  const event = make();
  const objects = objectsWithin(event);
  for (const { where, which, key, value, how } of mutations) {
    const target = objects[where % objects.length] ?? {};
    const names = Object.keys(target);
    const name = key ?? names[which % Math.max(1, names.length)] ?? 'x';
    const get = () => {
      throw value;
    };
    const written = { value: how === 'cycle' ? event : value, writable: true };
    if (how === 'remove') Reflect.deleteProperty(target, name);
    else {
      const descriptor = how === 'getter' ? { get } : written;
      Reflect.defineProperty(target, name, { ...descriptor, enumerable: true, configurable: true });
    }
  }
  return event;
}

describe('any delivery is a request list, ignored, or EVENT_INVALID', () => {
  it('anything', () => {
    fc.assert(
      fc.property(anything, (event) => {
        expect(ANSWERS).toContain(answerTo(event));
      }),
      { numRuns: 5_000 },
    );
  });

  it('objects made of the very names that are looked for', () => {
    const { event } = fc.letrec<{ event: unknown; fields: unknown }>((tie) => ({
      event: fc.oneof({ maxDepth: 5, depthSize: 'small' }, oddValues, tie('fields')),
      fields: fc.dictionary(oddKeys, tie('event'), { maxKeys: 5 }),
    }));
    fc.assert(
      fc.property(event, (value) => {
        expect(ANSWERS).toContain(answerTo(value));
      }),
      { numRuns: 5_000 },
    );
  });

  it('real envelopes with fields replaced, removed, made to throw or to point back', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(envelope, fc.array(mutation, { minLength: 0, maxLength: 3 }), (make, mutations) => {
        const event = makeMutated(make, mutations);
        const answer = answerTo(event);
        seen.set(answer, (seen.get(answer) ?? 0) + 1);
        expect(ANSWERS).toContain(answer);
      }),
      { numRuns: 5_000 },
    );
    // The mutations reach all three answers, so none of them is a matter of luck.
    expect([...seen.keys()].toSorted()).toEqual([...ANSWERS].toSorted());
  });

  it('JSON text with characters changed', () => {
    fc.assert(
      fc.property(
        envelope,
        fc.nat(),
        fc.string({ maxLength: 3 }),
        fc.boolean(),
        (make, at, text, inBatch) => {
          const whole = JSON.stringify(make());
          const index = at % whole.length;
          const changed = whole.slice(0, index) + text + whole.slice(index + 1);
          expect(ANSWERS).toContain(answerTo(inBatch ? sqs(changed) : changed));
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it.each<[string, () => unknown]>([
    [
      'a cyclic object',
      () => {
        const event: Record<string, unknown> = {};
        event['detail'] = event;
        event['data'] = event;
        return event;
      },
    ],
    [
      'a revoked proxy',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      },
    ],
    [
      'a getter that throws',
      () => ({
        get mediaId() {
          throw new ArchiveError('USAGE', 'from elsewhere');
        },
      }),
    ],
    ['JSON nested 100,000 deep', () => `${'{"data":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['an array nested 100,000 deep', () => sqs(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)],
    ['more messages than a batch has', () => ({ Records: Array.from({ length: 10_001 }) })],
    ['a sparse batch', () => ({ Records: Array.from({ length: 4 }) })],
    ['a message of 2 MiB', () => sqs(`{"mediaId":"${'x'.repeat(2 ** 21)}"}`)],
    ['a symbol', () => Symbol('x')],
    ['a function', () => () => data],
  ])('%s', (_, make) => {
    expect(answerTo(make())).toBe('EVENT_INVALID');
  });
});

describe('splitBatch and httpBody', () => {
  it('give a value, undefined, or EVENT_INVALID for anything', () => {
    const codes = (event: unknown) =>
      [splitBatch, httpBody].map((read) => {
        try {
          read(event);
          return 'EVENT_INVALID';
        } catch (error) {
          return error instanceof ArchiveError ? error.code : 'foreign error';
        }
      });
    fc.assert(
      fc.property(envelope, fc.array(mutation, { maxLength: 3 }), anything, (make, mutations, other) => {
        const event = makeMutated(make, mutations);
        expect([...codes(event), ...codes(other)]).toEqual(Array.from({ length: 4 }, () => 'EVENT_INVALID'));
      }),
      { numRuns: 2_000 },
    );
  });

  it('a body comes out as the bytes that went in, plain or base64', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.uint8Array({ maxLength: 500 }), (text, bytes) => {
        const raw = Buffer.from(bytes);
        expect(httpBody(functionUrl(text))?.raw.toString('utf8')).toBe(text);
        expect(httpBody(restApi(raw.toString('base64'), true))?.raw.equals(raw)).toBe(true);
      }),
    );
  });
});
