import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDirectoryStore } from '../../../src/store/directory/directory-store.ts';
import {
  addRecording,
  DAY,
  factsLine,
  type Invented,
  inventPorts,
  putFacts,
} from '../../catalogue/invented-archive.ts';
import { runHere } from '../run-here.ts';

const KEY = Buffer.alloc(32, 9);
const TRADING = '0d5a3c6e-1111-4111-8111-111111111111';
const SERVICE = '0d5a3c6e-2222-4222-8222-222222222222';
const AT = Date.parse(`${DAY}T08:00:00Z`);

describe('retain', () => {
  let folder = '';
  let env: Record<string, string> = {};
  let trade: Invented;
  let service: Invented;
  let unknown: Invented;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'retain-'));
    const file = path.join(folder, 'retention.json');
    await writeFile(
      file,
      JSON.stringify({
        schema: 'genesys-media-archive/retention/v1',
        by: 'tags',
        rules: [{ name: 'trades', queues: [TRADING], keep: '100d', remove: '200d' }],
        otherwise: { keep: '10d', remove: '20d' },
      }),
    );
    const place = path.join(folder, 'archive');
    env = {
      ARCHIVE_STORE: `file:${place}`,
      ENCRYPTION_KEY_HEX: KEY.toString('hex'),
      ARCHIVE_RETENTION_FILE: file,
    };
    const archive = createDirectoryStore(place);
    const ports = inventPorts({ archive, catalogue: archive, key: KEY });
    [trade, service, unknown] = [
      await addRecording(archive, { at: AT }),
      await addRecording(archive, { at: AT }),
      await addRecording(archive, { at: AT }),
    ];
    await putFacts(ports, [
      factsLine(trade.conversationId, { queues: [TRADING, SERVICE] }),
      factsLine(service.conversationId, { queues: [SERVICE] }),
    ]);
    expect((await runHere(['catalogue', 'update'], { env })).code).toBe(0);
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('takes the queue from the catalogue, and the time of the recording; what it does not know counts as any', async () => {
    const keys = [trade.key, service.key, unknown.key];
    const { records } = await runHere(['retain', 'show', ...keys, '--json'], { env });
    const shown = new Map(records().map((record) => [record['key'], record]));
    const day = (days: number) => new Date(AT + days * 86_400_000).toISOString();
    expect(shown.get(trade.key)).toMatchObject({
      rule: { names: ['trades'], certain: true, keepUntil: day(100), removeAfter: day(200) },
      queues: [TRADING, SERVICE],
    });
    expect(shown.get(service.key)).toMatchObject({
      rule: { names: ['otherwise'], certain: true, keepUntil: day(10), removeAfter: day(20) },
    });
    expect(shown.get(unknown.key)).toMatchObject({
      rule: { names: ['otherwise', 'trades'], certain: false, keepUntil: day(100), removeAfter: day(200) },
      queues: 'unknown',
    });
  });

  it('gives keys of what a rule lets go to erase, which plans and touches nothing', async () => {
    const on = new Date(AT + 30 * 86_400_000).toISOString().slice(0, 10);
    const range = ['--from', DAY, '--to', DAY];
    const late = { now: () => AT + 25 * 86_400_000 };
    const expired = await runHere(['retain', 'show', ...range, '--expired', '--on', on, '--json'], {
      env,
      clock: { random: () => 0, sleep: () => Promise.resolve(), ...late },
    });
    expect(
      expired
        .records()
        .filter(({ type }) => type === 'retention')
        .map(({ key }) => key),
    ).toEqual([service.key]);
    const plan = await runHere(
      ['erase', '--ids', '-', '--skip-invalid', '--reason', 'rule otherwise', '--dry-run', '--json'],
      { env, input: expired.stdout },
    );
    expect(plan.code).toBe(0);
    expect(plan.stdout).toContain(service.recordingId);
    expect(plan.stdout).not.toContain(trade.recordingId);
  });
});
