import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { ArchivePorts } from '../../src/archive/ports.ts';
import { archiveRequest } from '../../src/archive/archive-request.ts';
import type { Clock } from '../../src/clock.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import { createGenesysApi } from '../../src/genesys/api-client.ts';
import { createInteractionWriter } from '../../src/genesys/write-back/interaction-writer.ts';
import { createMediaApi, MEDIA_SCOPES } from '../../src/genesys/media/api.ts';
import { createMediaOpener } from '../../src/genesys/media/download.ts';
import { createTokenSource } from '../../src/genesys/oauth.ts';
import { createTransport } from '../../src/http/transport.ts';
import { createHandler } from '../../src/lambda/handle-event.ts';
import { UUID_PATTERN } from '../../src/recording/id.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';
import { fastClock } from '../fast-clock.ts';
import { recordingLogger } from '../recording-logger.ts';
import { CANARIES, findCanary, hostileConnection, hostileError, hostileResponse } from './hostile-errors.ts';
import { MemoryS3, PROMPT_CALLER, type S3Caller } from './memory-s3.ts';
import { seededRandom } from './simulated-time.ts';
import { fixedCredentials } from '../genesys/fixed-credentials.ts';

const RUNS = 500;
const recordingId = 'a1b2c3d4-5678-90ab-cdef-1234567890ab';
const conversationId = '2f7bf00a-0fc2-4d6a-9b56-92238191433e';
/** What is attacked in a run; the far ends behind the others work. */
const TARGETS = [
  'resolver',
  'opener',
  'stream',
  'seal',
  'cipher',
  's3',
  'references',
  'api',
  'media',
] as const;

function goodFile(): Buffer {
  const file = Buffer.alloc(500, 7);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(492, 4);
  file.write('WAVE', 8, 'latin1');
  return file;
}

/** Ports of which one misbehaves, each time it is used or every now and then. */
function attackedPorts(
  target: (typeof TARGETS)[number],
  random: () => number,
  clock: Clock,
): {
  readonly ports: ArchivePorts;
  readonly lines: readonly string[];
  readonly close: () => void;
} {
  const logger = recordingLogger();
  const attacks = random() < 0.5 ? 1 : 0.3;
  const strike = () => {
    // oxlint-disable-next-line typescript/only-throw-error -- a far end throws whatever it likes
    if (random() < attacks) throw hostileError(random);
  };
  const on = (name: (typeof TARGETS)[number]) => (name === target ? strike() : undefined);
  const connect = () => {
    const fails = random() < 0.3 ? hostileError(random) : undefined;
    return hostileConnection(hostileResponse(random), fails);
  };
  const resolve = async () => {
    if (random() < 0.1) strike();
    return ['127.0.0.1'];
  };
  const apiTransport = createTransport({ connect });
  const mediaTransport = createTransport({ connect, resolve, guard: { allowLoopback: true } });
  const tokens = createTokenSource({
    loginUrl: 'http://login.example.com',
    credentials: fixedCredentials(CANARIES.clientSecret, '32aa07aa-db1b-4987-abd0-9483601ec29d'),
    scope: MEDIA_SCOPES,
    transport: apiTransport,
    clock,
    logger,
  });
  const fixedTokens = { token: () => Promise.resolve(CANARIES.token), reject: () => {} };
  const api = createGenesysApi({
    apiUrl: 'http://api.example.com',
    tokens: random() < 0.5 ? tokens : fixedTokens,
    transport: apiTransport,
    clock,
    logger,
  });
  const caller: S3Caller = {
    ...PROMPT_CALLER,
    request: async (...asked) => {
      on('s3');
      return PROMPT_CALLER.request(...asked);
    },
  };
  const s3 = new MemoryS3(() => clock.now());
  const envelope = createStaticEnvelope(Buffer.alloc(32, 3));
  const url = `http://127.0.0.1/a.wav?${CANARIES.signedQuery}`;
  const item = { ids: { recordingId, conversationId }, url };
  async function* chunks() {
    const file = goodFile();
    yield file.subarray(0, 100);
    on('stream');
    yield file.subarray(100);
  }
  const stream = { contentLength: 500, contentType: 'audio/wav', etag: '"1"', resumes: () => 0 };
  const ports: ArchivePorts = {
    resolver:
      target === 'api'
        ? createMediaApi(api)
        : {
            resolve: async () => {
              on('resolver');
              return { state: 'ready', items: [item] };
            },
          },
    opener:
      target === 'media'
        ? createMediaOpener({
            transport: mediaTransport,
            policy: { hosts: ['media.example.com'], allowLoopback: true },
            clock,
            logger,
          })
        : {
            open: async () => {
              on('opener');
              return { ...stream, chunks: chunks() };
            },
          },
    references:
      target === 'api' && random() < 0.5
        ? createInteractionWriter(api)
        : {
            write: async () => {
              on('references');
            },
          },
    envelope: {
      format: envelope.format,
      seal: async (ids) => {
        on('seal');
        const sealer = await envelope.seal(ids);
        return {
          ...sealer,
          update: (plaintext) => {
            on('cipher');
            return sealer.update(plaintext);
          },
        };
      },
    },
    store: createS3Store({ client: s3.client(caller), bucket: 'bucket', clock, logger }),
    clock,
    logger,
  };
  const close = () => {
    apiTransport.close();
    mediaTransport.close();
  };
  return { ports, lines: logger.lines, close };
}

