import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ArchivePorts } from '../../src/archive/ports.ts';
import { archiveRequest } from '../../src/archive/archive-request.ts';
import { claimFirstSeen } from '../../src/archive/place-recording.ts';
import { formatOf, idempotencyKey, idempotencyMetadata, isSameRecording } from '../../src/record/identity.ts';
import { MAX_RESTARTS } from '../../src/archive/store-recording.ts';
import { unlimited } from '../../src/clock.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import { ArchiveError, type ErrorCode } from '../../src/errors.ts';
import type { LogFields } from '../../src/log.ts';
import {
  type ArchiveReference,
  type MediaItem,
  MediaRestart,
  type MediaStream,
  type ObjectStore,
  type PutOptions,
  type RecordingIds,
  type Resolution,
} from '../../src/ports.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';
import { MemoryS3, PROMPT_CALLER } from '../faults/memory-s3.ts';
import { fastClock } from '../fast-clock.ts';

const AT = Date.UTC(2026, 4, 20, 12);
const ids: RecordingIds = {
  recordingId: 'a1b2c3d4-5678-90ab-cdef-1234567890ab',
  conversationId: '2f7bf00a-0fc2-4d6a-9b56-92238191433e',
};
const KEY = `archive/2026/05/20/${ids.recordingId}.enc`;
const request = { dialect: 'recordings', conversationId: ids.conversationId } as const;

function wav(bytes = 200, riffSize = bytes - 8): Buffer {
  const file = Buffer.alloc(bytes, 5);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(riffSize >>> 0, 4);
  file.write('WAVE', 8, 'latin1');
  return file;
}

type Download = Partial<MediaStream> & { readonly bytes?: Buffer; readonly fails?: Error };

/** The heart over an in-memory store, with a media host that serves `downloads` one after the other, the last for ever. */
function setUp(
  downloads: readonly Download[],
  resolution: Partial<Extract<Resolution, { state: 'ready' }>> = {},
) {
  const clock = fastClock(AT);
  const s3 = new MemoryS3(() => clock.now());
  const logged: [string, string, LogFields | undefined][] = [];
  const logger = {
    log: (level: string, message: string, fields?: LogFields) => void logged.push([level, message, fields]),
  };
  const store = createS3Store({ client: s3.client(PROMPT_CALLER), bucket: 'bucket', clock, logger });
  const written: [RecordingIds, ArchiveReference][] = [];
  const counts = { opened: 0, resolved: 0, sealed: 0 };
  const envelope = createStaticEnvelope(Buffer.alloc(32, 9));
  const item: MediaItem = { ids, url: 'https://media.example.com/a.wav', recordedAt: AT };
  const ports: ArchivePorts = {
    resolver: {
      resolve: () => {
        counts.resolved += 1;
        return Promise.resolve({ state: 'ready', items: [item], ...resolution });
      },
    },
    opener: {
      open: () => {
        const download = downloads[Math.min(counts.opened, downloads.length - 1)] ?? {};
        counts.opened += 1;
        const { bytes = wav(), fails, ...stream } = download;
        async function* chunks() {
          yield bytes;
          if (fails !== undefined) throw fails;
        }
        const stated = {
          contentLength: bytes.length,
          contentType: 'audio/wav',
          etag: '"1"',
          resumes: () => 2,
        };
        return Promise.resolve({ ...stated, chunks: chunks(), ...stream });
      },
    },
    references: {
      write: async (...[who, reference]) => {
        written.push([who, reference]);
      },
    },
    envelope: {
      format: envelope.format,
      seal: (...asked) => {
        counts.sealed += 1;
        return envelope.seal(...asked);
      },
    },
    store,
    clock,
    logger,
  };
  const text = (key: string) => s3.objects.get(key)?.body.toString('utf8');
  return { ports, s3, store, clock, logged, written, counts, item, text };
}

const failing = (code: ErrorCode) => new ArchiveError(code, 'made up');

