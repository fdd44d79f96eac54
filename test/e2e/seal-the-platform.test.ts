import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { ScriptedConversation } from '../../packages/simulator/src/published/recordings-model.ts';
import { startSimulator } from '../../packages/simulator/src/simulator.ts';
import { unlimited } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createArchiver } from '../../src/create-archiver.ts';
import { createSealer } from '../../src/create-sealer.ts';
import { parseEvent } from '../../src/events/parse-event.ts';
import { brokenEquations } from '../../src/proof/formats/statement.ts';
import { fastClock } from '../fast-clock.ts';
import { recordingLogger } from '../recording-logger.ts';

const NOON = Date.UTC(2026, 4, 20, 12);
const DAY = '2026-05-20';
const HOUR = 3_600_000;
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** Platform, archive and sealer, all real but for the time. The first `announced` conversations are archived. */
async function start(conversations: readonly ScriptedConversation[], announced: number) {
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
  return { clock, simulator, sealer, archive, ids };
}

describe('a day of the platform', () => {
  it('is compared recording by recording, and what was never announced is named', async () => {
    const { sealer, clock, ids } = await start(
      [
        { recordings: [{}, { kind: 'screen' }] },
        { recordings: [{}] },
        { recordings: [{}], unannounced: true },
        {},
      ],
      2,
    );
    clock.advance(48 * HOUR);
    const day = await sealer.reconcile(DAY);
    expect(day).toMatchObject({ held: 3, recordings: 4, counts: { both: 3, missing: { total: 1 } } });
    expect(day.differences).toEqual([
      expect.objectContaining({ state: 'missing', reason: 'never-announced', conversationId: ids[2] }),
    ]);
    expect(day.source).toMatchObject({ visibility: { divisions: 'unknown' }, conversations: 4 });
    expect((await sealer.reconcile('2026-05-19')).recordings).toBe(0);
  });

  it('is sealed, amended when the missing recording arrives, and final after four days', async () => {
    const { sealer, clock, archive, ids } = await start(
      [{ recordings: [{}] }, { recordings: [{}], unannounced: true }],
      1,
    );
    await sealer.init({ first: DAY });
    clock.advance(15 * HOUR);
    const [first] = (await sealer.sealDueDays()).statements;
    expect(first).toMatchObject({ day: DAY, status: 'provisional', revision: 0 });
    await archive(ids[1] ?? '');
    clock.advance(24 * HOUR);
    await sealer.sealDueDays();
    clock.advance(4 * 24 * HOUR);
    const { statements } = await sealer.sealDueDays();
    const last = statements.findLast(({ day }) => day === DAY);
    expect(last).toMatchObject({
      status: 'final',
      differences: { both: 2, missing: { total: 0 } },
      archive: { archived: 2 },
    });
    for (const statement of statements) expect(brokenEquations(statement)).toEqual([]);
  });

  it('whose recordings were deleted or are still uploaded is told apart from one that lacks them', async () => {
    const { sealer, clock } = await start(
      [{ recordings: [{ fate: 'error' }, { fate: 'deleted' }] }, { recordings: [{}] }],
      0,
    );
    clock.advance(48 * HOUR);
    const { counts } = await sealer.reconcile(DAY);
    expect(counts.missing.byReason).toEqual({ 'never-announced': 1 });
    expect(counts.excluded.byReason).toEqual({ 'deleted-at-source': 1, 'errored-at-source': 1 });
  });

  it('that cannot be asked about is stated as unavailable', async () => {
    const { sealer, clock, simulator } = await start([{ recordings: [{}] }], 1);
    await sealer.init({ first: DAY });
    clock.advance(15 * HOUR);
    await simulator.close();
    const [statement] = (await sealer.sealDueDays()).statements;
    expect(statement?.source).toMatchObject({ unavailable: { code: 'GENESYS_UNAVAILABLE' } });
    expect(statement?.archive).toMatchObject({ recordings: 1, receipts: 1 });
  });
});
