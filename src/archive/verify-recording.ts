import type { KeyObject } from 'node:crypto';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { canonicalMetadata, describeRenamed } from '../metadata-names.ts';
import type { EnvelopeReader, ObjectStat, ObjectStore } from '../ports.ts';
import { compareWithReceipt, type Finding, finding } from './compare-with-receipt.ts';
import type { Layout } from './layout.ts';
import { getSmall } from './small-object.ts';
import { receiptKey } from './object-key.ts';
import { LARGEST_RECEIPT, parseReceipt, type SignedReceipt } from './receipt-schema.ts';
import { checkSignature, type SignatureVerdict } from './receipt.ts';
import { type BodyDigests, verifyBody } from './verify-body.ts';

export type { Finding, FindingKind } from './compare-with-receipt.ts';
export { FINDING_KINDS } from './compare-with-receipt.ts';

/**
 * How much of an object is looked at. `head`: what the store says of it; costs two small requests, needs no key. `ciphertext`: its
 * bytes too; needs no key either. `full`: also decrypts them.
 */
export const VERIFY_DEPTHS = ['head', 'ciphertext', 'full'] as const;
export type VerifyDepth = (typeof VERIFY_DEPTHS)[number];

export interface VerifyPorts {
  readonly store: ObjectStore;
  /** For depth `full` only. */
  readonly reader?: EnvelopeReader | undefined;
  /**
   * Public keys of receipts, by their `signingKeyId`. With any, a receipt has to exist and to be signed by one of them; without,
   * signatures are not looked at.
   */
  readonly keys?: ReadonlyMap<string, KeyObject> | undefined;
  /** Of the archive; that of the tutorial where it is not said. */
  readonly layout?: Layout | undefined;
}

export interface Verification {
  readonly key: string;
  readonly depth: VerifyDepth;
  /** What is wrong, worst or most telling first; empty when the object is what was archived. */
  readonly findings: readonly Finding[];
  /** Of the receipt; `undefined` when there is none, or none that can be read. */
  readonly receipt: SignedReceipt['kind'] | undefined;
  /** Bytes of the object; 0 when there is none. */
  readonly bytes: number;
  readonly digests: BodyDigests | undefined;
  /** What is worth knowing and nothing wrong, such as names of metadata in another spelling. */
  readonly notes: readonly string[];
}

/**
 * Compares one object with its receipt, as deep as asked. What is wrong with either is a value: only what keeps from looking is
 * thrown.
 *
 * A recording without a receipt is a finding when keys are configured, or when the object's own metadata say that this product
 * wrote it; objects from before receipts are only compared with themselves.
 *
 * @throws `OBJECT_NOT_FOUND` when there is neither object nor receipt; `STORE_*`, `KMS_*`, `OUT_OF_TIME`.
 */
export async function verifyAgainstReceipt(
  ports: VerifyPorts,
  key: string,
  depth: VerifyDepth,
  budget: Budget,
): Promise<Verification> {
  const { store, keys } = ports;
  const { stat, notes, findings: ofObject } = await readStat(store, key, budget);
  const { receipt, findings: ofReceipt } = await readReceipt(store, key, budget);
  const findings: Finding[] = [...ofObject, ...ofReceipt];
  if (receipt !== undefined && keys !== undefined && keys.size > 0) {
    findings.push(...judgeSignature(key, checkSignature(receipt, keys)));
  }
  const done = (bytes: number, digests?: BodyDigests): Verification => {
    return { key, depth, findings, receipt: receipt?.kind, bytes, digests, notes };
  };
  if (ofObject.length > 0) return done(0);
  if (stat === undefined) {
    if (receipt === undefined && findings.length === 0) throw notFound(key, store);
    if (receipt?.kind !== 'terminal') {
      findings.push(finding('missing-object', key, 'there is a receipt and no object'));
    }
    return done(0);
  }
  if (receipt === undefined && findings.length === 0 && needsReceipt(stat, keys)) {
    findings.push(finding('missing-receipt', key, 'there is an object and no receipt'));
  }
  if (receipt !== undefined) findings.push(...compareWithReceipt(key, stat, receipt, ports.layout));
  if (depth === 'head') return done(stat.size);
  if (depth === 'full' && ports.reader === undefined) {
    throw new ArchiveError('CONFIG_INVALID', 'nothing can be decrypted without a key');
  }
  const reader = depth === 'full' ? ports.reader : undefined;
  const body = await verifyBody({ store, reader }, stat, receipt, budget);
  findings.push(...body.findings);
  return done(stat.size, body.digests);
}

/** A directory store keeps metadata in files, which can be damaged so far that nothing can be read of them. */
async function readStat(
  store: ObjectStore,
  key: string,
  budget: Budget,
): Promise<{ stat: ObjectStat | undefined; notes: string[]; findings: Finding[] }> {
  try {
    const stat = await store.head(key, budget);
    if (stat === undefined) return { stat, notes: [], findings: [] };
    const { metadata, renamed } = canonicalMetadata(stat.metadata);
    const note = describeRenamed(renamed);
    return { stat: { ...stat, metadata }, notes: note === undefined ? [] : [note], findings: [] };
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== 'OBJECT_MALFORMED') throw error;
    return {
      stat: undefined,
      notes: [],
      findings: [finding('metadata', key, error.message, { code: error.code })],
    };
  }
}

async function readReceipt(
  store: ObjectStore,
  key: string,
  budget: Budget,
): Promise<{ receipt: SignedReceipt | undefined; findings: Finding[] }> {
  const place = receiptKey(key);
  try {
    const text = await getSmall(store, place, LARGEST_RECEIPT, budget);
    return { receipt: text === undefined ? undefined : parseReceipt(text, place), findings: [] };
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== 'OBJECT_MALFORMED') throw error;
    return { receipt: undefined, findings: [finding('unreadable-receipt', key, error.message)] };
  }
}

function needsReceipt({ metadata }: ObjectStat, keys: VerifyPorts['keys']): boolean {
  return (keys?.size ?? 0) > 0 || metadata['gca-v'] !== undefined;
}

function judgeSignature(key: string, verdict: SignatureVerdict): Finding[] {
  switch (verdict) {
    case 'valid':
      return [];
    case 'unsigned':
      return [finding('unsigned', key, 'the receipt is not signed')];
    case 'unknown-key':
      return [finding('unknown-key', key, 'the receipt is signed with a key that is not among those given')];
    case 'invalid':
      return [finding('bad-signature', key, 'the signature of the receipt does not fit what it states')];
  }
}

function notFound(key: string, { location }: ObjectStore): ArchiveError {
  return new ArchiveError('OBJECT_NOT_FOUND', `no object ${key.slice(0, 200)} in ${location}`);
}