describe('one recording, step by step', () => {
  it('leaves an object, a receipt, a marker and a reference, each with what it has to say', async () => {
    const { ports, s3, written, text, clock, logged } = setUp([{}]);
    const [result] = await archiveRequest(ports, request, unlimited);
    const receiptKey = `receipts/2026/05/20/${ids.recordingId}.json`;
    expect(result).toEqual({
      state: 'archived',
      ids,
      key: KEY,
      receiptKey,
      bytes: 216,
      stored: true,
      resumes: 2,
      restarts: 0,
    });
    const object = s3.objects.get(KEY);
    const idem = createHash('sha256')
      .update(JSON.stringify([ids.conversationId, ids.recordingId, '']))
      .digest('base64url');
    expect(object?.metadata).toMatchObject({ 'gca-v': '1', 'gca-idem': idem, encryption: 'aes-256-gcm' });
    expect(object?.contentType).toBe('application/octet-stream');
    const reference = { key: KEY, archivedAt: object?.lastModified, algorithm: 'AES-256-GCM' };
    expect(written).toEqual([[ids, reference]]);
    const marker = JSON.parse(text(`links/2026/05/20/${ids.recordingId}.json`) ?? '') as Record<
      string,
      string
    >;
    expect(marker).toEqual({
      conversation: ids.conversationId,
      key: KEY,
      linked: expect.stringMatching(/^2026-05-20T12:/) as unknown,
    });
    expect(JSON.parse(text(receiptKey) ?? '')).toMatchObject({
      kind: 'archived',
      source: { contentType: 'audio/wav', contentLength: 200, etag: '"1"', resumes: 2, restarts: 0 },
      plaintext: { bytes: 200, sha256: createHash('sha256').update(wav()).digest('hex') },
    });
    expect([...s3.objects.values()].map(({ contentType }) => contentType).sort()).toEqual([
      'application/json',
      'application/json',
      'application/octet-stream',
    ]);
    expect(clock.slept).toEqual([]);
    const { recordingId, conversationId } = ids;
    expect(logged).toEqual([
      ['debug', 'stored', { recordingId, conversationId, key: KEY, bytes: 216, state: 'stored' }],
    ]);
  });

  it('a second delivery finds all of it, and says so', async () => {
    const { ports, counts, written, logged } = setUp([{}]);
    await archiveRequest(ports, request, unlimited);
    const [result] = await archiveRequest(ports, request, unlimited);
    expect(result).toMatchObject({ stored: false, resumes: 0, restarts: 0, bytes: 216 });
    expect([counts.opened, written.length]).toEqual([1, 1]);
    expect(logged.at(-1)?.[1]).toBe('found in the archive');
  });

  it('a key that is refused as taken and then found free is worth another delivery', async () => {
    const { ports, store } = setUp([{}]);
    const odd = { ...store, put: () => Promise.resolve({ outcome: 'exists' } as const) };
    await expect(archiveRequest({ ...ports, store: odd }, request, unlimited)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
      message: `${KEY} was refused as existing and then not found`,
    });
  });

  it('a collision is logged with its key', async () => {
    const { ports, logged, item } = setUp([{}], {
      items: [{ ...setUp([]).item, ids: { ...ids, conversationId: 'another' } }],
    });
    await archiveRequest(ports, request, unlimited);
    const other = { resolve: () => Promise.resolve({ state: 'ready', items: [item] } as const) };
    await expect(archiveRequest({ ...ports, resolver: other }, request, unlimited)).rejects.toMatchObject({
      code: 'KEY_COLLISION',
      message: `an object of another recording stands under ${KEY}`,
      details: { key: KEY, recordingId: ids.recordingId },
    });
    expect(logged.at(-1)).toEqual([
      'warn',
      'an object of another recording stands under this key',
      { key: KEY, recordingId: ids.recordingId, code: 'KEY_COLLISION' },
    ]);
  });
});

