import { describe, expect, it } from 'vitest';
import { issueTerminalReceipt } from '../../src/archive/issue-receipt.ts';
import { objectKey, receiptKey } from '../../src/record/object-key.ts';
import { type Verified, verifyArchive, verifyOne } from '../../src/audit/verify-archive.ts';
import { type Budget, systemClock, unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { mapStore, type MapStore } from '../archive/map-store.ts';
import { idsAt } from '../archive/sealed-archive.ts';

const AT = Date.UTC(2026, 4, 20, 12);
const keyOf = (index: number) => objectKey({ ...idsAt(index), at: AT });
const options = { depth: 'head', concurrency: 3 } as const;

/** Recordings that will never be there, each with a receipt that says so: nothing is wrong with them. */
async function settled(count: number): Promise<MapStore> {
  const store = mapStore();
  const issuer = {
    store,
    clock: systemClock,
    format: 'static-gcm',
    signer: undefined,
    organizationId: undefined,
  };
  for (let index = 0; index < count; index += 1) {
    const recording = { ids: idsAt(index), key: keyOf(index), at: AT, reason: 'deleted' };
    await issueTerminalReceipt(issuer, recording, unlimited);
  }
  return store;
}

/** Makes looking at one object wait, and counts how many are looked at at a time. */
function slowed(store: MapStore, before: (key: string) => Promise<void>) {
  const state = { under: 0, most: 0 };
  const head = store.head.bind(store);
  store.head = async (key, budget) => {
    state.under += 1;
    state.most = Math.max(state.most, state.under);
    try {
      await before(key);
      return await head(key, budget);
    } finally {
      state.under -= 1;
    }
  };
  return state;
}

describe('verifyArchive', () => {
  it('passes on each recording once, as many at a time as it is told, and how far it has come', async () => {
    const store = await settled(20);
    const state = slowed(store, () => new Promise((resolve) => setTimeout(resolve, 1)));
    const seen: Verified[] = [];
    const reached: [string, number][] = [];
    await verifyArchive(
      { store },
      options,
      {
        onVerified: (verified) => void seen.push(verified),
        onReached: (key, count) => void reached.push([key, count]),
      },
      unlimited,
    );
    expect(state.most).toBe(3);
    expect(seen.map(({ key }) => key).toSorted()).toEqual(
      Array.from({ length: 20 }, (_, index) => keyOf(index)).toSorted(),
    );
    expect(seen[0]).toMatchObject({
      state: 'verified',
      verification: { depth: 'head', findings: [], receipt: 'terminal' },
    });
    expect(reached.at(-1)).toEqual([keyOf(19), 20]);
    for (const [key, count] of reached) expect(key).toBe(keyOf(count - 1));
  });

  it('needs no listener for its progress', async () => {
    const store = await settled(2);
    let count = 0;
    await verifyArchive({ store }, options, { onVerified: () => void (count += 1) }, unlimited);
    expect(count).toBe(2);
  });

  it('waits for its listeners', async () => {
    const store = await settled(5);
    let busy = 0;
    let most = 0;
    const slowly = async () => {
      busy += 1;
      most = Math.max(most, busy);
      await new Promise((resolve) => setTimeout(resolve, 1));
      busy -= 1;
    };
    await verifyArchive(
      { store },
      { ...options, concurrency: 1 },
      { onVerified: slowly, onReached: slowly },
      unlimited,
    );
    expect(most).toBe(1);
    expect(busy).toBe(0);
  });

  it('what cannot be looked at is a result among the others', async () => {
    const store = await settled(3);
    const broken = keyOf(1);
    slowed(store, (key) =>
      key === broken ? Promise.reject(new ArchiveError('STORE_DENIED', 'no')) : Promise.resolve(),
    );
    const states: Record<string, string> = {};
    const note = (verified: Verified) => {
      states[verified.key] = verified.state === 'failed' ? verified.error.code : verified.state;
    };
    await verifyArchive({ store }, options, { onVerified: note }, unlimited);
    expect(states).toEqual({ [keyOf(0)]: 'verified', [broken]: 'STORE_DENIED', [keyOf(2)]: 'verified' });
    expect(await verifyOne({ store }, broken, 'head', unlimited)).toMatchObject({
      state: 'failed',
      key: broken,
      error: { code: 'STORE_DENIED' },
    });
  });

  it('ends early without an error when its time is up, and passes on nothing that was under way', async () => {
    const store = await settled(10);
    const stop = new AbortController();
    const budget: Budget = { deadline: Number.POSITIVE_INFINITY, signal: stop.signal };
    const late = keyOf(4);
    slowed(store, async (key) => {
      if (key !== late) return;
      stop.abort(new ArchiveError('OUT_OF_TIME', 'enough'));
      throw new ArchiveError('OUT_OF_TIME', 'enough');
    });
    const seen: string[] = [];
    const reached: string[] = [];
    const watcher = {
      onVerified: ({ key }: Verified) => void seen.push(key),
      onReached: (key: string) => void reached.push(key),
    };
    await verifyArchive({ store }, { ...options, concurrency: 1 }, watcher, budget);
    expect(seen).toEqual([0, 1, 2, 3].map(keyOf));
    expect(reached.at(-1)).toBe(keyOf(3));
  });

  it('a listing that fails is thrown, unless its time is up', async () => {
    const store = await settled(1);
    const failure = new ArchiveError('STORE_DENIED', 'no');
    // oxlint-disable-next-line require-yield -- it fails before the first one
    store.list = async function* () {
      await Promise.resolve();
      throw failure;
    };
    const run = (budget: Budget) => verifyArchive({ store }, options, { onVerified: () => {} }, budget);
    await expect(run(unlimited)).rejects.toBe(failure);
    const stop = new AbortController();
    const list = store.list.bind(store);
    store.list = (prefix, budget) => {
      stop.abort(failure);
      return list(prefix, budget);
    };
    await run({ deadline: Number.POSITIVE_INFINITY, signal: stop.signal });
  });

  it('a listener that fails ends the run', async () => {
    const store = await settled(10);
    const seen: string[] = [];
    const run = verifyArchive(
      { store },
      options,
      {
        onVerified: ({ key }) => {
          seen.push(key);
          throw new Error('the report cannot be written');
        },
      },
      unlimited,
    );
    await expect(run).rejects.toThrow('the report cannot be written');
  });

  it('nothing more is begun once one of those who are told has failed', async () => {
    const store = await settled(20);
    const begun = new Set<string>();
    slowed(store, (key) => Promise.resolve(void begun.add(key)));
    let told = 0;
    const run = verifyArchive(
      { store },
      options,
      {
        onVerified: () => {
          told += 1;
          if (told === 1) throw new Error('the report cannot be written');
        },
      },
      unlimited,
    );
    await expect(run).rejects.toThrow('the report cannot be written');
    expect(told).toBeLessThanOrEqual(3);
    expect([...begun].filter((key) => key.startsWith('archive/')).length).toBeLessThanOrEqual(4);
  });

  it('what was looked at although the time is up is passed on', async () => {
    const store = await settled(4);
    const stop = new AbortController();
    slowed(store, (key) => {
      if (key === keyOf(2)) stop.abort(new ArchiveError('OUT_OF_TIME', 'enough'));
      return Promise.resolve();
    });
    const seen: string[] = [];
    await verifyArchive(
      { store },
      { ...options, concurrency: 1 },
      { onVerified: ({ key }) => void seen.push(key) },
      { deadline: Number.POSITIVE_INFINITY, signal: stop.signal },
    );
    expect(seen).toEqual([0, 1, 2].map(keyOf));
  });

  it('tells of no key while one before it is under way', async () => {
    const store = await settled(6);
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    slowed(store, (key) => (key === keyOf(0) ? held : Promise.resolve()));
    const reached: (string | undefined)[] = [];
    let seen = 0;
    await verifyArchive(
      { store },
      options,
      {
        onVerified: () => {
          seen += 1;
          if (seen < 5) expect(reached).toEqual([]);
          if (seen === 5) letGo();
        },
        onReached: (key) => void reached.push(key),
      },
      unlimited,
    );
    expect(reached).toEqual([keyOf(5)]);
  });

  it('looks at what stands there without a receipt as well', async () => {
    const store = await settled(1);
    await store.put(keyOf(5), one(), { metadata: { 'gca-v': '1' }, contentType: 'x/y' }, unlimited);
    const kinds: Record<string, string[]> = {};
    await verifyArchive(
      { store },
      options,
      {
        onVerified: (verified) => {
          if (verified.state === 'verified') {
            kinds[verified.key] = verified.verification.findings.map(({ kind }) => kind);
          }
        },
      },
      unlimited,
    );
    expect(kinds).toEqual({ [keyOf(0)]: [], [keyOf(5)]: ['missing-receipt', 'unproven'] });
    expect(store.objects.has(receiptKey(keyOf(0)))).toBe(true);
  });
});

async function* one(): AsyncGenerator<Uint8Array, void, undefined> {
  yield await Promise.resolve(Buffer.of(1));
}
