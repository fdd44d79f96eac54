import { createHash } from 'node:crypto';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { EnvelopeReader, ObjectStat, ObjectStore, Unsealer } from '../ports.ts';
import { present } from '../present.ts';
import { type Finding, finding } from './compare-with-receipt.ts';
import { readWrap } from '../record/key-records.ts';
import { LEAF_BYTES, type LeafDigests, LeafHasher } from '../record/leaf-hasher.ts';
import { identifyKey } from '../record/layout.ts';
import { readLeaves } from '../record/leaf-list.ts';
import type { SignedReceipt } from '../record/receipt/schema.ts';

export interface BodyDigests {
  /** Hex. */
  readonly ciphertextSha256: string;
  /** Only of what was decrypted and authenticated. */
  readonly plaintext: { readonly bytes: number; readonly sha256: string } | undefined;
}

/** More pieces than any object has in leaves of 5 MiB: a receipt that asks for more is not followed. */
const MAX_LEAVES = 16_384;

/** Reads the object once: hashes its bytes, and decrypts them where there is a reader. Keeps nothing. */
export async function verifyBody(
  ports: {
    readonly store: ObjectStore;
    readonly reader: EnvelopeReader | undefined;
    readonly readInstruction?: () => Promise<string | undefined>;
  },
  stat: ObjectStat,
  receipt: SignedReceipt | undefined,
  budget: Budget,
): Promise<{ findings: Finding[]; digests: BodyDigests }> {
  const { key } = stat;
  const readOnce = ports.readInstruction ?? (() => readWrap(ports.store, stat, budget));
  const leaves = receipt?.ciphertext && (await readLeaves(ports.store, key, receipt.ciphertext, budget));
  const { stat: opened, body } = await ports.store.get(key, budget);
  const hasher = LeafHasher.full(leafBytesOf(stat, receipt));
  const decryption =
    ports.reader === undefined ? undefined : new Decryption(readOnce, ports.reader, stat, receipt);
  let received = 0;
  for await (const chunk of body) {
    received += chunk.byteLength;
    hasher.update(chunk);
    await decryption?.update(chunk, budget);
  }
  if (received !== opened.size) {
    throw new ArchiveError('STORE_UNAVAILABLE', `${key}: ${received} of ${opened.size} bytes arrived`);
  }
  const digests = hasher.finish();
  const decrypted = await decryption?.finish(budget);
  return {
    findings: [...compareDigests(stat, digests, receipt, leaves), ...(decrypted?.findings ?? [])],
    digests: { ciphertextSha256: digests.sha256.toString('hex'), plaintext: decrypted?.plaintext },
  };
}

/** The leaves are cut as the receipt says, as long as it says so sensibly. */
export function leafBytesOf({ size }: ObjectStat, receipt: SignedReceipt | undefined): number {
  const { leafBytes = LEAF_BYTES } = receipt?.ciphertext ?? {};
  return size / leafBytes > MAX_LEAVES ? LEAF_BYTES : leafBytes;
}

/** Compares what was seen of the bytes with what the receipt and the store state. */
export function compareDigests(
  stat: ObjectStat,
  seen: LeafDigests,
  receipt: SignedReceipt | undefined,
  leaves: Awaited<ReturnType<typeof readLeaves>>,
): Finding[] {
  const { key, checksum } = stat;
  const findings: Finding[] = [];
  const { sha256, leafBytes } = receipt?.ciphertext ?? {};
  if (leaves === 'damaged') findings.push(finding('leaf-list', key));
  else if (leaves !== undefined && leafBytes === seen.leafBytes) {
    const damaged = seen.leaves.findIndex((leaf, index) => leaf.toString('hex') !== leaves[index]);
    const more = seen.leaves.filter((leaf, index) => leaf.toString('hex') !== leaves[index]).length - 1;
    if (damaged >= 0) {
      const which = `bytes ${damaged * leafBytes} to ${Math.min((damaged + 1) * leafBytes, seen.bytes) - 1} are not what was archived`;
      const message = more > 0 ? `${which}, nor are ${more} other pieces` : which;
      findings.push(finding('leaf', key, message, { leaf: damaged }));
    }
  }
  if (sha256 !== undefined && sha256 !== seen.sha256.toString('hex')) {
    findings.push(finding('ciphertext-sha256', key));
  }
  if (checksum?.type === 'full' && checksum.sha256 !== seen.sha256.toString('base64')) {
    findings.push(finding('checksum', key, "the bytes do not have the store's own checksum"));
  }
  return findings;
}

