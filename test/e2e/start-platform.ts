import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ScriptedConversation } from '../../packages/simulator/src/published/recordings/scripted.ts';
import { startSimulator } from '../../packages/simulator/src/simulator.ts';
import { unlimited } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createArchiver } from '../../src/create/archiver.ts';
import { createSealer } from '../../src/create/sealer.ts';
import { parseEvent } from '../../src/events/parse-event.ts';
import { fastClock } from '../fast-clock.ts';
import { recordingLogger } from '../recording-logger.ts';

const NOON = Date.UTC(2026, 4, 20, 12);
export const DAY = '2026-05-20';
export const HOUR = 3_600_000;

const closers: (() => Promise<unknown>)[] = [];

/** Ends all that {@link startPlatform} has started, the last first. */
export async function endPlatforms(): Promise<void> {
  for (const close of closers.splice(0).toReversed()) await close();
}

/** Platform, archive and sealer, all real but for the time. The first `announced` conversations are archived. */
export async function startPlatform(
  conversations: readonly ScriptedConversation[],
  announced: number,
  settings: Readonly<Record<string, string>> = {},
) {
  const clock = fastClock(NOON + HOUR);
  const simulator = await startSimulator({
    now: () => clock.now(),
    conversations: conversations.map((each) => ({ endedAt: NOON, ...each })),
  });
  const dir = await mkdtemp(join(tmpdir(), 'seal-'));
  const pem = (name: string) => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const file = join(dir, `${name}.pem`);
    return writeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 }).then(
      () => file,
    );
  };
  const env = {
    ...simulator.environment(),
    ARCHIVE_STORE: `file:${join(dir, 'store')}`,
    GENESYS_ORGANIZATION_ID: '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77',
    ARCHIVE_SIGNING_KEY_FILE: await pem('receipts'),
    ARCHIVE_PROOF_ORIGIN: 'recordings.example.com/proof/archive',
    ARCHIVE_PROOF_KEY_FILE: await pem('log'),
    ...settings,
  };
  const logger = recordingLogger();
  const key = { ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex') };
  const config = loadConfig({ env: { ...env, ...key } }, 'archive');
  const archiver = await createArchiver(config, { clock, logger });
  const sealer = await createSealer(loadConfig({ env }, 'seal'), { clock, logger });
  closers.push(
    () => rm(dir, { recursive: true, force: true }),
    () => simulator.close(),
    async () => {
      archiver.close();
      sealer.close();
    },
  );
  const archive = async (conversationId: string) => {
    const parsed = parseEvent(simulator.conversationEvent(conversationId), { api: 'recordings' });
    for (const request of parsed.kind === 'requests' ? parsed.requests : [])
      await archiver.archive(request, unlimited);
  };
  const ids = simulator.world.conversations.map(({ id }) => id);
  for (const id of ids.slice(0, announced)) await archive(id);
  return { clock, simulator, sealer, archive, ids, env: { ...env, ...key } };
}