describe('starting over', () => {
  it.each<[string, Download, ErrorCode]>([
    ['a restart the host asks for', { fails: new MediaRestart('another version') }, 'MEDIA_UNAVAILABLE'],
    ['a truncated file', { bytes: wav(100, 192), contentLength: 100 }, 'MEDIA_TRUNCATED'],
    ['a page', { bytes: Buffer.from('<html>'.padEnd(100)) }, 'MEDIA_NOT_AUDIO'],
  ])(
    'after %s: as often as is allowed, each time sealed and resolved anew',
    async (_name, download, code) => {
      const { ports, counts, s3, logged, clock } = setUp([download]);
      await expect(archiveRequest(ports, request, unlimited)).rejects.toMatchObject({
        code,
        retryable: true,
      });
      const attempts = MAX_RESTARTS + 1;
      expect(counts).toEqual({ opened: attempts, sealed: attempts, resolved: attempts });
      expect(clock.slept).toHaveLength(MAX_RESTARTS);
      expect(
        logged.map(([level, message, fields]) => [level, message, fields?.attempt, fields?.code]),
      ).toEqual(
        Array.from({ length: MAX_RESTARTS }, (_, index) => [
          'warn',
          'starting the download over',
          index + 1,
          code,
        ]),
      );
      expect(s3.objects.size).toBe(0);
    },
  );

  it('counts restarts, and the resumes of all of them', async () => {
    const { ports } = setUp([{ fails: new MediaRestart('another version') }, {}]);
    const [result] = await archiveRequest(ports, request, unlimited);
    expect(result).toMatchObject({ restarts: 1, resumes: 4, stored: true });
  });

  it.each<ErrorCode>(['MEDIA_LINK_EXPIRED', 'MEDIA_UNAVAILABLE', 'URL_REFUSED', 'OUT_OF_TIME'])(
    'not after %s: that is for the queue to decide',
    async (code) => {
      const { ports, counts } = setUp([{ fails: failing(code) }]);
      await expect(archiveRequest(ports, request, unlimited)).rejects.toMatchObject({ code });
      expect(counts.opened).toBe(1);
    },
  );

  it('not when the time would be over by then', async () => {
    const { ports, counts, clock } = setUp([{ fails: new MediaRestart('another version') }]);
    const budget = { ...unlimited, deadline: clock.now() + 60 };
    await expect(archiveRequest(ports, request, budget)).rejects.toMatchObject({ code: 'MEDIA_UNAVAILABLE' });
    expect(counts.opened).toBe(1);
  });

  it('says in the end why it kept starting over', async () => {
    const { ports } = setUp([{ fails: new MediaRestart('another version') }]);
    await expect(archiveRequest(ports, request, unlimited)).rejects.toMatchObject({
      message: 'the download kept starting over: another version',
    });
  });

  it('only when the platform still has the file', async () => {
    const { ports, item } = setUp([{ fails: new MediaRestart('another version') }]);
    const channel = { ...item, ids: { ...ids, channel: '1' } };
    let asked = 0;
    const resolve = () =>
      Promise.resolve({ state: 'ready', items: [asked++ === 0 ? item : channel] } as const);
    await expect(
      archiveRequest({ ...ports, resolver: { resolve } }, request, unlimited),
    ).rejects.toMatchObject({
      code: 'MEDIA_LINK_EXPIRED',
      message: 'the platform has no fresh download link for the recording',
    });
  });
});

describe('a file whose length nothing states', () => {
  const open = wav(300, 0xffff_ffff);

  it('is downloaded twice, and archived when both are the same', async () => {
    const { ports, counts } = setUp([{ bytes: open, contentLength: undefined }]);
    const [result] = await archiveRequest(ports, request, unlimited);
    expect(result).toMatchObject({ stored: true, restarts: 0 });
    expect(counts.opened).toBe(2);
  });

  it.each([
    ['shorter', open.subarray(0, 200)],
    ['of the same length', Buffer.concat([open.subarray(0, 299), Buffer.from([0])])],
  ])('is refused while the second is %s', async (_name, other) => {
    const first = { bytes: open, contentLength: undefined };
    const { ports, s3 } = setUp([first, { bytes: other, contentLength: undefined }, first, first]);
    const [result] = await archiveRequest(ports, request, unlimited);
    expect(result).toMatchObject({ stored: true, restarts: 1 });
    const never = setUp(
      Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? first : { ...first, bytes: other })),
    );
    await expect(archiveRequest(never.ports, request, unlimited)).rejects.toMatchObject({
      code: 'MEDIA_TRUNCATED',
      message: `nothing states the length of the recording, and two downloads differ (300 and ${other.length} bytes)`,
    });
    expect([s3.objects.size, never.s3.objects.size]).toEqual([3, 0]);
  });
});

