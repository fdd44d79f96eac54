/**
 * A day of more conversations than one run can ask about: what was counted is kept, signed, and the next run goes on from there.
 * docs/proof.md, "Days that take several runs".
 */
import { verify } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';
import type { Budget } from '../../clock.ts';
import { parseForeignJson } from '../../json.ts';
import type { CountProgress, ObjectStore, SourceDay, SourceInventory, SourceRecording } from '../../ports.ts';
import { canonicalJson } from '../../record/canonical-json.ts';
import { DAY_MS } from '../../recording/time.ts';
import { sha256Hex } from '../formats/entry.ts';
import { COUNTED_DAYS, type LogKeys, parseCountedKey } from '../formats/log-keys.ts';
import { decodeBase64, type NoteKey } from '../formats/note.ts';
import type { LogSigner } from '../log/signer.ts';
import { readBytes } from '../log/place.ts';

const SCHEMA = 'genesys-media-archive/counted/v1';

const MAX_AGE_MS = COUNTED_DAYS * DAY_MS;

/** Bytes, packed and unpacked. */
const MAX_PACKED_BYTES = 64 * 1024 * 1024;
const MAX_BYTES = 512 * 1024 * 1024;

const text = z.string().min(1).max(256);

const counted = z.strictObject({
  schema: z.literal(SCHEMA),
  organization: text,
  origin: text,
  day: text,
  /** Epoch ms: when this run began to count, and when it was cut off. */
  began: z.int().min(0),
  at: z.int().min(0),
  conversations: z.array(
    z.strictObject({
      id: text,
      recordings: z.array(
        z.strictObject({
          conversationId: text,
          recordingId: text,
          media: text,
          startedAt: z.number().exactOptional(),
          divisionId: text.exactOptional(),
          state: z.enum(['available', 'pending', 'excluded']),
          reason: text.exactOptional(),
        }),
      ),
    }),
  ),
  signature: z.strictObject({ id: z.string().regex(/^[0-9a-f]{8}$/), value: text }),
});

type CountedFile = z.output<typeof counted>;

export interface CountingPorts {
  readonly store: ObjectStore;
  readonly keys: LogKeys;
  readonly organization: string;
  readonly origin: string;
  readonly trusted: readonly NoteKey[];
  readonly signer: LogSigner;
  readonly source: SourceInventory;
  readonly now: () => number;
}

export interface CountedDay {
  readonly source: SourceDay;
  /** Epoch ms at which the count of it began; `undefined` when all of it was counted now. */
  readonly since: number | undefined;
}

/**
 * Lists a day, and goes on from where an earlier run was cut off. What is counted when this one is cut off as well is kept for the next.
 *
 * @param after epoch ms: what was counted before that is of an earlier look at the day.
 * @throws as {@link SourceInventory.listDay}.
 */
export async function listInSeveralRuns(
  ports: CountingPorts,
  { day, after }: { readonly day: string; readonly after: number },
  budget: Budget,
): Promise<CountedDay> {
  const { since, known } = await readCounted(ports, { day, after }, budget);
  const began = ports.now();
  const fresh = new Map<string, readonly SourceRecording[]>();
  const progress: CountProgress = { known, onCounted: (id, recordings) => fresh.set(id, recordings) };
  try {
    return { source: await ports.source.listDay(day, budget, progress), since };
  } catch (error) {
    if (fresh.size > 0 && !budget.signal.aborted) await keepCounted(ports, { day, began, fresh }, budget);
    throw error;
  }
}

/** Returns when (epoch ms) the count of each day was cut off last. */
export async function listCutOffs(
  { store, keys }: Pick<CountingPorts, 'store' | 'keys'>,
  budget: Budget,
): Promise<ReadonlyMap<string, number>> {
  const last = new Map<string, number>();
  // in the order of their times
  for await (const { key } of store.list(keys.counting, budget)) {
    const named = parseCountedKey(keys, key);
    if (named !== undefined) last.set(named.day, named.at);
  }
  return last;
}

async function readCounted(
  ports: CountingPorts,
  { day, after }: { readonly day: string; readonly after: number },
  budget: Budget,
): Promise<{
  readonly since: number | undefined;
  readonly known: ReadonlyMap<string, readonly SourceRecording[]>;
}> {
  const { store, keys, now } = ports;
  const known = new Map<string, readonly SourceRecording[]>();
  const found: { key: string; at: number }[] = [];
  const prefix = keys.counted(day, 0).replace(/[^/]+$/, '');
  const oldest = Math.max(after, now() - MAX_AGE_MS);
  for await (const { key } of store.list(prefix, budget)) {
    const named = parseCountedKey(keys, key);
    if (named !== undefined && named.at > oldest) found.push({ key, at: named.at });
  }
  let since: number | undefined;
  for (const { key, at } of found) {
    const packed = await readBytes(store, key, MAX_PACKED_BYTES, budget);
    const file = packed === undefined ? undefined : parseCounted(packed);
    // what is not signed was not counted: it would decide which recordings are called missing
    if (file === undefined || file.at !== at || file.day !== day || !isSigned(ports, file)) continue;
    for (const { id, recordings } of file.conversations) known.set(id, recordings);
    since ??= file.began;
  }
  return { since, known };
}

async function keepCounted(
  { store, keys, organization, origin, signer, now }: CountingPorts,
  {
    day,
    began,
    fresh,
  }: {
    readonly day: string;
    readonly began: number;
    readonly fresh: ReadonlyMap<string, readonly SourceRecording[]>;
  },
  budget: Budget,
): Promise<void> {
  const at = now();
  const unsigned: Omit<CountedFile, 'signature'> = {
    schema: SCHEMA,
    organization,
    origin,
    day,
    began,
    at,
    conversations: [...fresh].map(([id, recordings]) => ({ id, recordings: [...recordings] })),
  };
  const value = Buffer.from(await signer.sign(Buffer.from(countedText(unsigned)), budget)).toString('base64');
  const body = gzipSync(canonicalJson({ ...unsigned, signature: { id: signer.key.id, value } }));
  const options = { metadata: {}, contentType: 'application/gzip', contentLength: body.length };
  await store.put(keys.counted(day, at), body, options, budget);
}

/** No checkpoint, and no staged seal, begins with this line. */
function countedText(unsigned: Omit<CountedFile, 'signature'>): string {
  return `${SCHEMA}\n${sha256Hex(canonicalJson(unsigned))}\n`;
}

function isSigned(
  { origin, organization, trusted }: CountingPorts,
  { signature, ...unsigned }: CountedFile,
): boolean {
  const key = trusted.find(({ id, name }) => id === signature.id && name === origin);
  const bytes = decodeBase64(signature.value);
  if (key === undefined || bytes === undefined) return false;
  if (unsigned.origin !== origin || unsigned.organization !== organization) return false;
  return verify(null, Buffer.from(countedText(unsigned)), key.publicKey, bytes);
}

function parseCounted(packed: Buffer): CountedFile | undefined {
  try {
    const json = gunzipSync(packed, { maxOutputLength: MAX_BYTES }).toString('utf8');
    return z.safeParse(counted, parseForeignJson(json)).data;
  } catch {
    return undefined;
  }
}
