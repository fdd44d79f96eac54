import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { CALLS, explainRefusal, SENSITIVE, type PermittedCall } from '../../src/genesys/permissions.ts';
import { probePermissions, type ProbeChoices } from '../../src/genesys/probe-permissions.ts';
import { WRITE_BACKS } from '../../src/recording/write-back.ts';
import { connectRecordings } from './connect-recordings.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
});

const EVERYTHING: readonly ProbeChoices[] = WRITE_BACKS.flatMap((writeBack) => [
  { batch: false, restoreArchived: true, writeBack },
  { batch: true, restoreArchived: false, writeBack },
]);

describe('probing', () => {
  it('finds everything granted, and changes nothing', async () => {
    const { api, simulator, conversation, close } = await connectRecordings([{ fate: 'archived' }]);
    open.push(close);
    const before = structuredClone(conversation);
    for (const choices of EVERYTHING) {
      const probes = await probePermissions(api, choices, unlimited);
      expect(probes.filter(({ verdict }) => verdict !== 'granted')).toEqual([]);
    }
    expect(conversation).toEqual(before);
    expect(simulator.world.jobs.size).toBe(0);
  });

  it.each([
    ['conversation:communication:view', 'getConversation'],
    ['recording:recording:restore', 'restoreRecording'],
    ['recording:annotation:add', 'annotate'],
  ] as const)('without %s says what to grant, and why', async (permission, call) => {
    const { api, simulator, close } = await connectRecordings([]);
    open.push(close);
    simulator.world.deny(permission);
    if (call === 'restoreRecording') simulator.world.deny('recording:recording:editRetention');
    const choices = { batch: false, restoreArchived: true, writeBack: 'annotation' } as const;
    const missing = (await probePermissions(api, choices, unlimited)).filter(
      ({ verdict }) => verdict === 'missing',
    );
    expect(missing).toMatchObject([
      {
        call,
        status: 403,
        hint: expect.stringContaining(permission) as unknown,
        correlationId: expect.any(String) as unknown,
      },
    ]);
  });

  it('an answer that tells nothing is not taken for a yes', async () => {
    const { api, simulator, close } = await connectRecordings([]);
    open.push(close);
    simulator.faults.add({ on: 'conversation', fault: { kind: 'status', status: 418 } });
    const probes = await probePermissions(
      api,
      { batch: false, restoreArchived: false, writeBack: 'none' },
      unlimited,
    );
    expect(probes.map(({ verdict }) => verdict)).toEqual(['unknown', 'granted', 'granted', 'granted']);
  });
});

describe('hints', () => {
  it.each([
    ['app.not.authorized.for.scope', 'scopes'],
    ['authz.policy.denied', 'policy'],
    ['batch.download.permission.denied', 'only the OAuth client that began'],
    ['missing.permissions', 'recording:recording:view'],
  ])('%s', (errorCode, hint) => {
    expect(explainRefusal('submitBatch', { status: 403, errorCode })).toContain(hint);
  });

  it('a 404 may be a division, and other statuses say nothing of permissions', () => {
    expect(explainRefusal('listRecordings', { status: 404, errorCode: undefined })).toContain('division');
    expect(explainRefusal('listRecordings', { status: 400, errorCode: undefined })).toBeUndefined();
  });
});

it('docs/permissions.md has every call and every permission', () => {
  const page = readFileSync('docs/permissions.md', 'utf8');
  const calls: readonly PermittedCall[] = Object.values(CALLS);
  for (const { method, path, permissions } of calls) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${method} ${path}\` |`));
    expect(row, `${method} ${path}`).toBeDefined();
    for (const permission of permissions) expect(row).toContain(`\`${permission}\``);
  }
  expect(page).toContain(SENSITIVE);
});