describe('what is known of a file before it is read', () => {
  /** What the store was told of the object. */
  async function told(download: Download) {
    const { ports, store } = setUp([download]);
    const asked: PutOptions[] = [];
    const put: ObjectStore['put'] = (key, body, options, budget) => {
      asked.push(options);
      return store.put(key, body, options, budget);
    };
    await archiveRequest({ ...ports, store: { ...store, put } }, request, unlimited);
    return asked[0];
  }

  it('is its length, which the store is told with that of the tag', async () => {
    expect(await told({})).toMatchObject({ contentLength: 216 });
    expect(await told({ contentLength: undefined })).not.toHaveProperty('contentLength');
  });

  it('is what it is measured by: the length of the host, and the duration of the platform', async () => {
    const short = setUp([{ bytes: wav(200, 0), contentLength: 300 }]);
    await expect(archiveRequest(short.ports, request, unlimited)).rejects.toMatchObject({
      code: 'MEDIA_TRUNCATED',
      message: 'the recording is not whole: 200 of the declared 300 bytes arrived',
    });
    const { item } = short;
    const silent = setUp([{ bytes: wav(44) }], { items: [{ ...item, durationMs: 60_000 }] });
    await expect(archiveRequest(silent.ports, request, unlimited)).rejects.toMatchObject({
      code: 'MEDIA_TRUNCATED',
      message: 'the recording is not whole: 44 bytes cannot hold 60000 ms',
    });
    expect([short.s3.objects.size, silent.s3.objects.size]).toEqual([0, 0]);
  });

  it('does not make a store believed that says it has kept what it has not read', async () => {
    const { ports, store, s3 } = setUp([{}]);
    const hasty: ObjectStore['put'] = async (key, _body, options) => ({
      outcome: 'stored',
      stat: { key, size: 216, ...options, etag: '"x"', checksum: undefined, lastModified: AT },
    });
    await expect(
      archiveRequest({ ...ports, store: { ...store, put: hasty } }, request, unlimited),
    ).rejects.toMatchObject({
      code: 'STORE_MISMATCH',
      retryable: true,
      message: `${KEY} was stored before its body ended`,
    });
    expect(s3.objects.size).toBe(0);
  });
});

describe('several files of one request', () => {
  it('one that fails is a result among the others; one alone is thrown', async () => {
    const { ports, item } = setUp([{ fails: failing('URL_REFUSED') }, {}]);
    const second = { ...item, ids: { ...ids, recordingId: 'b1b2c3d4-5678-90ab-cdef-1234567890ab' } };
    const resolve = () => Promise.resolve({ state: 'ready', items: [item, second] } as const);
    const results = await archiveRequest({ ...ports, resolver: { resolve } }, request, unlimited);
    expect(results.map(({ state }) => state)).toEqual(['failed', 'archived']);
    expect(results[0]).toMatchObject({ ids, error: { code: 'URL_REFUSED' } });
  });

  it('what is pending and what is gone is told apart, and only what is gone permanently has a receipt', async () => {
    const { ports, s3, logged, text } = setUp([{}], {
      pending: [
        { recordingId: 'p1', status: 'uploading', retryAfterMs: 7 },
        { recordingId: undefined, status: 'unknown', retryAfterMs: 8 },
      ],
      terminal: [
        {
          ids: { ...ids, recordingId: 't1' },
          reason: 'deleted',
          status: 'deleted by policy',
          permanent: true,
        },
        { ids: { ...ids, recordingId: 't2' }, reason: 'overdue', status: 'uploading', permanent: false },
      ],
    });
    const results = await archiveRequest(ports, request, unlimited);
    const { conversationId } = ids;
    expect(results.slice(1)).toEqual([
      {
        state: 'not-ready',
        ids: { recordingId: 'p1', conversationId },
        status: 'uploading',
        retryAfterMs: 7,
      },
      { state: 'not-ready', ids: { recordingId: '', conversationId }, status: 'unknown', retryAfterMs: 8 },
      { state: 'gone', ids: { recordingId: 't1', conversationId }, reason: 'deleted', settled: true },
      { state: 'gone', ids: { recordingId: 't2', conversationId }, reason: 'overdue', settled: false },
    ]);
    expect([...s3.objects.keys()].filter((key) => /t[12]/.test(key)).sort()).toEqual([
      'claims/t1.json',
      'receipts/2026/05/20/t1.json',
    ]);
    expect(JSON.parse(text('receipts/2026/05/20/t1.json') ?? '')).toMatchObject({
      kind: 'terminal',
      reason: 'deleted (deleted by policy)',
    });
    expect(logged.at(-1)).toEqual([
      'warn',
      'recording is gone',
      { recordingId: 't1', conversationId, reason: 'deleted (deleted by policy)', state: 'gone' },
    ]);
  });
});

