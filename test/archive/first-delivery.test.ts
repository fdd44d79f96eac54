import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArchivePorts } from '../../src/archive/ports.ts';
import { archiveRequest } from '../../src/archive/archive-request.ts';
import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { ObjectStore, Resolution } from '../../src/ports.ts';
import { only, setUpArchive } from './set-up.ts';

const FIRST = { isFirst: true } as const;

describe('an event that is delivered for the first time', () => {
  let archive: Awaited<ReturnType<typeof setUpArchive>>;
  let heads: string[];
  let ports: ArchivePorts;

  beforeEach(async () => {
    archive = await setUpArchive();
    heads = [];
    const store: ObjectStore = {
      ...archive.store,
      head: (key, budget) => {
        heads.push(key);
        return archive.store.head(key, budget);
      },
    };
    ports = { ...archive.ports, store };
  });

  afterEach(async () => {
    await archive.close();
  });

  const archiveFirst = () => only(archiveRequest(ports, archive.request, unlimited, FIRST));
  const resolving = (resolution: Resolution) => {
    ports = { ...ports, resolver: { resolve: () => Promise.resolve(resolution) } };
  };

  it('is archived without being looked up', async () => {
    expect(await archiveFirst()).toMatchObject({ state: 'archived', stored: true });
    expect(heads.filter((key) => !key.startsWith('erasures/'))).toEqual([]);
    expect(await archive.archive()).toMatchObject({ state: 'archived', stored: false });
  });

  it('is looked up when it is delivered again, and downloaded no more', async () => {
    const { key } = (await archiveFirst()) as { key: string };
    ports = { ...ports, resolver: { resolve: () => Promise.reject(new Error('asked')) } };
    const again = await only(archiveRequest(ports, archive.request, unlimited, { isFirst: false }));
    expect(again).toMatchObject({ state: 'archived', stored: false, key });
    expect(heads).toContain(key);
  });

  it('changes nothing where it has been archived all the same', async () => {
    await archive.archive();
    const before = await archive.files();
    expect(await archiveFirst()).toMatchObject({ state: 'archived', stored: false });
    expect(await archive.files()).toEqual(before);
  });

  it.each<[string, Resolution]>([
    ['gone from the platform', { state: 'gone', reason: 'not found (404)' }],
    ['not ready there', { state: 'not-ready', status: 'accepted', retryAfterMs: 1000 }],
  ])('is archived if it has been, though it is %s by now', async (_name, resolution) => {
    await archive.archive();
    resolving(resolution);
    expect(await archiveFirst()).toMatchObject({ state: 'archived', stored: false });
  });

  it('is archived if it has been, though the platform fails', async () => {
    await archive.archive();
    ports = {
      ...ports,
      resolver: { resolve: () => Promise.reject(new ArchiveError('GENESYS_BAD_RESPONSE', 'made up')) },
    };
    expect(await archiveFirst()).toMatchObject({ state: 'archived', stored: false });
  });

  it('is not archived otherwise, and says why', async () => {
    resolving({ state: 'gone', reason: 'not found (404)' });
    expect(await archiveFirst()).toMatchObject({ state: 'gone', reason: 'not found (404)' });
    ports = {
      ...ports,
      resolver: { resolve: () => Promise.reject(new ArchiveError('GENESYS_BAD_RESPONSE', 'made up')) },
    };
    await expect(archiveFirst()).rejects.toMatchObject({ code: 'GENESYS_BAD_RESPONSE' });
    // what the failed look-up has to say is not why
    const head = () => Promise.reject(new ArchiveError('STORE_UNAVAILABLE', 'made up too'));
    ports = { ...ports, store: { ...ports.store, head } };
    await expect(archiveFirst()).rejects.toMatchObject({ code: 'GENESYS_BAD_RESPONSE' });
  });
});
