import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startSimulator } from '../../packages/simulator/src/simulator.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createArchiver } from '../../src/create/archiver.ts';
import { parseEvent } from '../../src/events/parse-event.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';

it('the first recording of a process opens the store’s connection ahead, once, and no archiver that has nothing to do', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'opened-ahead-'));
  const simulator = await startSimulator({ recordings: [{ seconds: 1 }] });
  try {
    let opened = 0;
    const store = { ...createDirectoryStore(dir), openAhead: () => void (opened += 1) };
    const env = { ...simulator.environment(), ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex') };
    const archiver = await createArchiver(loadConfig({ env }, 'archive'), { store });
    expect(opened).toBe(0);
    const [recording] = simulator.recordings;
    const parsed = parseEvent({ mediaId: recording?.id, interactionId: recording?.interactionId });
    if (parsed.kind !== 'requests') throw new Error('the event names no recording');
    for (const request of [...parsed.requests, ...parsed.requests]) await archiver.archive(request);
    expect(opened).toBe(1);
    archiver.close();
  } finally {
    await simulator.close();
    await rm(dir, { recursive: true });
  }
});