describe('a request of several', () => {
  const files = (count: number) =>
    Array.from(
      { length: count },
      (_, index): MediaItem => ({
        ids: { ...ids, recordingId: `f${index}` },
        url: 'https://media.example.com/a.wav',
        recordedAt: AT,
      }),
    );
  const pending = { recordingId: 'p', status: 'uploading', retryAfterMs: 7 };
  const terminal = {
    ids: { ...ids, recordingId: 't' },
    reason: 'overdue',
    status: 'y',
    permanent: false,
  } as const;

  it.each([
    [1, 1, 1],
    [2, 1, 0],
    [1, 1, 0],
    [1, 0, 1],
    [2, 0, 0],
    [1, 2, 1],
  ])('%i files, %i pending, %i gone: what fails is one of the results', async (ready, waiting, gone) => {
    const { ports } = setUp([{ fails: failing('URL_REFUSED') }], {
      items: files(ready),
      pending: Array.from({ length: waiting }, () => pending),
      terminal: Array.from({ length: gone }, () => terminal),
    });
    const results = await archiveRequest(ports, request, unlimited);
    expect(results).toHaveLength(ready + waiting + gone);
    expect(results[0]).toMatchObject({ state: 'failed', error: { code: 'URL_REFUSED' } });
  });

  it('hands on what an operator can do about a recording that is gone, and nothing otherwise', async () => {
    const { ports } = setUp([{}], { items: [], terminal: [{ ...terminal, hint: 'ask' }, terminal] });
    const [first, second] = await archiveRequest(ports, request, unlimited);
    expect(first).toStrictEqual({
      state: 'gone',
      ids: terminal.ids,
      reason: 'overdue',
      settled: false,
      hint: 'ask',
    });
    expect(second).toStrictEqual({ state: 'gone', ids: terminal.ids, reason: 'overdue', settled: false });
  });

  it('a fresh link is that of the same channel', async () => {
    const { ports, item } = setUp([{ fails: new MediaRestart('another version') }, {}]);
    const channel = (name: string, url: string) => ({ ...item, ids: { ...ids, channel: name }, url });
    const opened: string[] = [];
    const resolve = () =>
      Promise.resolve({
        state: 'ready',
        items: [channel('0', 'https://m/0'), channel('1', 'https://m/1')],
      } as const);
    const open: ArchivePorts['opener']['open'] = (what, ...rest) => {
      opened.push(what.url);
      return ports.opener.open(what, ...rest);
    };
    const results = await archiveRequest(
      { ...ports, resolver: { resolve }, opener: { open } },
      request,
      unlimited,
    );
    expect(results.map(({ state }) => state)).toEqual(['archived', 'archived']);
    expect(opened).toEqual(['https://m/0', 'https://m/0', 'https://m/1']);
    const other = setUp([{}, { fails: new MediaRestart('another version') }, {}]);
    opened.length = 0;
    await archiveRequest(
      {
        ...other.ports,
        resolver: { resolve },
        opener: {
          open: (what, ...rest) => {
            opened.push(what.url);
            return other.ports.opener.open(what, ...rest);
          },
        },
      },
      request,
      unlimited,
    );
    expect(opened).toEqual(['https://m/0', 'https://m/1', 'https://m/1']);
  });

  it('without references nothing is written to the platform, and nothing marked as written', async () => {
    const { ports, s3, written } = setUp([{}]);
    await archiveRequest({ ...ports, references: undefined }, request, unlimited);
    expect(written).toEqual([]);
    expect([...s3.objects.keys()].filter((key) => key.startsWith('links/'))).toEqual([]);
  });

  it('looks for what stands there once, with the time of event or platform', async () => {
    const media = { dialect: 'media', mediaId: ids.recordingId, interactionId: ids.conversationId } as const;
    for (const asked of [request, media, { ...media, occurredAt: AT }]) {
      const { ports, store } = setUp([{}]);
      const heads: string[] = [];
      const watching = {
        ...store,
        head: (...[key, budget]: Parameters<typeof store.head>) => {
          heads.push(key);
          return store.head(key, budget);
        },
      };
      await archiveRequest({ ...ports, store: watching }, asked, unlimited);
      expect(heads.filter((key) => key === KEY)).toHaveLength(1);
    }
  });

  it('the first sight of a recording is not read back by the writer that pinned it', async () => {
    const { store } = setUp([{}]);
    const blind = { ...store, get: () => Promise.reject(failing('STORE_DENIED')) };
    expect(await claimFirstSeen(blind, 'r', AT, unlimited)).toBe(AT);
    await expect(claimFirstSeen(blind, 'r', AT, unlimited)).rejects.toMatchObject({ code: 'STORE_DENIED' });
  });
});

