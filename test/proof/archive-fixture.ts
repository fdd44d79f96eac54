import { createHash } from 'node:crypto';
import { ArchiveError } from '../../src/errors.ts';
import type { Anchor, SourceInventory, SourceRecording } from '../../src/ports.ts';
import { createExpiredObjects } from '../../src/keep/retention/removal-notes.ts';
import type { SealDaysPorts } from '../../src/proof/seal-days.ts';
import { initLog } from '../../src/proof/init-log.ts';
import type { LogSigner } from '../../src/proof/log/signer.ts';
import { unlimited } from '../../src/clock.ts';
import { type Erasure, erasureKey, subjectHash } from '../../src/record/erasure.ts';
import { DATE_LAYOUT } from '../../src/record/layout.ts';
import { objectKey, receiptKey } from '../../src/record/object-key.ts';
import { formatReceipt, formatSigned, signingKeyId } from '../../src/record/receipt/receipt.ts';
import type { Receipt } from '../../src/record/receipt/schema.ts';
import { LOG_SIGNER, ORGANIZATION, placeIn, signerFrom } from './log-fixture.ts';
import { type PlainStore, plainStore } from './plain-store.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const RECEIPT_SIGNER = signerFrom('signs receipts');
export const RECEIPT_KEYS = new Map([[signingKeyId(RECEIPT_SIGNER.publicKey), RECEIPT_SIGNER.publicKey]]);

/** A UUID from a word. */
export function idFrom(word: string): string {
  const hex = createHash('sha256').update(word).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

export interface Planted {
  readonly recordingId: string;
  readonly conversationId: string;
  readonly key: string;
  readonly at: number;
}

export interface FixtureOptions {
  readonly kind?: Receipt['kind'];
  readonly channel?: string;
  readonly isUnsigned?: boolean;
  readonly organization?: string;
  /** Stored without an object. */
  readonly isLost?: boolean;
  /** Of a terminal one. */
  readonly reason?: string;
  readonly media?: string;
}

/** An archive in memory with a clock of its own, and a platform that says what the test tells it to. */
export class ArchiveFixture {
  readonly store: PlainStore;
  /** What the platform lists, by day. */
  readonly platform = new Map<string, SourceRecording[]>();
  now = Date.parse('2026-03-03T03:00:00Z');
  /** The platform does not answer. */
  isDown = false;
  dataAvailableUntil: ((day: string) => number | undefined) | undefined;
  divisions: 'all' | 'unknown' | readonly string[] = 'all';
  anchors: Anchor[] = [];
  asked = 0;
  #nonces = 0;

  constructor(store: PlainStore = plainStore()) {
    this.store = store;
  }

  ports(signers: readonly [LogSigner, ...LogSigner[]] = [LOG_SIGNER]): SealDaysPorts {
    this.store.now = this.now;
    const source: SourceInventory = {
      listDay: (day) => {
        this.asked += 1;
        if (this.isDown) return Promise.reject(new ArchiveError('GENESYS_UNAVAILABLE', 'no answer'));
        const recordings = this.platform.get(day) ?? [];
        const until = this.dataAvailableUntil === undefined ? this.now - HOUR : this.dataAvailableUntil(day);
        return Promise.resolve({
          recordings,
          facts: {
            method: 'fake',
            api: 'api.example.com',
            query: '{}',
            interval: `${day}T00:00:00Z/P1D`,
            ...(until === undefined ? {} : { dataAvailableUntil: until }),
            pages: 1,
            conversations: recordings.length,
            visibility: { divisions: this.divisions, permissions: ['recording:recording:view'] },
          },
        });
      },
    };
    return {
      ...placeIn(this.store, signers),
      layout: DATE_LAYOUT,
      receiptKeys: RECEIPT_KEYS,
      expired: createExpiredObjects({
        store: this.store,
        keys: RECEIPT_KEYS,
        clock: { now: () => this.now },
      }),
      source,
      now: () => this.now,
      nonce: () => (this.#nonces += 1).toString(16).padStart(32, '0'),
      version: '0.0.0-test',
      rules: { dialect: 'recordings' },
      anchors: this.anchors,
    };
  }

  async init(first = '2026-03-02'): Promise<void> {
    const { key } = LOG_SIGNER;
    await initLog(placeIn(this.store), { first, vkey: key.vkey, now: this.now }, unlimited);
  }

  /** A recording that the platform made. */
  record(word: string, day: string, change: Partial<SourceRecording> = {}): SourceRecording {
    const recording: SourceRecording = {
      conversationId: idFrom(`conversation of ${word}`),
      recordingId: idFrom(word),
      media: 'call',
      startedAt: Date.parse(`${day}T12:00:00Z`),
      state: 'available',
      ...change,
    };
    this.platform.set(day, [...(this.platform.get(day) ?? []), recording]);
    return recording;
  }

  /** Puts object and receipt into the store, as the archive does. */
  async hold(word: string, day: string, options: FixtureOptions = {}): Promise<Planted> {
    const { kind = 'archived', channel, isUnsigned, organization = ORGANIZATION, isLost } = options;
    const { reason = 'deleted' } = options;
    const recordingId = idFrom(word);
    const conversationId = idFrom(`conversation of ${word}`);
    const at = Date.parse(`${day}T12:00:00Z`);
    const key = objectKey({ recordingId, channel, at });
    const body = Buffer.from(`encrypted ${word}`);
    const sha256 = createHash('sha256').update(body).digest('hex');
    const receipt = {
      schema: 'genesys-media-archive/receipt/v1',
      kind,
      ids: {
        organization,
        conversation: conversationId,
        recording: recordingId,
        ...(channel === undefined ? {} : { channel }),
      },
      ...(kind === 'terminal' ? { reason } : { ciphertext: { bytes: body.length, sha256 } }),
      object: { key, store: this.store.location },
      times: { recorded: new Date(at).toISOString(), issued: new Date(this.now).toISOString() },
      tool: { name: 'genesys-media-archive', version: '0.0.0-test' },
    } as Receipt;
    this.store.now = this.now;
    if (kind !== 'terminal' && isLost !== true) this.store.plant(key, body);
    const bytes = await formatReceipt(receipt, isUnsigned === true ? undefined : RECEIPT_SIGNER);
    this.store.plant(receiptKey(key), bytes);
    return { recordingId, conversationId, key, at };
  }

  /** Both: recorded there, held here. */
  async archive(word: string, day: string, change: Partial<SourceRecording> = {}): Promise<Planted> {
    this.record(word, day, change);
    return this.hold(word, day);
  }

  /** Removes what is held, and leaves a tombstone. */
  async erase(planted: Planted, day: string): Promise<Erasure> {
    const id = `erasure-${planted.recordingId}`;
    const erasure: Erasure = {
      schema: 'genesys-media-archive/erasure/v1',
      id,
      day,
      what: ['media', 'receipt'],
      reason: 'request of the subject',
      at: new Date(this.now).toISOString(),
      recording: subjectHash(planted.recordingId),
    };
    this.store.now = this.now;
    this.store.objects.delete(planted.key);
    this.store.objects.delete(receiptKey(planted.key));
    this.store.plant(erasureKey(id), await formatSigned(erasure, RECEIPT_SIGNER));
    return erasure;
  }
}
