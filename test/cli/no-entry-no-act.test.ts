import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { updateCatalogue } from '../../src/catalogue/update-catalogue.ts';
import { unlimited } from '../../src/clock.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { addRecording, DAY, factsLine, inventPorts, putFacts } from '../catalogue/invented-archive.ts';
import { makeDirectory } from './run-cli.ts';
import { runHere } from './run-here.ts';

const NUMBER = '+4917000111';
const RULES = {
  schema: 'genesys-media-archive/retention/v1',
  by: 'tags',
  rules: [],
  otherwise: { keep: '1d', remove: '2d' },
};

/** Everything below a directory, but what the access log is. */
async function everything(root: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    found.set(path.relative(root, file), (await readFile(file)).toString('base64'));
  }
  return found;
}

describe('an access log that cannot be written', () => {
  let root: string;
  let remove: () => Promise<void>;
  const commands: Record<string, readonly string[]> = {};
  let run: (args: readonly string[]) => ReturnType<typeof runHere>;

  beforeAll(async () => {
    const made = await makeDirectory();
    ({ remove } = made);
    root = path.join(made.dir, 'store');
    const key = randomBytes(32);
    const store = createDirectoryStore(root);
    const text = { metadata: {}, contentType: 'text/plain' };
    const env = {
      ARCHIVE_STORE: `file:${root}`,
      ENCRYPTION_KEY_HEX: key.toString('hex'),
      ARCHIVE_FACTS: 'analytics',
      ARCHIVE_RETENTION_FILE: JSON.stringify(RULES),
    };
    run = (args) => runHere(args, { env });
    const ports = inventPorts({ archive: store, key });
    const [one, other, held] = [
      await addRecording(store),
      await addRecording(store),
      await addRecording(store),
    ] as const;
    await putFacts(ports, [factsLine(one.conversationId, { customer: NUMBER })]);
    await updateCatalogue(ports, { from: DAY, to: DAY }, unlimited);
    const recordOf = async (type: string, args: readonly string[]) => {
      const { records, stderr } = await run([...args, '--json']);
      const found = records().find((record) => record['type'] === type);
      if (found === undefined) throw new Error(stderr);
      return found;
    };
    const planOf = async (id: string) =>
      String((await recordOf('plan', ['erase', id, '--reason', 'request 31']))['plan']);
    const hold = String((await recordOf('hold', ['hold', 'place', '--matter', 'm', held.recordingId]))['id']);
    const plan = await planOf(one.recordingId);
    await run(['erase', '--confirm', await planOf(other.recordingId), '--yes', '1']);
    // something of it came back
    await store.put(other.key, Buffer.from('it is back'), text, unlimited);
    Object.assign(commands, {
      'hold place': ['hold', 'place', '--matter', 'm', one.recordingId],
      'hold release': ['hold', 'release', hold, '--reason', 'settled'],
      'retain extend': [
        'retain',
        'extend',
        one.recordingId,
        '--until',
        '2090-01-01',
        '--reason',
        'r',
        '--yes',
        '1',
      ],
      'retain apply': ['retain', 'apply', one.recordingId],
      'erase --confirm': ['erase', '--confirm', plan, '--yes', '1'],
      'erase --subject': ['erase', '--subject', NUMBER, '--reason', 'r'],
      'erase finish': ['erase', 'finish', '--yes', '1'],
      'find --reveal': ['find', '--from', DAY, '--to', DAY, '--reveal', '--reason', 'r'],
      'access list': ['access', 'list'],
    });
    await rm(path.join(root, 'access'), { recursive: true });
    await store.put('access', Buffer.from('in the way'), text, unlimited);
  });
  afterAll(() => remove());

  it.each([
    'hold place',
    'hold release',
    'retain extend',
    'retain apply',
    'erase --confirm',
    'erase --subject',
    'erase finish',
    'find --reveal',
    'access list',
  ])('stops %s before anything is changed or shown', async (name) => {
    const before = await everything(root);
    const refused = await run(commands[name] ?? []);
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 5, stdout: '' });
    expect(refused.stderr).toContain('KEY_COLLISION');
    expect(await everything(root)).toEqual(before);
  });
});