describe('the tutorial’s dialect', () => {
  const media = { dialect: 'media', mediaId: ids.recordingId, interactionId: ids.conversationId } as const;

  it('a time in the event names the key before the platform is asked, and is preferred to the platform’s', async () => {
    const { ports, counts } = setUp([{}]);
    const occurredAt = Date.UTC(2025, 11, 31, 23, 59, 59);
    const [first] = await archiveRequest(ports, { ...media, occurredAt }, unlimited);
    expect(first).toMatchObject({ key: `archive/2025/12/31/${ids.recordingId}.enc`, stored: true });
    const [second] = await archiveRequest(ports, { ...media, occurredAt }, unlimited);
    expect(second).toMatchObject({ stored: false });
    expect(counts).toEqual({ opened: 1, sealed: 1, resolved: 1 });
  });

  it('without one the platform is asked first, and what stands there is found', async () => {
    const { ports, counts } = setUp([{}]);
    await archiveRequest(ports, media, unlimited);
    expect((await archiveRequest(ports, media, unlimited))[0]).toMatchObject({ key: KEY, stored: false });
    expect(counts).toEqual({ opened: 1, sealed: 1, resolved: 2 });
  });

  it.each<[Resolution, object]>([
    [
      { state: 'gone', reason: 'not found (404)' },
      { state: 'gone', reason: 'not found (404)', settled: false },
    ],
    [
      { state: 'not-ready', status: 'processing', retryAfterMs: 5 },
      { state: 'not-ready', status: 'processing', retryAfterMs: 5 },
    ],
  ])('%j is told with the ids of the request', async (resolution, told) => {
    const { ports } = setUp([{}]);
    const answering = { ...ports, resolver: { resolve: () => Promise.resolve(resolution) } };
    expect(await archiveRequest(answering, media, unlimited)).toEqual([{ ...told, ids }]);
    expect(await archiveRequest(answering, request, unlimited)).toEqual([
      { ...told, ids: { recordingId: '', conversationId: ids.conversationId } },
    ]);
  });

  it('a fresh link is asked for by the request itself; in the published dialect for the one recording', async () => {
    for (const [asked, expected] of [
      [media, media],
      [request, { ...request, recordingId: ids.recordingId }],
    ] as const) {
      const { ports, item } = setUp([{ fails: new MediaRestart('another version') }, {}]);
      const seen: unknown[] = [];
      const resolver = {
        resolve: (what: unknown) => {
          seen.push(what);
          return Promise.resolve({ state: 'ready', items: [item] } as const);
        },
      };
      await archiveRequest({ ...ports, resolver }, asked, unlimited);
      expect(seen).toEqual([asked, expected]);
    }
  });

  it.each([
    { state: 'gone', reason: 'deleted' } as const,
    { state: 'not-ready', status: 's', retryAfterMs: 1 } as const,
  ])('a fresh link that is not available (%j) is for the queue to decide', async (then) => {
    const { ports, item } = setUp([{ fails: new MediaRestart('another version') }]);
    let asked = 0;
    const resolve = () =>
      Promise.resolve(asked++ === 0 ? ({ state: 'ready', items: [item] } as const) : then);
    await expect(archiveRequest({ ...ports, resolver: { resolve } }, media, unlimited)).rejects.toMatchObject(
      {
        code: 'MEDIA_LINK_EXPIRED',
      },
    );
  });

  it.each(['pending', 'terminal'] as const)(
    'a file that fails is not thrown when something is %s besides',
    async (other) => {
      const pending = [{ recordingId: 'p1', status: 'uploading', retryAfterMs: 7 }];
      const terminal = [
        { ids: { ...ids, recordingId: 't2' }, reason: 'overdue', status: 'u', permanent: false } as const,
      ];
      const { ports } = setUp(
        [{ fails: failing('URL_REFUSED') }],
        other === 'pending' ? { pending } : { terminal },
      );
      const results = await archiveRequest(ports, request, unlimited);
      expect(results.map(({ state }) => state)).toEqual([
        'failed',
        other === 'pending' ? 'not-ready' : 'gone',
      ]);
    },
  );
});

