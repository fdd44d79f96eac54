import { createHash, randomBytes } from 'node:crypto';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { objectKey } from '../../src/record/object-key.ts';
import { unlimited } from '../../src/clock.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { makeDirectory } from './run-cli.ts';

export const FIRST = '11111111-1111-4111-8111-111111111111';
export const SECOND = '22222222-2222-4222-8222-222222222222';
export const THIRD = '33333333-3333-4333-8333-333333333333';
const DAY = Date.UTC(2026, 4, 20, 23, 30);

export interface ArchiveFixture {
  readonly dir: string;
  /** `ARCHIVE_STORE` and `ENCRYPTION_KEY_HEX`. */
  readonly env: Readonly<Record<string, string>>;
  readonly keys: Readonly<Record<string, string>>;
  readonly sha256: Readonly<Record<string, string>>;
  readonly objectFile: (id: string) => string;
  readonly flipBit: (id: string, at: number) => Promise<void>;
  readonly truncateTo: (id: string, bytes: number) => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** An archive of three small recordings in a directory, on 20, 21 and 22 May 2026 (UTC). */
export async function makeArchive(bytes = 100_000): Promise<ArchiveFixture> {
  const { dir, remove } = await makeDirectory();
  const root = path.join(dir, 'archive-store');
  const key = randomBytes(32);
  const store = createDirectoryStore(root);
  const keys: Record<string, string> = {};
  const sha256: Record<string, string> = {};
  for (const [index, id] of [FIRST, SECOND, THIRD].entries()) {
    const plaintext = randomBytes(bytes + index);
    keys[id] = objectKey({ recordingId: id, at: DAY + index * 86_400_000 });
    sha256[id] = createHash('sha256').update(plaintext).digest('hex');
    await putSealed(store, keys[id], key, plaintext);
  }
  const objectFile = (id: string) => path.join(root, keys[id] ?? '');
  return {
    dir,
    env: { ARCHIVE_STORE: `file:${root}`, ENCRYPTION_KEY_HEX: key.toString('hex') },
    keys,
    sha256,
    objectFile,
    async flipBit(id, at) {
      const object = await readFile(objectFile(id));
      const place = at < 0 ? object.length + at : at;
      object.writeUInt8(object.readUInt8(place) ^ 1, place);
      await writeFile(objectFile(id), object);
    },
    truncateTo: (id, size) => truncate(objectFile(id), size),
    remove,
  };
}

export async function putSealed(
  store: ObjectStore,
  key: string,
  secret: Buffer,
  plaintext: Buffer,
): Promise<void> {
  const conversationId = 'c0000000-0000-4000-8000-000000000000';
  const sealer = await createStaticEnvelope(secret).seal({ recordingId: FIRST, conversationId });
  // oxlint-disable-next-line typescript/require-await -- a body is an async iterable
  async function* body() {
    yield sealer.update(plaintext);
    yield sealer.final();
  }
  await store.put(
    key,
    body(),
    { metadata: { ...sealer.metadata }, contentType: 'application/octet-stream' },
    unlimited,
  );
}