/** An event with things in it that are nobody's business, where the platform really puts them. */
function eventOf(shape: number): unknown {
  const event = {
    mediaId: recordingId,
    interactionId: conversationId,
    participants: [{ ani: CANARIES.phone, email: CANARIES.email, token: CANARIES.token }],
  };
  const body = JSON.stringify(event);
  if (shape === 0) return event;
  if (shape === 1) return { Records: [{ messageId: 'm-1', body, eventSource: 'aws:sqs' }] };
  return {
    version: '2.0',
    rawPath: '/',
    headers: { authorization: `Bearer ${CANARIES.token}` },
    requestContext: { http: { method: 'POST' } },
    isBase64Encoded: false,
    body,
  };
}

describe('log and error hygiene', () => {
  it(`${RUNS} hostile errors and answers of every port: no canary in logs, errors, stacks or answers`, {
    timeout: 240_000,
  }, async () => {
    const leaks: string[] = [];
    const seen = { failed: 0, codes: new Set<string>() };
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const random = seededRandom(seed);
      const target = TARGETS[seed % TARGETS.length] ?? 'api';
      const clock = fastClock(Date.UTC(2026, 4, 20), random);
      const { ports, lines, close } = attackedPorts(target, random, clock);
      const handle = createHandler({
        archiver: { archive: async (request, budget) => archiveRequest(ports, request, budget ?? never()) },
        config: { webhook: { secrets: [], open: true }, idPattern: UUID_PATTERN },
        clock,
        logger: ports.logger,
        onLambda: true,
      });
      const shown: string[] = [];
      try {
        const answer = await handle(eventOf(Math.floor(random() * 3)), {
          getRemainingTimeInMillis: () => 900_000,
        });
        shown.push(JSON.stringify(answer));
        if (/error|itemIdentifier/.test(JSON.stringify(answer))) seen.failed += 1;
      } catch (error) {
        seen.failed += 1;
        shown.push(JSON.stringify(error), String(error), inspect(error, { depth: 20, showHidden: true }));
        if (error instanceof Error) shown.push(error.message, error.stack ?? '', inspect(error.cause));
      } finally {
        close();
      }
      shown.push(...lines);
      for (const [, code] of shown.join('\n').matchAll(/code\\?":\\?"([A-Z_]+)/g)) seen.codes.add(code ?? '');
      const found = shown.find((text) => findCanary(text) !== undefined);
      if (found !== undefined)
        leaks.push(`seed ${seed}, ${target}: ${findCanary(found)} in ${found.slice(0, 300)}`);
    }
    expect(leaks).toEqual([]);
    // most of them did go wrong, in many ways
    expect(seen.failed).toBeGreaterThan(RUNS / 2);
    expect(seen.codes.size).toBeGreaterThan(8);
  });

  it('the detector finds a canary as it is, percent-encoded and in base64', () => {
    for (const canary of Object.values(CANARIES)) {
      expect(findCanary(`a ${canary} b`)).toBeDefined();
      expect(findCanary(encodeURIComponent(canary))).toBeDefined();
      expect(findCanary(Buffer.from(canary).toString('base64'))).toBeDefined();
    }
    expect(findCanary('GENESYS_UNAVAILABLE api.example.com: Error ECONNRESET')).toBeUndefined();
  });
});

function never(): never {
  throw new Error('the handler always states a budget');
}