describe('receipts of what stands there', () => {
  const adopted = async (over: (store: ArchivePorts['store']) => Partial<ArchivePorts['store']>) => {
    const { ports, s3, store, text } = setUp([{}]);
    await archiveRequest(ports, request, unlimited);
    const receiptKey = `receipts/2026/05/20/${ids.recordingId}.json`;
    s3.objects.delete(receiptKey);
    const changed = { ...store, ...over(store) };
    await archiveRequest({ ...ports, store: changed }, request, unlimited);
    return JSON.parse(text(receiptKey) ?? '') as Record<string, Record<string, unknown>>;
  };

  it('a writer that may not read states the size alone', async () => {
    const receipt = await adopted(() => ({ get: () => Promise.reject(failing('STORE_DENIED')) }));
    expect(receipt['kind']).toBe('adopted');
    expect(receipt['ciphertext']).toEqual({ bytes: 216 });
    expect(receipt['object']).toMatchObject({ key: KEY, store: 's3://bucket', checksum: { type: 'full' } });
  });

  it('any other failure to read it is not hidden', async () => {
    await expect(
      adopted(() => ({ get: () => Promise.reject(failing('STORE_UNAVAILABLE')) })),
    ).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
  });

  it('states version and ETag where the store has them, and nothing where it has not', async () => {
    const stated = (etag: string | undefined, versionId: string | undefined) =>
      adopted((store) => ({
        head: async (...asked) => {
          const stat = await store.head(...asked);
          if (stat === undefined) return undefined;
          const { etag: _etag, versionId: _version, checksum: _checksum, ...rest } = stat;
          return { ...rest, etag, checksum: undefined, ...(versionId === undefined ? {} : { versionId }) };
        },
      }));
    const bare = await stated(undefined, undefined);
    expect(Object.keys(bare['object'] ?? {}).sort()).toEqual(['key', 'store']);
    const full = await stated('"grün"', 'v7');
    expect(full['object']).toMatchObject({ etag: '"gr?n"', versionId: 'v7' });
    const long = await stated('x'.repeat(300), 'v7');
    expect(long['object']).toMatchObject({ etag: 'x'.repeat(256) });
    expect((await stated('', 'v7'))['object']).toMatchObject({ etag: '?' });
  });

  it('states what the host stated, and nothing where it stated nothing', async () => {
    const { ports, text } = setUp([
      { bytes: wav(), contentLength: undefined, contentType: undefined, etag: undefined },
    ]);
    await archiveRequest(ports, request, unlimited);
    const receipt = JSON.parse(text(`receipts/2026/05/20/${ids.recordingId}.json`) ?? '') as {
      source: object;
    };
    expect(receipt.source).toEqual({ resumes: 2, restarts: 0 });
  });
});

