import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { isQuarantineKey, releasedKey } from '../../../src/record/quarantine/key.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import { createDirectoryStore } from '../../../src/store/directory/directory-store.ts';
import { makeQuarantineWorld, QUARANTINE_RULES } from '../../keep/quarantine/quarantine-world.ts';
import { makeDirectory } from '../run-cli.ts';
import { runHere } from '../run-here.ts';

describe('quarantine', () => {
  let world: Awaited<ReturnType<typeof makeQuarantineWorld>>;
  let root: string;
  let remove: () => Promise<void>;
  let key: string;
  let id: string;

  beforeEach(async () => {
    const made = await makeDirectory();
    ({ remove } = made);
    root = path.join(made.dir, 'store');
    const store = createDirectoryStore(root);
    world = await makeQuarantineWorld(undefined, {
      store,
      env: { ARCHIVE_STORE: `file:${root}`, ARCHIVE_FACTS: 'none' },
    });
    const [result] = await world.deliver();
    if (result?.state !== 'archived') throw new Error('not archived');
    ({ key } = result);
    id = result.ids.recordingId;
  });
  afterEach(async () => {
    await world.close();
    await remove();
  });

  const run = (...args: readonly string[]) => runHere(args, { env: world.settings });
  const isThere = async (at: string) => (await world.store.head(at, unlimited)) !== undefined;

  it('lists what waits, with why, since when and until when', async () => {
    expect(isQuarantineKey(key)).toBe(true);
    const listed = await run('quarantine', 'list', '--json');
    expect(listed.code).toBe(0);
    expect(listed.records().find(({ type }) => type === 'quarantined')).toMatchObject({
      key,
      recordingId: id,
      overdue: false,
      reasons: [{ rule: 'pii', unknown: [] }],
      heldBy: [],
    });
    expect((await run('quarantine', 'list', '--overdue')).stdout).toBe('');
    expect((await run('quarantine', 'list')).stdout).toMatch(
      new RegExp(`^${id}  since .+  until .+  pii\n$`),
    );
  });

  it('does not take a place without an archive for an empty quarantine', async () => {
    const elsewhere = { ...world.settings, ARCHIVE_STORE: `file:${root}-of-nobody` };
    const listed = await runHere(['quarantine', 'list'], { env: elsewhere });
    expect(listed).toMatchObject({ code: 6, stdout: '' });
    expect(listed.stderr).toContain('NOTHING_FOUND');
  });

  it('releases in two steps, with a reason and an entry of the access log', async () => {
    expect(await run('quarantine', 'release', id, '--yes', '1')).toMatchObject({ code: 2 });
    const told = await run('quarantine', 'release', id, '--reason', 'screened');
    expect(told).toMatchObject({ code: 0 });
    expect(told.stdout).toContain('would release');
    expect(await isThere(releasedKey(key))).toBe(false);
    expect(await run('quarantine', 'release', id, '--reason', 'screened', '--yes', '2')).toMatchObject({
      code: 2,
    });
    const done = await run(
      'quarantine',
      'release',
      id,
      '--reason',
      'screened',
      '--yes',
      '1',
      '--by',
      'A. Brandt',
    );
    expect(done.stderr).not.toContain('error');
    expect(done).toMatchObject({ code: 0 });
    expect([await isThere(key), await isThere(receiptKey(key)), await isThere(releasedKey(key))]).toEqual([
      false,
      false,
      true,
    ]);
    expect(world.conversation.externalTag).toContain(releasedKey(key));
    const log = await run('access', 'list', '--json');
    expect(log.records()).toContainEqual(
      expect.objectContaining({ action: 'release', who: 'A. Brandt', reason: 'screened', recordings: [id] }),
    );
    expect(await run('quarantine', 'release', id, '--reason', 'again', '--yes', '1')).toMatchObject({
      code: 6,
    });
  });

  it('releases nothing that cannot be written down', async () => {
    await world.store.put('access', Buffer.from('x'), { metadata: {}, contentType: 'text/plain' }, unlimited);
    const refused = await run('quarantine', 'release', id, '--reason', 'screened', '--yes', '1');
    expect(refused).toMatchObject({ code: 5, stdout: '' });
    expect([await isThere(key), await isThere(releasedKey(key))]).toEqual([true, false]);
    expect(world.conversation.externalTag).toBe(undefined);
  });

  it('is found, verified, restored and inspected as what it is', async () => {
    expect(await run('catalogue', 'update', '--scope', 'all')).toMatchObject({ code: 0 });
    const found = await run('find', '--state', 'quarantined', '--json');
    expect(found.stdout).toContain(key);
    expect((await run('find', '--state', 'archived', '--json')).stdout).not.toContain(key);
    const verified = await run('verify', '--all', '--json');
    expect(verified).toMatchObject({ code: 0 });
    expect(verified.stdout).not.toContain('missing');
    const inspected = await run('inspect', id);
    expect(`${inspected.stdout}${inspected.stderr}`).toContain('QUARANTINED');
    expect(await run('restore', id, '-o', path.join(root, '..', 'out.wav'))).toMatchObject({ code: 0 });
    await run('quarantine', 'release', id, '--reason', 'screened', '--yes', '1');
    expect(await run('verify', '--all')).toMatchObject({ code: 0 });
    expect(await run('catalogue', 'update', '--scope', 'all')).toMatchObject({ code: 0 });
    expect((await run('find', '--state', 'archived', '--json')).stdout).toContain(releasedKey(key));
  });

  it('erases through a plan and its confirmation, permanently', async () => {
    const planned = await run('quarantine', 'erase', id, '--reason', 'card number', '--json');
    expect(planned).toMatchObject({ code: 0 });
    expect(await isThere(key)).toBe(true);
    const plan = String(planned.records().find(({ type }) => type === 'plan')?.['plan']);
    expect(await run('erase', '--confirm', plan, '--yes', '1')).toMatchObject({ code: 0 });
    expect(await isThere(key)).toBe(false);
    expect((await run('quarantine', 'list')).stdout).toBe('');
    expect(await world.deliver()).toMatchObject([{ state: 'gone', reason: 'erased' }]);
    expect(await isThere(key)).toBe(false);
    expect(await run('verify', '--all')).toMatchObject({ code: 0 });
  });

  it('neither erases nor releases what a hold is on', async () => {
    expect(await run('hold', 'place', '--matter', 'm', id)).toMatchObject({ code: 0 });
    expect((await run('quarantine', 'list')).stdout).toContain('held by h-');
    expect(await run('quarantine', 'release', id, '--reason', 'r', '--yes', '1')).toMatchObject({ code: 3 });
    expect(await run('quarantine', 'erase', id, '--reason', 'r')).toMatchObject({ code: 4 });
    expect(await isThere(key)).toBe(true);
  });

  it('is left alone by rules of retention, and is not archived again beside it', async () => {
    const retention = path.join(root, '..', 'retention.json');
    await writeFile(
      retention,
      JSON.stringify({
        schema: 'genesys-media-archive/retention/v1',
        by: 'tags',
        rules: [],
        otherwise: { keep: '1y', remove: '2y' },
      }),
    );
    const env = { ...world.settings, ARCHIVE_RETENTION_FILE: retention };
    const applied = await runHere(['retain', 'apply', id, '--json'], { env });
    expect(applied.records()).toContainEqual(
      expect.objectContaining({ key, lock: 'quarantined', tag: 'quarantined' }),
    );
    const again = await run(
      'archive',
      '--again',
      id,
      '--reason',
      'r',
      '--interaction',
      world.conversation.id,
    );
    expect(`${again.stdout}${again.stderr}`).toContain('RECORDING_QUARANTINED');
    expect(await isThere(releasedKey(key))).toBe(false);
  });

  it('checks a file of rules', async () => {
    const rules = path.join(root, '..', 'quarantine.json');
    await writeFile(rules, JSON.stringify(QUARANTINE_RULES));
    expect((await run('quarantine', 'rules', rules)).stdout).toBe('pii  for 30 d  annotations pii\n');
    await writeFile(rules, '{\n"schema": 1\n}');
    const wrong = await run('quarantine', 'rules', rules);
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.stderr).toContain('line 2');
    expect(await run('quarantine', 'list', '--yes', '1')).toMatchObject({ code: 2 });
    expect(await run('quarantine', 'forget')).toMatchObject({ code: 2 });
  });
});
