import { type Budget, unlimited } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { EnvelopeReader, ObjectStore } from '../ports.ts';
import type { Finding, FindingKind } from './compare-with-receipt.ts';
import type { ExaminePorts } from './examine/ports.ts';
import { examineRecording } from './examine/recording.ts';
import { findCurrentVersion } from '../record/current-version.ts';
import { splitVersion } from '../record/versions.ts';
import type { SignedReceipt } from '../record/receipt/schema.ts';
import { type BodyDigests, verifyBody } from './verify-body.ts';
import type { WrapStanding } from '../record/wrap-standing.ts';

export type { Finding, FindingKind } from './compare-with-receipt.ts';
export { FINDING_KINDS } from './compare-with-receipt.ts';

/**
 * How much of an object is looked at. `head`: what the store says of it; costs two small requests, needs no key. `ciphertext`: its
 * bytes too; needs no key either. `full`: also decrypts them.
 */
export const VERIFY_DEPTHS = ['head', 'ciphertext', 'full'] as const;
export type VerifyDepth = (typeof VERIFY_DEPTHS)[number];

/** Kinds of findings that the caller may allow. */
export const ALLOWABLE_KINDS = ['adopted', 'unproven', 'moved'] as const satisfies readonly FindingKind[];
export type AllowableKind = (typeof ALLOWABLE_KINDS)[number];

export interface VerifyPorts extends ExaminePorts {
  /** For depth `full` only. */
  readonly reader?: EnvelopeReader | undefined;
  /** Findings of these kinds are told apart from the others, and count for nothing. */
  readonly allow?: ReadonlySet<AllowableKind> | undefined;
}

export interface Verification {
  readonly key: string;
  readonly depth: VerifyDepth;
  /** What is wrong, worst or most telling first; empty when the object is what was archived. */
  readonly findings: readonly Finding[];
  /** What was found and allowed. */
  readonly allowed: readonly Finding[];
  /** What is known of the wrap of the data key. */
  readonly wrap: WrapStanding;
  /** Its key was destroyed, and a tombstone says so: the bytes are looked at, and nothing is decrypted. */
  readonly isErased: boolean;
  /** There is no object, and its rule of retention had let it go. */
  readonly isExpired: boolean;
  /** The receipt states no hash of the object's bytes, so that only its decryption tells whether they are what they were. */
  readonly withoutBodyHash: boolean;
  /** Of the receipt; `undefined` without a readable one. */
  readonly receipt: SignedReceipt['kind'] | undefined;
  /** Bytes of the object; 0 without one. */
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
  budget: Budget = unlimited,
): Promise<Verification> {
  const { store, allow = new Set<FindingKind>() } = ports;
  const {
    stat,
    receipt,
    findings: found,
    wrap,
    notes,
    erasure,
    expiredAt,
    readInstruction,
    erased,
  } = await examineRecording(ports, key, budget);
  const findings = [...found];
  // a directory is mounted and copied under any path; a bucket has one name in the world
  const isDirectory = [store.location, receipt?.object?.store].every((place) => place?.startsWith('file:'));
  const allowed = new Set<FindingKind>(isDirectory ? [...allow, 'moved'] : allow);
  const done = async (bytes: number, digests?: BodyDigests): Promise<Verification> => ({
    key,
    depth,
    ...(await withoutSuperseded(
      ports,
      key,
      { ...separate(findings, allowed), notes: erased === undefined ? notes : [...notes, erased] },
      budget,
    )),
    wrap: wrap.standing,
    isErased: erased !== undefined,
    isExpired: expiredAt !== undefined,
    withoutBodyHash: receipt !== undefined && stat !== undefined && !statesBody(receipt),
    receipt: receipt?.kind,
    bytes,
    digests,
  });
  if (stat === undefined) {
    if (receipt === undefined && findings.length === 0 && erasure === undefined) throw notFound(key, store);
    return done(0);
  }
  if (depth === 'head') return done(stat.size);
  if (depth === 'full' && ports.reader === undefined) {
    throw new ArchiveError('CONFIG_INVALID', 'nothing can be decrypted without a key');
  }
  const hasKey = erased === undefined && !findings.some(({ kind }) => NO_KEY.has(kind));
  const reader = depth === 'full' && hasKey ? ports.reader : undefined;
  const body = await verifyBody({ store, reader, readInstruction }, stat, receipt, budget);
  findings.push(...body.findings);
  return done(stat.size, body.digests);
}

const NO_KEY: ReadonlySet<FindingKind> = new Set(['missing-key', 'unreadable-key']);

type Judged = Pick<Verification, 'findings' | 'allowed' | 'notes'>;

/**
 * What is wrong with an object that a successor has taken the place of is worth knowing, and nothing to be mended: that is why it has a
 * successor. Looked for only where something is wrong.
 */
async function withoutSuperseded(
  { store, keys }: VerifyPorts,
  key: string,
  judged: Judged,
  budget: Budget,
): Promise<Judged> {
  if (judged.findings.length === 0) return judged;
  const { base, version } = splitVersion(key);
  const current = await findCurrentVersion({ store, keys }, base, budget);
  if (current.version <= version) return judged;
  const told = judged.findings.map(
    ({ kind, message }) => `superseded by ${current.key}: ${kind}: ${message}`,
  );
  return { findings: [], allowed: judged.allowed, notes: [...judged.notes, ...told] };
}

/** An object that may be unproven needs no receipt: unproven means without one. */
function separate(
  findings: readonly Finding[],
  allow: ReadonlySet<FindingKind>,
): { readonly findings: readonly Finding[]; readonly allowed: readonly Finding[] } {
  const mayLackReceipt = allow.has('unproven') && findings.some(({ kind }) => kind === 'unproven');
  const isAllowed = ({ kind }: Finding) => allow.has(kind) || (kind === 'missing-receipt' && mayLackReceipt);
  return {
    findings: findings.filter((one) => !isAllowed(one)),
    allowed: findings.filter(isAllowed),
  };
}

function statesBody({ ciphertext }: SignedReceipt): boolean {
  const { sha256, leaves, leavesSha256 } = ciphertext ?? {};
  return sha256 !== undefined || leaves !== undefined || leavesSha256 !== undefined;
}

function notFound(key: string, { location }: ObjectStore): ArchiveError {
  return new ArchiveError('OBJECT_NOT_FOUND', `no object ${key.slice(0, 200)} in ${location}`);
}
