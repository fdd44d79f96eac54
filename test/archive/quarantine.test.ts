import { afterEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { createArchiver } from '../../src/create/archiver.ts';
import { isQuarantineKey, releasedKey } from '../../src/record/quarantine/key.ts';
import { readQuarantineNote } from '../../src/record/quarantine/note.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { ArchiveError } from '../../src/errors.ts';
import { failure } from '../failure.ts';
import { makeQuarantineWorld, MARKED, QUARANTINE_RULES } from '../keep/quarantine/quarantine-world.ts';
import { mapStore } from './map-store.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function open(...args: Parameters<typeof makeQuarantineWorld>) {
  const world = await makeQuarantineWorld(...args);
  closers.push(world.close);
  return world;
}

const NONE = JSON.stringify({ ...QUARANTINE_RULES, rules: [] });
const rules = (...of: readonly object[]) =>
  JSON.stringify({
    ...QUARANTINE_RULES,
    rules: of.map((one, at) => ({ name: `r${at}`, for: '7d', ...one })),
  });

describe('archiving with rules of quarantine', () => {
  it('archives what no rule marks where it always was', async () => {
    const world = await open({ conversations: [{ recordings: [{ annotated: ['Hold'] }] }] });
    const [result] = await world.deliver();
    expect(result).toMatchObject({ state: 'archived', stored: true });
    expect(isQuarantineKey(result?.state === 'archived' ? result.key : '')).toBe(false);
    expect(world.conversation.externalTag).toBeDefined();
  });

  it('marks a call without a secure pause, and lets one with it pass', async () => {
    const env = { ARCHIVE_QUARANTINE: rules({ securePause: 'missing', media: ['call'] }) };
    for (const [annotated, isMarked] of [
      [['SecurePause'], false],
      [['Hold'], true],
      [[], true],
    ] as const) {
      const world = await open({ conversations: [{ recordings: [{ annotated }] }] }, { env });
      const [result] = await world.deliver();
      if (result?.state !== 'archived') throw new Error('not archived');
      expect(isQuarantineKey(result.key)).toBe(isMarked);
    }
  });

  it('asks no one about screens where rules are about calls', async () => {
    const env = { ARCHIVE_QUARANTINE: rules({ annotations: ['pii'], media: ['call'] }) };
    const world = await open(
      { conversations: [{ recordings: [{ kind: 'screen', annotated: ['pii'] }] }] },
      { env },
    );
    const [result] = await world.deliver();
    expect(isQuarantineKey(result?.state === 'archived' ? result.key : '')).toBe(false);
    expect(world.simulator.requests.some(({ route }) => route.includes('annotations'))).toBe(false);
  });

  it('marks what cannot be answered, says what is not known, and passes it only where the rule says so', async () => {
    for (const [unknown, isMarked] of [
      ['quarantine', true],
      ['pass', false],
    ] as const) {
      const world = await open(MARKED, {
        env: { ARCHIVE_QUARANTINE: rules({ annotations: ['pii'], unknown }) },
      });
      world.simulator.world.deny('recording:annotation:view');
      const [result] = await world.deliver();
      if (result?.state !== 'archived') throw new Error('not archived');
      expect(isQuarantineKey(result.key)).toBe(isMarked);
      const stat = await world.store.head(result.key, unlimited);
      const note = stat && readQuarantineNote(stat);
      expect(note?.reasons).toEqual(isMarked ? [{ rule: 'r0', unknown: ['annotations'] }] : undefined);
    }
  });

  it('sets neither lock nor tag on what waits, and keeps what is released by its own write', async () => {
    const kept: unknown[] = [];
    const plain = mapStore();
    const store: ObjectStore = {
      ...plain,
      put: (key, body, options, budget) => {
        if (key.endsWith('.enc') && !key.includes('context/'))
          kept.push([isQuarantineKey(key), options.keep]);
        return plain.put(key, body, options, budget);
      },
    };
    const env = { ARCHIVE_RETENTION_AT_WRITE: 'compliance audio=30 other=30' };
    const world = await open(MARKED, { env, store });
    await world.deliver();
    expect(kept).toEqual([[true, undefined]]);
    const ports = await world.openPorts();
    expect(ports.keepOf('audio/wav', world.clock.now())).toMatchObject({ lock: 'compliance' });
  });

  it('stores nothing where the store locks each object by itself, or will not say', async () => {
    for (const [defaultLockDays, said] of [
      [() => Promise.resolve(10), 'for 10 days'],
      [() => Promise.reject(new ArchiveError('STORE_DENIED', 'no')), 'cannot be seen'],
    ] as const) {
      const store = { ...mapStore(), defaultLockDays };
      const world = await open(MARKED, { store });
      const error = await failure(world.deliver());
      expect(error).toMatchObject({ code: 'QUARANTINE_IMPOSSIBLE', retryable: false });
      expect(error.message).toContain(said);
      expect([...store.objects.keys()].filter((key) => key.endsWith('.enc'))).toEqual([]);
    }
  });

  it('finds what waits also when rules have changed, and what is archived also when a rule would mark it now', async () => {
    const world = await open();
    const [first] = await world.deliver();
    if (first?.state !== 'archived') throw new Error('not archived');
    const { clock, logger, store } = world;
    const without = await createArchiver(world.configOf({ ARCHIVE_QUARANTINE: NONE }), {
      clock,
      logger,
      store,
    });
    const downloads = world.downloads();
    expect(await world.deliver(without)).toMatchObject([{ key: first.key, stored: false }]);
    expect(world.downloads()).toBe(downloads);
    without.close();

    const other = await open();
    const before = await createArchiver(other.configOf({ ARCHIVE_QUARANTINE: NONE }), {
      clock: other.clock,
      logger: other.logger,
      store: other.store,
    });
    const [archived] = await other.deliver(before);
    before.close();
    expect(isQuarantineKey(archived?.state === 'archived' ? archived.key : '')).toBe(false);
    expect(await other.deliver()).toMatchObject([{ stored: false }]);
  });

  it('writes one object for ten deliveries at once', async () => {
    const store = mapStore();
    const world = await open(MARKED, { store });
    const results = (await Promise.all(Array.from({ length: 10 }, () => world.deliver()))).flat();
    const keys = new Set(results.map((one) => (one.state === 'archived' ? one.key : one.state)));
    expect([...keys].map(isQuarantineKey)).toEqual([true]);
    const objects = [...store.objects.keys()].filter((key) => /^(?:quarantine|archive)\//.test(key));
    expect(objects).toEqual([...keys]);
    const { stat } = store.objects.get(objects[0] ?? '') ?? {};
    expect(stat && readQuarantineNote(stat)).toMatchObject({ days: 30, dialect: 'recordings' });
    expect(store.objects.has(releasedKey(objects[0] ?? ''))).toBe(false);
  });
});
