import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFactsDay } from '../../../src/backfill/facts/read-facts-day.ts';
import { NOTHING_NAMED, openFactsDay } from '../../../src/backfill/facts/store-facts.ts';
import { systemClock, unlimited } from '../../../src/clock.ts';
import { openEnvelope, openEnvelopeReader } from '../../../src/envelope/keys/sources.ts';
import { silentLogger } from '../../../src/log.ts';
import { factsKey } from '../../../src/record/facts-file.ts';
import { createDirectoryStore } from '../../../src/store/directory/directory-store.ts';

let dir = '';
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('facts under a key of their own', () => {
  it('are objects of the S3 Encryption Client', async () => {
    dir = await mkdtemp(join(tmpdir(), 'facts-'));
    const keyringFile = join(dir, 'keyring.json');
    const key = { kid: 'one', key: randomBytes(32).toString('base64') };
    await writeFile(keyringFile, JSON.stringify({ version: 1, active: 'one', keys: [key] }), { mode: 0o600 });
    const context = { clock: systemClock, logger: silentLogger };
    const store = createDirectoryStore(join(dir, 'store'), systemClock);
    const envelope = await openEnvelope({ mode: 'aes', format: 's3ec-v3' }, { keyringFile }, context);
    const reader = await openEnvelopeReader({ keyringFile }, context);
    const ports = { store, envelope, clock: systemClock, named: NOTHING_NAMED, writtenBy: 'run' };
    await openFactsDay(ports, '2026-11-20', unlimited).finish(undefined);
    const stat = await store.head(factsKey('2026-11-20'), unlimited);
    expect(stat?.metadata['x-amz-c']).toBe('115');
    expect((await readFactsDay({ store, reader }, '2026-11-20', unlimited))?.header.day).toBe('2026-11-20');
  });
});