describe('claims', () => {
  const key = 'claims/r.json';

  it('the first one counts, to the millisecond', async () => {
    const { store, text } = setUp([{}]);
    expect(await claimFirstSeen(store, 'r', AT, unlimited)).toBe(AT);
    expect(text(key)).toBe('{"firstSeen":"2026-05-20T12:00:00.000Z"}\n');
    expect(await claimFirstSeen(store, 'r', AT + 86_400_001, unlimited)).toBe(AT);
  });

  it.each([
    ['', 'claims/r.json is not a claim'],
    ['{"firstSeen":"2026-05-20T12:00:00.000Z"}', 'claims/r.json is not a claim'],
    [' {"firstSeen":"2026-05-20T12:00:00.000Z"}\n', 'claims/r.json is not a claim'],
    ['{"firstSeen":"2026-05-20T12:00:00.000Z"}\n\n', 'claims/r.json is not a claim'],
    ['{"firstSeen":"--"}\n', 'claims/r.json is not a claim'],
    [' '.repeat(1025), 'claims/r.json is larger than 1024 bytes'],
    [' '.repeat(1024), 'claims/r.json is not a claim'],
  ])('%j is none', async (text, message) => {
    const { store } = setUp([{}]);
    async function* body() {
      yield Buffer.from(text);
    }
    await store.put(key, body(), { metadata: {}, contentType: 'application/json' }, unlimited);
    await expect(claimFirstSeen(store, 'r', AT, unlimited)).rejects.toMatchObject({
      code: 'OBJECT_MALFORMED',
      retryable: false,
      message,
    });
  });
});

describe('a claim that is gone again', () => {
  it('is for the next delivery to make', async () => {
    const { store } = setUp([{}]);
    await claimFirstSeen(store, 'r', AT, unlimited);
    const gone = { ...store, get: () => Promise.reject(new ArchiveError('OBJECT_NOT_FOUND', 'made up')) };
    await expect(claimFirstSeen(gone, 'r', AT, unlimited)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
      message: 'claims/r.json was refused as existing and then not found',
    });
  });
});

describe('identity', () => {
  it('is of conversation, recording and channel, and nothing else', () => {
    const keys = [
      ids,
      { ...ids, channel: '0' },
      { ...ids, channel: '1' },
      { ...ids, conversationId: 'x' },
    ].map(idempotencyKey);
    expect(new Set(keys).size).toBe(4);
    expect(keys[0]).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('decides by its own key where there is one, else by the tutorial’s metadata', () => {
    const own = idempotencyMetadata(ids);
    expect(own).toEqual({ 'gca-v': '1', 'gca-idem': idempotencyKey(ids) });
    const same = (metadata: Record<string, string>) => isSameRecording({ metadata }, ids);
    expect(same(own)).toBe(true);
    expect(same({ ...own, 'gca-idem': 'another', encryption: 'aes-256-gcm', iv: 'x' })).toBe(false);
    expect(same({ encryption: 'aes-256-gcm', iv: 'x' })).toBe(true);
    expect([{ encryption: 'x' }, { iv: 'x' }, {}].map(same)).toEqual([false, false, false]);
  });

  it.each<[Record<string, string>, string]>([
    [{ 'x-amz-c': '115' }, 's3ec-v3'],
    [{ 'x-amz-3': 'k' }, 's3ec-v3'],
    [{ 'x-amz-key-v2': 'k' }, 's3ec-v2'],
    [{ encryption: 'e', iv: 'i' }, 'static-gcm'],
    [{ encryption: 'e' }, 'unknown'],
    [{ iv: 'i' }, 'unknown'],
    [{}, 'unknown'],
  ])('%j is of format %s', (metadata, format) => {
    expect(formatOf({ metadata })).toBe(format);
  });
});
