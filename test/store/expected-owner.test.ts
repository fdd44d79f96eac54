import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, unlimited } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { openConfiguredStore } from '../../src/create/archiver.ts';
import { silentLogger } from '../../src/log.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { contentOf } from './bytes.ts';
import { PART_BYTES } from './s3-under-test.ts';
import { type SimulatedS3, useSimulatedS3 } from './simulated-s3.ts';

const OWNER = '123456789012';
const OPTIONS = { metadata: { iv: 'AAECAwQFBgcICQoL' }, contentType: 'audio/wav' };

interface Seen {
  readonly what: string;
  readonly owner: unknown;
  readonly source: unknown;
}

let s3: SimulatedS3;
let proxy: ReturnType<typeof createServer>;
const seen: Seen[] = [];
const kept: Record<string, string | undefined> = {};

/** Passes every request on, and keeps what it says of the owner. */
beforeAll(async () => {
  s3 = await useSimulatedS3();
  proxy = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    seen.push({
      what: `${method} ${url.replace(/^\/[^/?]*/, '')}`,
      owner: headers['x-amz-expected-bucket-owner'],
      source: headers['x-amz-source-expected-bucket-owner'],
    });
    const pass = async () => {
      const answer = await forward(request, headers, url, method);
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(Buffer.from(await answer.arrayBuffer()));
    };
    pass().catch(() => response.destroy());
  });
  const forward = async (
    body: AsyncIterable<Buffer>,
    headers: Record<string, unknown>,
    url: string,
    method: string,
  ) => {
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    const {
      connection: _,
      'transfer-encoding': __,
      expect: ___,
      'content-length': ____,
      ...passed
    } = headers;
    const { request } = await import('node:http');
    return new Promise<Response>((resolve, reject) => {
      const onward = request(
        `${s3.server.url}${url}`,
        { method, headers: passed as Record<string, string> },
        (answer) => {
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.on('end', () => {
            const status = answer.statusCode ?? 0;
            const given = new Headers(answer.headers as Record<string, string>);
            given.delete('transfer-encoding');
            resolve(new Response(status === 204 ? null : Buffer.concat(parts), { status, headers: given }));
          });
        },
      );
      onward.on('error', reject);
      onward.end(Buffer.concat(chunks));
    });
  };
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const env = {
    ...s3.server.environment(),
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
  };
  for (const [name, value] of Object.entries(env)) {
    kept[name] = process.env[name];
    process.env[name] = value;
  }
});
afterAll(async () => {
  for (const [name, value] of Object.entries(kept)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  proxy.closeAllConnections();
  await new Promise((resolve) => proxy.close(resolve));
  await s3.close();
});
beforeEach(() => {
  seen.length = 0;
});

function open(owner: string): Promise<ObjectStore> {
  const env = {
    ARCHIVE_STORE: `s3://${s3.bucket}/o`,
    S3_FORCE_PATH_STYLE: '1',
    S3_EXPECTED_BUCKET_OWNER: owner,
  };
  return openConfiguredStore(loadConfig({ env }, 'store'), { clock: systemClock, logger: silentLogger });
}

async function* none(): AsyncGenerator<never> {}

async function everything(store: ObjectStore): Promise<void> {
  const small = contentOf(100);
  await store.put('a/small', small, { ...OPTIONS, contentLength: small.length }, unlimited);
  async function* large() {
    yield contentOf(PART_BYTES);
    yield contentOf(1);
  }
  await store.put('a/large', large(), OPTIONS, unlimited);
  const stat = await store.head('a/small', unlimited);
  const { body } = await store.get('a/small', unlimited);
  for await (const _ of body) continue;
  await store.head('a/none', unlimited);
  for await (const _ of store.list('', unlimited)) continue;
  for await (const _ of store.listUploads?.(unlimited) ?? none()) continue;
  await store.abortUpload?.({ key: 'a/gone', id: 'x', startedAt: 0 }, unlimited);
  if (stat === undefined) return;
  await store.replaceMetadata?.(stat, { iv: 'AAECAwQFBgcICQoM' }, unlimited);
  const now = await store.head('a/small', unlimited);
  if (now !== undefined) await store.replace?.(now, contentOf(5), OPTIONS, unlimited);
}

describe('S3_EXPECTED_BUCKET_OWNER', () => {
  it('goes with every request, those past the SDK and the source of a copy among them', async () => {
    await everything(await open(OWNER));
    const methods = new Set(seen.map(({ what }) => what.split(' ')[0]));
    expect(methods).toEqual(new Set(['PUT', 'POST', 'HEAD', 'GET', 'DELETE']));
    expect(seen.filter(({ owner }) => owner !== OWNER)).toEqual([]);
    expect(seen.filter(({ source }) => source !== undefined)).toEqual([
      expect.objectContaining({ source: OWNER }),
    ]);
  });

  it('keeps anything from being written into, or read from, a bucket of another account', async () => {
    const store = await open('999999999999');
    for (const work of [
      () => store.put('b', contentOf(10), { ...OPTIONS, contentLength: 10 }, unlimited),
      () => store.head('a/small', unlimited),
      () => store.get('a/small', unlimited),
      async () => {
        for await (const _ of store.list('', unlimited)) break;
      },
    ]) {
      await expect(work()).rejects.toMatchObject({
        code: 'STORE_DENIED',
        hint: expect.stringContaining('S3_EXPECTED_BUCKET_OWNER') as string,
      });
    }
  });

  it.for(['12345678901', '1234567890123', '1234-5678-9012', 'my-account', '12345678901x'])(
    'is 12 digits, not %s',
    (value) => {
      const env = { ARCHIVE_STORE: 's3://bucket', S3_EXPECTED_BUCKET_OWNER: value };
      expect(() => loadConfig({ env }, 'store')).toThrow(/S3_EXPECTED_BUCKET_OWNER: must be the 12 digits/);
    },
  );

  it('is said to have no effect on a directory', () => {
    const env = { ARCHIVE_STORE: 'file:/archive', S3_EXPECTED_BUCKET_OWNER: OWNER };
    expect(loadConfig({ env }, 'store').warnings.join()).toContain('S3_EXPECTED_BUCKET_OWNER has no effect');
  });
});
