import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { whyNoObject, whyNoRecording } from '../../src/audit/why-missing.ts';
import { openSeekable } from '../../src/audit/read-range.ts';
import { findRecordings, findRows } from '../../src/catalogue/search/find-recordings.ts';
import { forgetInCatalogue } from '../../src/catalogue/forget-days.ts';
import { updateCatalogue } from '../../src/catalogue/update-catalogue.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { toArchiveError } from '../../src/errors.ts';
import { eraseRecordings } from '../../src/keep/erase/erase-recordings.ts';
import type { ErasePorts } from '../../src/keep/erase/erase-types.ts';
import { groupByRecording } from '../../src/keep/erase/plan-erasure.ts';
import { redactLists } from '../../src/proof/day/redact-lists.ts';
import { listRoot, makeList } from '../../src/proof/formats/list-lines.ts';
import { logKeys } from '../../src/proof/formats/log-keys.ts';
import { DATE_LAYOUT } from '../../src/record/layout.ts';
import { contextKey } from '../../src/record/object-key.ts';
import { createReceiptSigner } from '../../src/record/receipt/receipt.ts';
import {
  addRecording,
  factsLine,
  type Invented,
  inventPorts,
  putFacts,
} from '../catalogue/invented-archive.ts';
import { openAll } from './search-bytes.ts';
import { VersionedMemory } from './versioned-memory.ts';

export interface LargeErasure {
  readonly days: number;
  readonly callsADay: number;
  /** Each with one call, spread evenly. */
  readonly subjects: number;
  /** Recordings of one batch, as a job has them. */
  readonly batch?: number;
}

export interface ErasureFigure {
  readonly calls: number;
  readonly erased: number;
  /** Versions of objects that were searched, with what is in them, sealed or compressed. */
  readonly searched: number;
  readonly searchedBytes: number;
  /** Where a number, a name or an id of theirs stands that should not. */
  readonly leaks: readonly string[];
  /** Numbers of the others that were seen by the same search: it can see. */
  readonly seen: number;
  /** Lists of the log whose root came out different. */
  readonly brokenRoots: number;
  /** Readers that did not refuse, or not as erased. */
  readonly readable: readonly string[];
  /** ms. */
  readonly took: Readonly<Record<'built' | 'found' | 'erased' | 'looked', number>>;
}

const signer = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);
const keys = new Map([[signer.keyId, signer.publicKey]]);
const REASON = { reason: 'request 31', by: 'A. Brandt' };
/** Ids, numbers of eight digits and more, and names as they are invented here. */
const NEEDLES = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{8,15}|Kim-[0-9a-f]{16}/g;
const NUMBERS = '49170';

interface Called extends Invented {
  readonly day: string;
  readonly number: string;
  readonly name: string;
}

async function* noVersions() {}

const dayAt = (index: number) => new Date(Date.UTC(2026, 0, 1 + index)).toISOString().slice(0, 10);

