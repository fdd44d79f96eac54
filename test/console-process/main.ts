/**
 * A real console on an archive in memory, as a process of its own: bundled and forked by `fixtures.ts`. It tells what it has once it
 * listens, and signs people in when it is asked to.
 */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Person } from '../../src/console/access.ts';
import {
  catalogued,
  inventArchive,
  LEAF_BYTES,
  type NewRecording,
  openConsole,
  record,
  type Recorded,
  wavOf,
} from '../console/invented-console.ts';
import type { FromConsole, ToConsole } from './messages.ts';

const AT = Date.parse('2026-03-05T08:00:00Z');
/** Rows besides those that are named: more than one page. */
const OTHERS = 120;
const LONG_S = 240;
const DAMAGED_LEAF = 8;
const invented = inventArchive();
const { archive, store } = invented;
type Called = Parameters<typeof catalogued>[1][number];
const calls: Called[] = [];

async function add(index: number, made: NewRecording, call: Partial<Called> = {}): Promise<Recorded> {
  const recorded = await record(store, { at: AT + index * 60_000, ...made });
  calls.push({
    ...recorded,
    direction: index % 3 === 0 ? 'outbound' : 'inbound',
    agents: [`agent-${1 + (index % 2)}`],
    queues: [`queue-${1 + (index % 2)}`],
    totalMs: (30 + index) * 1000,
    divisions: ['home'],
    ...call,
  });
  return recorded;
}

for (let index = 0; index < OTHERS; index += 1) await add(index, { plaintext: wavOf(1) });
const long = await add(200, { plaintext: wavOf(LONG_S) }, { totalMs: LONG_S * 1000 });
const damaged = await add(201, { plaintext: wavOf(60) }, { totalMs: 60_000 });
const g729 = await add(202, { plaintext: wavOf(2, { format: 0x83 }) });
const other = await add(203, { plaintext: wavOf(2) }, { divisions: ['elsewhere'] });
await catalogued(invented, calls);

// one bit, a minute of two channels has 15 leaves of 4 s
const object = store.objects.get(damaged.key);
if (object === undefined) throw new Error('no object');
const at = DAMAGED_LEAF * LEAF_BYTES + 100;
object.body.writeUInt8(object.body.readUInt8(at) ^ 1, at);

const people = new Map<string, Person>();
const running = await openConsole([archive], {
  pageFolder: path.resolve('dist/console'),
  peaksWorker: pathToFileURL(path.resolve('dist/peaks-worker.mjs')),
  wrapSignOn: (own) => ({ ...own, redeem: (token) => people.get(token) ?? own.redeem?.(token) }),
});

const tell = (message: FromConsole) => process.send?.(message);
process.on('message', ({ person }: ToConsole) => {
  const token = randomUUID();
  const standing: Person = { sub: token, name: 'Ann Example', signIn: 'provider', roles: [], divisions: '*' };
  people.set(token, { ...standing, ...person });
  tell({ kind: 'token', token });
});
process.on('disconnect', () => void running.stop().then(() => process.exit(0)));
tell({
  kind: 'listening',
  url: running.url,
  launchUrl: running.launchUrl,
  has: {
    long: long.recordingId,
    damaged: damaged.recordingId,
    g729: g729.recordingId,
    other: other.recordingId,
  },
});
