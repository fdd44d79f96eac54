import { createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ArchivePorts } from '../../src/archive/ports.ts';
import { archiveRequest, type ArchiveResult } from '../../src/archive/archive-request.ts';
import { unlimited } from '../../src/clock.ts';
import { createStaticEnvelope, createStaticReader } from '../../src/envelope/static-gcm.ts';
import type { MediaRequest } from '../../src/ports.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { type Connection, connect, type ConnectOptions } from '../genesys/connect.ts';

/** The time that the event states: one second before midnight UTC, 2026-05-20. */
export const OCCURRED = Date.UTC(2026, 4, 20, 23, 59, 59);

/** The one result of a request that names one file. */
export async function only(results: Promise<readonly ArchiveResult[]>): Promise<ArchiveResult> {
  const [result, ...others] = await results;
  expect(others).toEqual([]);
  if (result === undefined) throw new Error('there is no result');
  return result;
}

/** The use case with its real adapters: a simulator and a directory store of their own. */
export async function setUpArchive(options: ConnectOptions = {}) {
  const connection: Connection = await connect(options);
  const dir = await mkdtemp(join(tmpdir(), 'archive-'));
  const secret = randomBytes(32);
  const store = createDirectoryStore(dir);
  const { resolver, opener, references, clock, logger, recording } = connection;
  const ports: ArchivePorts = {
    resolver,
    opener,
    references,
    clock,
    logger,
    store,
    envelope: createStaticEnvelope(secret),
  };
  const request: MediaRequest = { ...connection.request, occurredAt: OCCURRED };
  return {
    ...connection,
    dir,
    store,
    ports,
    request,
    recording,
    secret,
    reader: createStaticReader(secret),
    archive: (changed: Partial<MediaRequest> = {}) =>
      only(archiveRequest(ports, { ...request, ...changed }, unlimited)),
    /** As for an event that states no time of its own. */
    archiveTimeless: () => only(archiveRequest(ports, connection.request, unlimited)),
    files: async () => (await readdir(dir, { recursive: true })).filter((name) => /\.\w+$/.test(name)),
    /** SHA-256 of the plaintext by the tutorial's own recipe: the last 16 bytes are the tag, the IV is in the metadata. */
    decrypt: async (key: string) => {
      const { stat, body } = await store.get(key, unlimited);
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      const payload = Buffer.concat(chunks);
      const iv = Buffer.from(stat.metadata['iv'] ?? '', 'base64');
      const decipher = createDecipheriv('aes-256-gcm', secret, iv, { authTagLength: 16 });
      decipher.setAuthTag(payload.subarray(-16));
      const plain = Buffer.concat([decipher.update(payload.subarray(0, -16)), decipher.final()]);
      return createHash('sha256').update(plain).digest('hex');
    },
    close: async () => {
      await connection.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
