import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createDirectoryStore } from '../../../src/store/directory/directory-store.ts';
import { describeStore } from '../conformance.ts';

describeStore(
  'directory store',
  {
    partBytes: 1024 * 1024,
    exempt: { objectBelowObject: 'a file cannot also be a directory' },
  },
  async () => {
    const parent = await mkdtemp(path.join(tmpdir(), 'directory-store-'));
    // does not exist yet
    const root = path.join(parent, 'deep', 'archive');
    return {
      store: createDirectoryStore(root),
      reopen: () => createDirectoryStore(root),
      async leftovers() {
        const names = await readdir(parent, { recursive: true });
        return names.filter((name) => name.endsWith('.partial'));
      },
      async cutRead(key, afterBytes) {
        const store = createDirectoryStore(root);
        return {
          ...store,
          async get(...args) {
            const got = await store.get(...args);
            await truncate(path.join(root, key), afterBytes);
            return got;
          },
        };
      },
      close: () => rm(parent, { recursive: true }),
    };
  },
);
