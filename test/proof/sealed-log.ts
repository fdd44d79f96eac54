import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { unlimited } from '../../src/clock.ts';
import type { Envelope, ObjectStore, RecordingIds, SourceRecording } from '../../src/ports.ts';
import { logKeys } from '../../src/proof/formats/log-keys.ts';
import { initLog } from '../../src/proof/init-log.ts';
import { createLogSigner } from '../../src/proof/log/signer.ts';
import { type SealDaysPorts, sealDays } from '../../src/proof/seal-days.ts';
import { DATE_LAYOUT } from '../../src/record/layout.ts';
import type { ReceiptKeys } from '../../src/record/receipt/keys.ts';
import { createReceiptSigner } from '../../src/record/receipt/receipt.ts';
import { makeSealedArchive, type SealedArchive } from '../archive/sealed-archive.ts';

export const FIRST_DAY = '2026-05-20';
const LAST_DAY_MS = Date.UTC(2026, 4, 31, 3);

export interface SealedLog {
  readonly archive: SealedArchive;
  readonly origin: string;
  readonly vkey: string;
  readonly ports: SealDaysPorts;
  /** What the command line needs to read archive and log. */
  readonly env: Readonly<Record<string, string>>;
  /** Public key of the log. */
  readonly publicKeyFile: string;
  readonly remove: () => Promise<void>;
}

/** A real archive over ten days, and its log, sealed on the eleventh. */
export async function makeSealedLog(count: number, bytes = 600, recorded?: Envelope): Promise<SealedLog> {
  const archive = await makeSealedArchive(count, bytes, recorded);
  const organization = 'org';
  const sealed = await sealArchive(archive, { organization, first: FIRST_DAY, now: LAST_DAY_MS });
  const place = path.join(archive.dir, '..', path.basename(archive.dir));
  const publicKeyFile = `${place}-log.pem`;
  await writeFile(publicKeyFile, sealed.publicKeyPem);
  const receiptKey = `${place}-receipts.pem`;
  await writeFile(receiptKey, archive.publicKeyPem);
  return {
    ...sealed,
    archive,
    env: {
      ...sealed.env,
      ARCHIVE_STORE: `file:${archive.dir}`,
      ENCRYPTION_KEY_HEX: archive.secret.toString('hex'),
      GENESYS_ORGANIZATION_ID: organization,
      ARCHIVE_RECEIPT_PUBLIC_KEYS: receiptKey,
    },
    publicKeyFile,
    remove: archive.remove,
  };
}

export interface ArchiveToSeal {
  readonly store: ObjectStore;
  /** What the platform lists. */
  readonly recordings: readonly { readonly ids: RecordingIds; readonly at: number }[];
  readonly ports: { readonly keys: ReceiptKeys };
}

/** Begins the log of an archive that is there, and seals it. */
export async function sealArchive(
  archive: ArchiveToSeal,
  {
    organization,
    first,
    now,
  }: { readonly organization: string; readonly first: string; readonly now: number },
) {
  const origin = `recordings.example.com/proof/${organization}`;
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const signer = createLogSigner(origin, createReceiptSigner(createPrivateKey(pem)));
  const listed = new Map<string, SourceRecording[]>();
  for (const { ids, at } of archive.recordings) {
    const day = new Date(at).toISOString().slice(0, 10);
    listed.set(day, [
      ...(listed.get(day) ?? []),
      { ...ids, media: 'call', startedAt: at, state: 'available' },
    ]);
  }
  let nonces = 0;
  const ports: SealDaysPorts = {
    store: archive.store,
    keys: logKeys(organization),
    organization,
    origin,
    trusted: [signer.key],
    signers: [signer],
    anchors: [],
    layout: DATE_LAYOUT,
    receiptKeys: archive.ports.keys,
    source: {
      listDay: (day) =>
        Promise.resolve({
          recordings: listed.get(day) ?? [],
          facts: {
            method: 'fake',
            api: 'api.example.com',
            query: '{}',
            interval: day,
            dataAvailableUntil: now,
            pages: 1,
            conversations: listed.get(day)?.length ?? 0,
            visibility: { divisions: 'all', permissions: [] },
          },
        }),
    },
    now: () => now,
    nonce: () => (nonces += 1).toString(16).padStart(32, '0'),
    version: '0.0.0-test',
    rules: {},
  };
  await initLog(ports, { first, vkey: signer.key.vkey, now }, unlimited);
  await sealDays(ports, {}, unlimited);
  return {
    origin,
    vkey: signer.key.vkey,
    ports,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    /** What the command line needs to read the log. */
    env: { ARCHIVE_PROOF_ORIGIN: origin, ARCHIVE_PROOF_VKEYS: signer.key.vkey },
  };
}
