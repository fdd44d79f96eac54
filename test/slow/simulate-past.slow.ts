import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDirectory, runCli, startCli } from '../cli/run-cli.ts';

let dir: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ dir, remove } = await makeDirectory());
});
afterEach(() => remove());

const PAST = ['simulate', '--recordings', '120', '--from', '2026-01-05', '--to', '2026-01-07'];

async function runUntilReady(...more: readonly string[]) {
  const running = startCli([...PAST, '--longest', '10', ...more]);
  await running.shows('Ctrl-C ends it');
  running.kill('SIGINT');
  return running.end;
}

describe('simulate with a past', () => {
  it('tells what the past holds, and which parts of it are special', async () => {
    const { records } = await runUntilReady(
      '--json',
      '--delete-one',
      '--unannounced',
      '--empty-day',
      '2026-01-06',
      '--organizations',
      '2',
    );
    expect(records()[0]).toMatchObject({
      type: 'simulator',
      past: {
        recordings: 120,
        conversations: 96,
        perDay: { '2026-01-06': 0 },
        deletedRecordingId: expect.any(String) as string,
        unannouncedConversationId: expect.any(String) as string,
      },
      organizations: [
        { clientIds: ['simulator-client', 'simulator-backfill'] },
        { name: 'Simulated Organization 2', clientIds: ['simulator-client-2'] },
      ],
    });
  });

  it('writes an event of each conversation but the one that the platform does not announce', async () => {
    const running = startCli([...PAST, '--events', '--unannounced']);
    await running.shows('Ctrl-C ends it');
    await expect.poll(() => running.stdout().trimEnd().split('\n').length).toBe(95);
    running.kill('SIGINT');
    await running.end;
  });

  it('writes an export to a directory and a bucket', async () => {
    const exported = path.join(dir, 'export');
    const { stderr, code } = await runUntilReady(
      '--export',
      exported,
      '--s3',
      path.join(dir, 's3'),
      '--export-bucket',
      '--export-faults',
      '1',
    );
    expect(code).toBe(0);
    expect(stderr).toContain(`exported 120 recordings`);
    expect(stderr).toContain('to s3://simulated-export, 3 of them with a fault');
    const files = await readdir(exported, { recursive: true, withFileTypes: true });
    expect(files.filter((file) => file.isFile())).toHaveLength(239);
  });

  it.each([
    [['--from', '2026-01-01'], 'a past needs both its first and its last day'],
    [['--recordings', '10001'], 'at most 10000 recordings without a past'],
    [['--omit', '5'], 'a past needs both'],
    [['--from', '2026-02-30', '--to', '2026-03-01'], 'from is not a day'],
    [['--from', '2026-02-01', '--to', '2026-01-01'], 'ends (2026-01-01) before it begins'],
    [['--export-bucket'], '--export-bucket needs the S3 endpoint'],
    [['--export-faults', '1'], '--export-faults needs an export'],
  ])('refuses %j', async (args, problem) => {
    const { code, stderr } = await runCli(['simulate', ...args]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(problem)]);
  });
});
