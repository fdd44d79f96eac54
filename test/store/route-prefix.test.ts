import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { routePrefix } from '../../src/store/route-prefix.ts';

const roots: string[] = [];
afterAll(() => Promise.all(roots.map((root) => rm(root, { recursive: true }))));

it('keeps what stands below the prefix in the other store, and nothing else', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'route-'));
  roots.push(root);
  const [archive, records] = [
    createDirectoryStore(path.join(root, 'a')),
    createDirectoryStore(path.join(root, 'k')),
  ];
  const routed = routePrefix(archive, 'keys/', records);
  for (const key of ['keys/2026/a.json', 'archive/keys/a.enc', 'keysend/a'])
    await routed.put(key, Buffer.from(key), { metadata: {}, contentType: 'text/plain' }, unlimited);
  const keysOf = async (store: ObjectStore) => {
    const found: string[] = [];
    for await (const { key } of store.list('', unlimited)) found.push(key);
    return found;
  };
  expect(await keysOf(archive)).toEqual(['archive/keys/a.enc', 'keysend/a']);
  expect(await keysOf(records)).toEqual(['keys/2026/a.json']);
  expect(await keysOf(routed)).toEqual(['archive/keys/a.enc', 'keysend/a']);
});