interface Decrypted {
  readonly findings: Finding[];
  readonly plaintext: BodyDigests['plaintext'];
}

/** Decryption beside the hashing: when it fails, the rest of the bytes are still hashed. */
class Decryption {
  readonly #readInstruction: () => Promise<string | undefined>;
  readonly #reader: EnvelopeReader;
  readonly #stat: ObjectStat;
  readonly #receipt: SignedReceipt | undefined;
  #unsealer: Unsealer | undefined;
  #failure: Finding | undefined;
  readonly #hash = createHash('sha256');
  #bytes = 0;

  constructor(
    readOnce: () => Promise<string | undefined>,
    reader: EnvelopeReader,
    stat: ObjectStat,
    receipt: SignedReceipt | undefined,
  ) {
    this.#readInstruction = readOnce;
    this.#reader = reader;
    this.#stat = stat;
    this.#receipt = receipt;
  }

  async update(chunk: Uint8Array, budget: Budget): Promise<void> {
    await this.#attempt(async () => this.#take((await this.#open(budget)).update(chunk)));
  }

  async finish(budget: Budget): Promise<Decrypted> {
    await this.#attempt(async () => this.#take((await this.#open(budget)).final()));
    if (this.#failure !== undefined) return { findings: [this.#failure], plaintext: undefined };
    const { key } = this.#stat;
    const plaintext = { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
    const stated = this.#receipt?.plaintext;
    const differs =
      stated !== undefined && (stated.bytes !== plaintext.bytes || stated.sha256 !== plaintext.sha256);
    return { findings: differs ? [finding('plaintext-sha256', key)] : [], plaintext };
  }

  async #open(budget: Budget): Promise<Unsealer> {
    if (this.#unsealer !== undefined) return this.#unsealer;
    const stat = this.#stat;
    const receipt = this.#receipt;
    const recordingId = receipt?.ids.recording ?? identifyKey(stat.key)?.recordingId;
    this.#unsealer = await this.#reader.unseal(stat, {
      readInstruction: this.#readInstruction,
      expected: present({
        recordingId,
        conversationId: receipt?.ids.conversation,
      }),
      budget,
    });
    return this.#unsealer;
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    if (this.#failure !== undefined) return;
    try {
      await work();
    } catch (error) {
      this.#failure = asFinding(error, this.#stat.key, this.#receipt);
    }
  }

  #take(plaintext: Uint8Array): void {
    this.#bytes += plaintext.byteLength;
    this.#hash.update(plaintext);
  }
}

/**
 * What the object itself is to blame for. A key service that cannot be asked is not the object's fault, and neither is a setting that
 * contradicts what the object and its receipt agree on.
 */
function asFinding(error: unknown, key: string, receipt: SignedReceipt | undefined): Finding {
  if (error instanceof ArchiveError) {
    const { code, message, details } = error;
    if (code === 'DECRYPT_FAILED' || code === 'OBJECT_MALFORMED') {
      return finding('decrypt-failed', key, message, { code });
    }
    if (code === 'CONTEXT_MISMATCH') {
      const boundTo = details['boundTo'];
      if (boundTo === undefined || boundTo !== receipt?.ids.organization) {
        return finding('swapped', key, message, { code });
      }
      throw new ArchiveError(
        'CONFIG_INVALID',
        'GENESYS_ORGANIZATION_ID names another organization than the object and its receipt do',
        { hint: 'set GENESYS_ORGANIZATION_ID to ids.organization of the receipt', details },
      );
    }
  }
  throw error;
}
