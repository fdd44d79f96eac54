import { afterEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { noteRemovals } from '../../src/keep/retention/removal-notes.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { ACCESS_PREFIX } from '../../src/record/access-entry.ts';
import { DATE_LAYOUT } from '../../src/record/layout.ts';
import { ask, catalogued, inventArchive, keys, openConsole, record, signer } from './invented-console.ts';

describe('holds of the console', () => {
  const opened: { stop(graceMs?: number): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.stop(0);
  });

  /** Whose access log can be made to fail. */
  async function open() {
    const invented = inventArchive();
    const call = await record(invented.store);
    await catalogued(invented, []);
    const own = { fails: false };
    const store: ObjectStore = {
      ...invented.store,
      put: (key, ...rest) =>
        own.fails && key.startsWith(ACCESS_PREFIX)
          ? Promise.reject(new ArchiveError('STORE_UNAVAILABLE', 'planted'))
          : invented.store.put(key, ...rest),
    };
    const console = await openConsole([{ ...invented.archive, store }]);
    opened.push(console);
    const holds = () => [...invented.store.objects.keys()].filter((key) => key.startsWith('holds/'));
    return { store: invented.store, call, console, own, holds };
  }
  const CUSTODIAN = { roles: ['custodian'] } as const;

  it('say at once what they do not keep by themselves: what may bear a tag of a rule', async () => {
    const { store, call, console } = await open();
    const cookie = await console.signInAs({ name: 'Cora', ...CUSTODIAN });
    const place = () =>
      ask(`${console.url}/api/holds`, { json: { matter: 'case 9', recordings: [call.recordingId] }, cookie });
    const before = await place();
    expect([before.status, before.json()]).toMatchObject([201, { objects: 1, removable: 0, erased: 0 }]);
    await noteRemovals(
      { store, keys, clock: { now: () => Date.now() } },
      { dayOf: (key) => DATE_LAYOUT.parse(key)?.date, signer: () => Promise.resolve(signer) },
      new Map([[call.key, { from: Date.now(), until: undefined }]]),
      unlimited,
    );
    expect((await place()).json()).toMatchObject({ objects: 1, removable: 1, erased: 0 });
  });

  it('are neither placed nor released where that cannot be written down', async () => {
    const { call, console, own, holds } = await open();
    const [cora, eve] = [
      await console.signInAs({ name: 'Cora', sub: 'cora', ...CUSTODIAN }),
      await console.signInAs({ name: 'Eve', sub: 'eve', ...CUSTODIAN }),
    ];
    const place = () =>
      ask(`${console.url}/api/holds`, {
        json: { matter: 'case 9', recordings: [call.recordingId] },
        cookie: cora,
      });
    own.fails = true;
    expect((await place()).status).toBe(503);
    expect(holds()).toEqual([]);
    own.fails = false;
    const id = String((await place()).json()['id']);
    const release = () =>
      ask(`${console.url}/api/holds/${id}/release`, { json: { reason: 'settled' }, cookie: eve });
    own.fails = true;
    expect((await release()).status).toBe(503);
    expect(holds().filter((key) => key.endsWith('/released.json'))).toEqual([]);
    own.fails = false;
    expect((await release()).status).toBe(200);
  });

  it('stand beside looks for people, which are refused as well where they cannot be written down', async () => {
    const { console, own } = await open();
    const cookie = await console.signInAs({ name: 'Cora', ...CUSTODIAN });
    own.fails = true;
    const asked = [
      ask(`${console.url}/api/recordings?customer=%2B4915112345678`, { cookie }),
      ask(`${console.url}/api/recordings?agent=Mara%20Vogel`, { cookie }),
    ];
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([503, 503]);
  });

  it('that one person may not release are refused before anything is written down of it', async () => {
    const { store, call, console } = await open();
    const cookie = await console.signInAs({ name: 'Cora', ...CUSTODIAN });
    const json = { matter: 'case 9', recordings: [call.recordingId] };
    const id = String((await ask(`${console.url}/api/holds`, { json, cookie })).json()['id']);
    const entries = () => [...store.objects.keys()].filter((key) => key.startsWith(ACCESS_PREFIX)).length;
    const before = entries();
    const refused = await ask(`${console.url}/api/holds/${id}/release`, { json: { reason: 'r' }, cookie });
    expect(refused.status).toBe(409);
    expect(entries()).toBe(before);
  });
});
