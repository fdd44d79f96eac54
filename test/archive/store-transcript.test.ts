import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ArchiveResult } from '../../src/archive/archive-request.ts';
import { keepTranscripts, type TranscriptPass } from '../../src/archive/store-transcript.ts';
import { unlimited } from '../../src/clock.ts';
import { createStaticEnvelope, createStaticReader } from '../../src/envelope/static-gcm.ts';
import { readTranscript } from '../../src/audit/read-transcript.ts';
import type { TranscriptLook } from '../../src/ports.ts';
import {
  objectKey,
  parseCompanion,
  TRANSCRIPT_STATUSES,
  transcriptKey,
} from '../../src/record/object-key.ts';
import { createReceiptSigner } from '../../src/record/receipt/receipt.ts';
import { parseTranscript } from '../../src/record/parse-transcript.ts';
import { writeTranscript } from '../../src/record/transcript.ts';
import { checkMark } from '../../src/record/writer-mark.ts';
import { failure } from '../failure.ts';
import { fastClock } from '../fast-clock.ts';
import { mapStore } from './map-store.ts';
import { idsAt } from './sealed-archive.ts';

const AT = Date.UTC(2026, 4, 20, 12);
const secret = randomBytes(32);
const envelope = createStaticEnvelope(secret);
const keyAt = (index: number) => objectKey({ ...idsAt(index), at: AT });

const archived = (index: number): ArchiveResult => ({
  state: 'archived',
  ids: idsAt(index),
  key: keyAt(index),
  receiptKey: 'x',
  bytes: 1,
  stored: true,
  resumes: 0,
  restarts: 0,
});

function setUp() {
  const store = mapStore();
  const asked: number[] = [];
  const clock = fastClock();
  const keep = (
    looked: TranscriptLook,
    pass: TranscriptPass = 'once',
    results = [archived(1), archived(2)],
  ) => {
    const look = () => {
      asked.push(1);
      return Promise.resolve(looked);
    };
    return keepTranscripts({ store, envelope, clock }, results, { pass, look }, unlimited);
  };
  const read = async (index: number) => {
    const ports = { store, reader: createStaticReader(secret), unverified: true };
    return (await readTranscript(ports, keyAt(index), unlimited)).status;
  };
  return { store, asked, keep, read };
}

const found = (index: number) =>
  new Map([
    [idsAt(index).recordingId.toLowerCase(), { communicationId: 'c', transcript: { transcripts: [] } }],
  ]);
const NONE = { state: 'answered', found: new Map(), others: 'none' } as const;
const FORBIDDEN = { state: 'answered', found: new Map(), others: 'forbidden' } as const;

describe('transcripts of a conversation', () => {
  it('known, none, forbidden and not asked are four answers', async () => {
    const { keep, read, asked } = setUp();
    expect(await read(1)).toBe('not-asked');
    await keep({ state: 'answered', found: found(1), others: 'none' });
    expect([await read(1), await read(2)]).toEqual(['known', 'none']);
    await keep(FORBIDDEN, 'once', [archived(3)]);
    expect(await read(3)).toBe('forbidden');
    expect(asked).toHaveLength(2);
  });

  it('are asked for once by live events, and again by a backfill where there was none; what comes later counts', async () => {
    const { keep, read, asked, store } = setUp();
    await keep(FORBIDDEN);
    await keep(NONE);
    expect(asked).toHaveLength(1);
    await keep(NONE, 'again');
    expect([asked.length, await read(1)]).toEqual([2, 'none']);
    await keep({ state: 'answered', found: found(1), others: 'none' }, 'again');
    expect([asked.length, await read(1), await read(2)]).toEqual([3, 'known', 'none']);
    // nothing was taken away, or written twice
    expect([...store.objects.keys()].toSorted()).toEqual(
      [
        transcriptKey(keyAt(1), 'known'),
        ...([1, 2] as const).flatMap((at) =>
          (['none', 'forbidden'] as const).map((status) => transcriptKey(keyAt(at), status)),
        ),
      ].toSorted(),
    );
  });

  it('that may still come are waited for, and nothing is written', async () => {
    const { keep, store } = setUp();
    expect(await keep({ state: 'later', retryAfterMs: 7 })).toBe(7);
    expect(store.objects.size).toBe(0);
  });

  it('are not asked for when nothing is archived', async () => {
    const { keep, asked } = setUp();
    await keep(NONE, 'again', [{ state: 'not-ready', ids: idsAt(1), status: 'uploading', retryAfterMs: 1 }]);
    expect(asked).toEqual([]);
  });

  it('carry the mark of a transcript', async () => {
    const store = mapStore();
    const signer = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);
    const ports = { store, envelope, signer, clock: fastClock() };
    const look = () => Promise.resolve(NONE);
    await keepTranscripts(ports, [archived(1)], { pass: 'once', look }, unlimited);
    const key = transcriptKey(keyAt(1), 'none');
    const { metadata = {} } = store.objects.get(key)?.stat ?? {};
    const keys = new Map([[signer.keyId, signer.publicKey]]);
    const marked = { key, ids: idsAt(1), organizationId: undefined, metadata };
    expect(checkMark({ ...marked, kind: 'transcript' }, keys)).toBe('valid');
    expect(checkMark({ ...marked, kind: 'context' }, keys)).toBe('invalid');
  });
});

describe('the object of a transcript', () => {
  it('stands under the name of the receipt, with each status', () => {
    for (const key of [keyAt(1), 'archive/2026/05/20/a.0.v2.enc', '0c/year=2026/a.wav']) {
      for (const status of TRANSCRIPT_STATUSES) {
        const companion = parseCompanion(transcriptKey(key, status));
        const name = key.startsWith('archive/') ? key.slice('archive/'.length, -'.enc'.length) : key;
        expect(companion).toEqual({ kind: 'transcript', receipt: `receipts/${name}.json` });
      }
    }
    expect(parseCompanion(keyAt(1))).toBeUndefined();
    expect(parseCompanion('context/2026/05/20/a.json.enc')).toEqual({
      kind: 'context',
      receipt: 'receipts/2026/05/20/a.json',
    });
  });

  it.each([
    ['another schema', { schema: 'x' }],
    ['another status', { status: 'later' }],
    ['known without a transcript', { status: 'known' }],
    ['none with a transcript', { transcript: {} }],
  ])('is refused with %s', async (_what, change) => {
    const line = JSON.parse(writeTranscript(idsAt(1), { status: 'none' }, AT)) as object;
    expect(parseTranscript('k', JSON.stringify(line)).status).toBe('none');
    const { code } = await failure(
      Promise.resolve().then(() => parseTranscript('k', JSON.stringify({ ...line, ...change }))),
    );
    expect(code).toBe('OBJECT_MALFORMED');
  });
});