/** Builds an archive in memory, erases subjects from it, and searches every byte of every version that is left. */
export async function eraseInLargeArchive({
  days,
  callsADay,
  subjects: many,
  batch = 200,
}: LargeErasure): Promise<ErasureFigure> {
  const clock = timer();
  const memory = new VersionedMemory();
  const ports = inventPorts({ archive: memory.store, key: randomBytes(32), tombstones: new Map() });
  const log = logKeys('org');
  const calls: Called[] = [];
  const roots = new Map<string, string>();
  for (let index = 0; index < days; index += 1) {
    const day = dayAt(index);
    const made = await makeDay(memory, ports, { day, first: index * callsADay, calls: callsADay });
    calls.push(...made);
    const list = makeList(made.map(lineOf));
    const key = log.list(day, list.root, 'source');
    roots.set(key, list.root);
    await put(memory, key, gzipSync(list.lines.map((line) => `${line}\n`).join('')));
  }
  await updateCatalogue(ports, { from: dayAt(0), to: dayAt(days - 1) }, unlimited);
  const every = Math.floor(calls.length / many);
  const subjects = calls.filter((_, at) => at % every === 0).slice(0, many);
  for (const { key, name, number } of subjects)
    await put(memory, contextKey(key), Buffer.from(JSON.stringify({ name, ani: `+${number}` })));
  const built = clock();

  const customers = subjects.map(({ number }) => `+${number}`);
  const found: string[] = [];
  const search = await findRecordings(ports, { customers }, {}, unlimited);
  for await (const { key } of findRows(search, { wanted: ['key'] })) found.push(key);
  if (found.length !== many) throw new Error(`${found.length} calls of ${many} subjects were found`);
  const foundMs = clock();

  const erasing: ErasePorts = {
    store: memory.store,
    keys,
    signer,
    clock: systemClock,
    archive: memory.versions,
    others: [],
    forget: async (of, erased, budget) => {
      await forgetInCatalogue(ports, memory.versions, of, budget);
      for (const key of await redactLists({ store: memory.store, keys: log }, of, erased, budget))
        for await (const version of memory.versions.versions(key, budget))
          if (!version.isLatest) await memory.versions.remove(version, budget);
      return { kept: [] };
    },
    replaced: noVersions,
  };
  const items = groupByRecording(DATE_LAYOUT, found);
  let erased = 0;
  for (let at = 0; at < items.length; at += batch) {
    const done = await eraseRecordings(erasing, items.slice(at, at + batch), REASON, unlimited);
    erased += done.filter(({ state }) => state === 'erased').length;
  }
  const erasedMs = clock();

  const readable: string[] = [];
  for (const subject of subjects) {
    const trust = { store: memory.store, keys };
    const attempts = [
      openSeekable({ ...trust, reader: ports.reader as never }, subject.key, unlimited),
      whyNoObject(trust, subject.key, unlimited).then((why) => Promise.reject(why)),
      whyNoRecording(memory.store, subject.recordingId, { keys }, unlimited).then((why) =>
        Promise.reject(why),
      ),
    ];
    for (const attempt of attempts) {
      const code = await attempt.then(
        () => 'opened',
        (error: unknown) => toArchiveError(error).code,
      );
      if (code !== 'RECORDING_ERASED') readable.push(`${subject.key}: ${code}`);
    }
  }
  const again = await findRecordings(ports, { customers }, {}, unlimited);
  for await (const { key } of findRows(again, { wanted: ['key'] })) readable.push(`${key} is found`);
  const seen = await searchAll(memory, ports, subjects);
  let brokenRoots = 0;
  for (const [key, root] of roots) {
    const body = memory.all.get(key)?.[0]?.body ?? Buffer.alloc(0);
    const lines = gunzipSync(body).toString('utf8').split('\n');
    if (listRoot(lines.filter((line) => line !== '')) !== root) brokenRoots += 1;
  }
  const took = { built, found: foundMs, erased: erasedMs, looked: clock() };
  return { calls: calls.length, erased, ...seen, brokenRoots, readable, took };
}

async function makeDay(
  memory: VersionedMemory,
  ports: ReturnType<typeof inventPorts>,
  { day, first, calls }: { readonly day: string; readonly first: number; readonly calls: number },
): Promise<readonly Called[]> {
  const made: Called[] = [];
  for (let at = 0; at < calls; at += 1) {
    const number = `${NUMBERS}${String(first + at).padStart(8, '0')}`;
    const name = `Kim-${randomBytes(8).toString('hex')}`;
    made.push({ ...(await addRecording(memory.store, { day })), day, number, name });
  }
  const lines = made.map(({ conversationId, number, name }) => {
    const line = factsLine(conversationId, { customer: `+${number}` }, day);
    return {
      ...line,
      participants: line.participants.map((one) => (one.purpose === 'customer' ? { ...one, name } : one)),
    };
  });
  await putFacts(ports, lines, day);
  return made;
}

const lineOf = ({ conversationId: conversation, recordingId: recording }: Called) => ({
  conversation,
  recording,
  media: 'call',
  state: 'both',
  nonce: randomUUID().replaceAll('-', ''),
});

async function put(memory: VersionedMemory, key: string, body: Buffer): Promise<void> {
  await memory.store.put(key, body, { metadata: {}, contentType: 'application/octet-stream' }, unlimited);
}

/** Ids of an erased recording stand in its receipt, and in its row of the catalogue, which says that it is erased. */
async function searchAll(
  memory: VersionedMemory,
  ports: ReturnType<typeof inventPorts>,
  subjects: readonly Called[],
): Promise<Pick<ErasureFigure, 'leaks' | 'seen' | 'searched' | 'searchedBytes'>> {
  const people = new Set(subjects.flatMap(({ number, name }) => [number, name]));
  const ids = new Set(subjects.flatMap(({ recordingId, conversationId }) => [recordingId, conversationId]));
  const leaks: string[] = [];
  let [seen, searched, searchedBytes] = [0, 0, 0];
  for (const [key, versions] of memory.all) {
    const mayHaveIds = key.startsWith('receipts/') || key.startsWith('catalogue/');
    for (const { body, stat } of versions) {
      searched += 1;
      for (const piece of [Buffer.from(key), ...(await openAll(ports.reader, stat, body))]) {
        searchedBytes += piece.length;
        for (const [needle] of piece.toString('latin1').matchAll(NEEDLES)) {
          if (people.has(needle) || (!mayHaveIds && ids.has(needle))) leaks.push(`${key}: ${needle}`);
          else if (needle.startsWith(NUMBERS)) seen += 1;
        }
      }
    }
  }
  return { leaks, seen, searched, searchedBytes };
}

/** ms since it was asked before. */
function timer(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const took = Math.round(now - last);
    last = now;
    return took;
  };
}
