import { createHash, randomBytes } from 'node:crypto';
import { createGrantsSealer } from '../../src/console/grants-sealer.ts';
import { createSessionKeeper } from '../../src/console/session.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { ACCESS_PREFIX, parseAccessEntry } from '../../src/record/access-entry.ts';
import {
  ask,
  catalogued,
  inventArchive,
  openConsole,
  type OpenConsole,
  record,
  type Recorded,
} from './invented-console.ts';

const FAULTS = [
  'none',
  'fails',
  'fails after it was stored',
  'hangs',
  'hangs after it was stored',
  'dies',
] as const;
type Fault = (typeof FAULTS)[number];

export interface TriedListens {
  /** By fault. */
  readonly runs: Readonly<Record<string, number>>;
  readonly granted: number;
  /** Sentences; empty where no byte came without its entry. */
  readonly wrong: readonly string[];
}

export interface TryOptions {
  /** Consoles over the same store that know the same sessions; the first is asked for the listen, the last for its sound. */
  readonly instances?: 1 | 2;
}

/** ms after which an entry that was not answered is given up; while it is under way, its listen is asked for. */
const HANGING_MS = 300;
const ENTRY_MS = 20_000;
const AT_ONCE = 24;

/**
 * Has many sessions press play while the store of the access log fails, hangs or dies at the entry, and asks for the recording in every
 * way there is: with the listen that was granted, and, while the entry is under way, with the one that it names.
 */
export async function tryListens(runs: number, { instances = 1 }: TryOptions = {}): Promise<TriedListens> {
  const invented = inventArchive();
  const wrong: string[] = [];
  const counts: Record<string, number> = {};
  let granted = 0;
  const run = async (number: number): Promise<void> => {
    const fault = FAULTS[number % FAULTS.length] ?? 'none';
    counts[fault] = (counts[fault] ?? 0) + 1;
    const tried = await tryOne(invented.store, call, { fault, instances });
    if (tried.granted) granted += 1;
    wrong.push(...tried.wrong.map((what) => `run ${number}, ${fault}: ${what}`));
  };
  const call = await record(invented.store);
  await catalogued(invented, []);
  for (let at = 0; at < runs; at += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, runs - at) }, (_, index) => run(at + index));
    await Promise.all(some);
  }
  return { runs: counts, granted, wrong };
}

async function tryOne(
  real: ReturnType<typeof inventArchive>['store'],
  call: Recorded,
  { fault, instances }: Required<TryOptions> & { readonly fault: Fault },
): Promise<{ readonly granted: boolean; readonly wrong: string[] }> {
  const wrong: string[] = [];
  const asked: Promise<void>[] = [];
  let opened: readonly OpenConsole[] = [];
  let cookie = '';
  const key = randomBytes(32);
  const hasEntry = (sealed: string) => {
    const session = createSessionKeeper({ key }).open(cookie.split('=')[1] ?? '', Date.now());
    const at = { session: session ?? { id: '' }, now: Date.now() };
    const id = createGrantsSealer(key).open('listen', sealed, at)?.id;
    const named = [...real.objects].filter(([name]) => name.startsWith(ACCESS_PREFIX));
    return named.some(
      ([, { body }]) => id !== undefined && parseAccessEntry(body.toString('utf8'))?.listen === id,
    );
  };
  const plays = async (own: OpenConsole, listen: string) => {
    const port = new URL(own.url).port;
    const answer = await ask(`${own.url}/media/${listen}`, {
      headers: { range: 'bytes=0-' },
      // the cookie bears the port; its value is what all instances know
      cookie: cookie.replace(/_\d+=/, `_${port}=`),
    });
    return answer.status === 206 && answer.body.length > 0;
  };
  const store: ObjectStore = {
    ...real,
    put: async (key, body, options, budget) => {
      if (!key.startsWith(ACCESS_PREFIX)) return real.put(key, body, options, budget);
      const { listen = '' } = parseAccessEntry(Buffer.from(body as Uint8Array).toString('utf8')) ?? {};
      for (const own of opened) if (await plays(own, listen)) wrong.push('it plays before its entry');
      if (fault === 'fails') throw new ArchiveError('STORE_UNAVAILABLE', 'planted');
      if (fault === 'hangs') return new Promise(() => undefined);
      if (fault === 'dies') {
        asked.push(opened[0]?.stop(0) ?? Promise.resolve());
        return new Promise(() => undefined);
      }
      const stored = await real.put(key, body, options, budget);
      if (fault === 'fails after it was stored') throw new ArchiveError('STORE_UNAVAILABLE', 'planted');
      return fault === 'hangs after it was stored' ? new Promise(() => undefined) : stored;
    },
  };
  const archive = inventArchive({ store }).archive;
  const open = () =>
    openConsole([{ ...archive, catalogue: { ...archive.catalogue, catalogue: real } }], {
      entryMs: fault.startsWith('hangs') ? HANGING_MS : ENTRY_MS,
      ...(instances === 1 ? {} : { shared: true }),
      key,
    });
  const own = await open();
  const last = instances === 1 ? own : await open();
  cookie = await own.signInAs({ name: createHash('sha256').update(fault).digest('hex'), roles: ['auditor'] });
  opened = instances === 1 ? [own] : [own, last];
  const answer = await ask(`${own.url}/api/listens`, { json: { recording: call.recordingId }, cookie }).catch(
    () => undefined,
  );
  const listen = answer?.status === 201 ? String(answer.json()['listen']) : undefined;
  if (listen !== undefined) {
    if (!hasEntry(listen)) wrong.push('it was granted without an entry');
    if (!(await plays(last, listen))) wrong.push('it was granted and does not play');
    if (fault !== 'none') wrong.push('it was granted');
  } else if (answer !== undefined && answer.status !== 503) wrong.push(`status ${answer.status}`);
  else if (fault === 'none') wrong.push('it was not granted');
  await Promise.all([...new Set([own, last])].map((one) => one.stop(0)));
  await Promise.all(asked);
  return { granted: listen !== undefined, wrong };
}
