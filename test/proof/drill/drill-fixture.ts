import { createPrivateKey } from 'node:crypto';
import { createReceiptSigner, type ReceiptSigner } from '../../../src/record/receipt/receipt.ts';
import { MediaDecoder } from '../../../src/archive/decode-media.ts';
import { unlimited } from '../../../src/clock.ts';
import type { ObjectStore } from '../../../src/ports.ts';
import { drillKeyName } from '../../../src/proof/drill/drill-report.ts';
import { type DrillPorts, type FinishedDrill, runDrill } from '../../../src/proof/drill/run-drill.ts';
import { noteKey } from '../../../src/proof/formats/note.ts';
import { type SealDaysPorts, sealDays } from '../../../src/proof/seal-days.ts';
import { DAY, HOUR } from '../archive-fixture.ts';
import { signerFrom } from '../log-fixture.ts';
import { type PlainStore, plainStore } from '../plain-store.ts';
import type { SealedLog } from '../sealed-log.ts';

const DRILL_SIGNER = signerFrom('signs drills');

/** A sealed archive in memory: what a test does to it is gone with the test. */
export class DrillBench {
  readonly store: PlainStore;
  readonly ports: SealDaysPorts;
  readonly recordings: SealedLog['archive']['recordings'];
  readonly key: ReturnType<typeof noteKey>;
  readonly #archive: SealedLog['archive'];

  constructor(log: SealedLog, objects: PlainStore) {
    // receipts name the place of their object
    this.store = Object.assign(objects.copy(), { location: log.archive.store.location });
    this.ports = { ...log.ports, store: this.store };
    this.recordings = log.archive.recordings;
    this.key = noteKey(drillKeyName(log.origin), DRILL_SIGNER.publicKey);
    this.#archive = log.archive;
  }

  /** As the archive signs its receipts. */
  get receiptSigner(): ReceiptSigner {
    return createReceiptSigner(createPrivateKey(this.#archive.privateKeyPem));
  }

  get reader(): DrillPorts['reader'] {
    return this.#archive.ports.reader;
  }

  drillPorts(change: Partial<DrillPorts> = {}): DrillPorts {
    return {
      ...this.#archive.ports,
      store: this.store,
      organizationId: this.ports.organization,
      layout: this.ports.layout,
      createDecoder: () => new MediaDecoder(),
      place: this.ports,
      signer: DRILL_SIGNER,
      now: () => this.ports.now() + 2 * HOUR,
      version: '0.0.0-test',
      ...change,
    };
  }

  drill(count = 8, change: Partial<DrillPorts> = {}): Promise<FinishedDrill> {
    return runDrill(this.drillPorts(change), { count }, unlimited);
  }

  /** Changes the last byte of an object, as only the store itself can. */
  spoil(key: string): void {
    const { stat, body } = this.store.objects.get(key) ?? {};
    if (stat === undefined || body === undefined) throw new Error(`no ${key}`);
    const changed = Buffer.from(body);
    changed.writeUInt8((changed.at(-1) ?? 0) ^ 1, changed.length - 1);
    this.store.objects.set(key, { stat, body: changed });
  }

  /** The seal of a night after the first one. */
  seal(nights = 1): ReturnType<typeof sealDays> {
    return sealDays({ ...this.ports, now: () => this.ports.now() + nights * DAY }, {}, unlimited);
  }
}

/** Reads all that a store holds. */
export async function inMemory(store: ObjectStore): Promise<PlainStore> {
  const objects = plainStore();
  for await (const { key } of store.list('', unlimited)) {
    const { stat, body } = await store.get(key, unlimited);
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    objects.objects.set(key, { stat, body: Buffer.concat(chunks) });
  }
  return objects;
}
