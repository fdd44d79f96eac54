import net from 'node:net';
import type { S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { createTransport, type Transport } from '../../src/http/transport.ts';
import { silentLogger } from '../../src/log.ts';
import { createS3Client } from '../../src/store/s3/client.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';
import { fastClock } from '../fast-clock.ts';
import { bodyOf, contentOf, readAll } from '../store/bytes.ts';
import { PART_BYTES } from '../store/s3-under-test.ts';
import { type SimulatedS3, useSimulatedS3 } from '../store/simulated-s3.ts';
import { type HeldRequest, type SlowProxy, startSlowProxy } from '../store/slow-proxy.ts';

const OPTIONS = { metadata: {}, contentType: 'audio/wav' };
/** More than the kernel takes off a connection that nobody reads: the rest of it waits in the part's buffer. */
const FIRST = contentOf(PART_BYTES, 1);
const PARTS = contentOf(3 * PART_BYTES + 1, 2);
const OTHERS = contentOf(3 * PART_BYTES + 1, 3);

const refusal = (status: string, code: string) => {
  const body = `<Error><Code>${code}</Code></Error>`;
  return `HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
};
const TAKEN = refusal('412 Precondition Failed', 'PreconditionFailed');
const BUSY = refusal('503 Slow Down', 'SlowDown');

/** Makes the bucket look like one that only the SDK can sign requests for: the store asks what those for it look like. */
function sendThroughSdk(client: S3Client): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      (step) => {
        const { headers } = step.request as { headers: Record<string, string> };
        if (commandName === 'HeadBucketCommand') headers['x-amz-s3session-token'] = 'a-token';
        return next(step);
      },
    { step: 'deserialize', name: 'altering', priority: 'high' },
  );
}

const WAYS = ['past the SDK', 'past the SDK, piece by piece as over TLS', 'through the SDK'];

describe.each(WAYS)('a request that is sent %s and left behind', (way) => {
  let s3: SimulatedS3;
  let proxy: SlowProxy;
  let transport: Transport;
  let client: S3Client;
  let serial = 0;

  beforeAll(async () => {
    s3 = await useSimulatedS3();
    proxy = await startSlowProxy(s3.server.url);
  });
  afterEach(() => {
    transport.close();
    client.destroy();
  });
  afterAll(async () => {
    await proxy.close();
    await s3.close();
  });

  /** @param firstMs how long the first request waits for its answer; the others wait longer than any test. */
  function openStore(firstMs = 60_000) {
    const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '', AWS_REGION = '' } = s3.server.environment();
    client = createS3Client({
      endpoint: proxy.url,
      region: AWS_REGION,
      credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
      forcePathStyle: true,
    });
    let sent = 0;
    const { requestHandler } = client.config;
    const handle = requestHandler.handle.bind(requestHandler);
    requestHandler.handle = (request, options) =>
      handle(request, { ...options, requestTimeout: sent++ === 0 ? firstMs : 60_000 });
    if (way === 'through the SDK') sendThroughSdk(client);
    // a connection of somebody else's making is written to as one of TLS is
    const pieces = way.includes('TLS') ? { connect: net.connect } : {};
    const [patient, first] = [
      createTransport({ timeouts: { headersMs: 60_000 }, ...pieces }),
      createTransport({ timeouts: { headersMs: firstMs }, ...pieces }),
    ];
    transport = {
      send: (request) => (sent++ === 0 ? first : patient).send(request),
      close() {
        patient.close();
        first.close();
      },
    };
    const store = createS3Store({
      client,
      transport,
      bucket: s3.bucket,
      clock: fastClock(),
      logger: silentLogger,
      partSizeBytes: PART_BYTES,
    });
    serial += 1;
    return {
      put: (name: string, content: Buffer, signal = unlimited.signal) =>
        store.put(
          `reuse/${serial}/${name}`,
          bodyOf(content),
          { ...OPTIONS, contentLength: content.length },
          { deadline: Number.POSITIVE_INFINITY, signal },
        ),
      read: async (name: string) => readAll((await store.get(`reuse/${serial}/${name}`, unlimited)).body),
    };
  }

  /** Writes another of that size in the meantime, whose parts take the buffers that were given back. */
  async function writeAnother({ put }: ReturnType<typeof openStore>, { length }: Buffer): Promise<void> {
    expect(await put('another', OTHERS.subarray(0, length))).toMatchObject({ outcome: 'stored' });
  }

  /** Reads on while another is written: what was still to be sent comes now, if it comes at all. */
  async function expectOnly(content: Buffer, request: HeldRequest): Promise<void> {
    const { body } = await request.readOn();
    expect(body.length).toBeGreaterThan(0);
    expect(body.equals(content.subarray(0, body.length))).toBe(true);
  }

  it('is none that was sent to its end: that leaves its connection to the next one', async () => {
    const store = openStore();
    await store.put('a', FIRST);
    const before = proxy.connections();
    for (const name of ['b', 'c']) await store.put(name, FIRST);
    expect(proxy.connections()).toBe(before);
  });

  it('sends nothing of another when it was refused before it was read', async () => {
    const store = openStore();
    const held = proxy.hold(/^PUT .*first/, TAKEN);
    expect(await store.put('first', FIRST)).toEqual({ outcome: 'exists' });
    await Promise.all([writeAnother(store, FIRST), expectOnly(FIRST, await held)]);
  });

  it('sends nothing of another when it was not answered in time', async () => {
    const store = openStore(300);
    const held = proxy.hold(/^PUT .*first/);
    expect(await store.put('first', FIRST)).toMatchObject({ outcome: 'stored' });
    await Promise.all([writeAnother(store, FIRST), expectOnly(FIRST, await held)]);
    expect((await store.read('first')).equals(FIRST)).toBe(true);
  });

  it('sends nothing of another when its answer is not awaited any more', async () => {
    const store = openStore();
    const held = proxy.hold(/^PUT .*first/);
    const controller = new AbortController();
    const reason = new ArchiveError('INTERRUPTED', 'made up');
    const first = store.put('first', FIRST, controller.signal);
    const request = await held;
    controller.abort(reason);
    await expect(first).rejects.toBe(reason);
    await Promise.all([writeAnother(store, FIRST), expectOnly(FIRST, request)]);
  });

  it('sends nothing of the parts behind it when it is repeated', async () => {
    const store = openStore();
    const held = [1, 2].map((number) => proxy.hold(new RegExp(`^PUT .*partNumber=${number}&`), BUSY));
    expect(await store.put('parts', PARTS)).toMatchObject({ outcome: 'stored' });
    const requests = await Promise.all(held);
    await Promise.all([
      writeAnother(store, PARTS),
      ...requests.map((request, index) =>
        expectOnly(PARTS.subarray(index * PART_BYTES, (index + 1) * PART_BYTES), request),
      ),
    ]);
    expect((await store.read('parts')).equals(PARTS)).toBe(true);
  });
});
