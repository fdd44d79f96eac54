import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDirectory, runCli, type RunningCli, startCli } from '../run-cli.ts';

let dir: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ dir, remove } = await makeDirectory());
});
const started: RunningCli[] = [];
afterEach(async () => {
  // also when the test has failed
  for (const running of started.splice(0)) running.kill('SIGINT');
  await remove();
});

describe('simulate --scenario', () => {
  it('plays conversations of the published API, which can be archived', async () => {
    const file = path.join(dir, 'calls.json');
    const recordings = [{ seconds: 1, transcodingS: 0 }, { kind: 'chat' }];
    await writeFile(file, JSON.stringify({ conversations: [{ recordings }] }));
    const running = startCli(['simulate', '--scenario', file, '--events', '--json', '-q']);
    started.push(running);
    await running.shows('"type":"event"');
    const [simulator, event] = running
      .stdout()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const env = {
      ...(simulator?.['environment'] as Record<string, string>),
      ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex'),
      ARCHIVE_STORE: `file:${path.join(dir, 'archive')}`,
    };
    const archived = await runCli(['archive', '--event', '-'], {
      env,
      input: JSON.stringify(event?.['event']),
    });
    expect(archived.stderr + archived.stdout).not.toContain('error');
    expect(archived.code).toBe(0);
    const listed = await runCli(['list', '-q'], { env });
    expect(listed.stdout.trimEnd().split('\n')).toHaveLength(2);
    running.kill('SIGINT');
    expect((await running.end).code).toBe(0);
  });

  it('what is gone permanently is no failure; what may come back is, with what to do about it', async () => {
    const file = path.join(dir, 'calls.json');
    const recordings = [{ fate: 'deleted' }, { fate: 'archived' }, { uploadedAfterS: 9000 }];
    await writeFile(
      file,
      JSON.stringify({ conversations: [{ recordings: recordings.slice(0, 1) }, { recordings }, {}] }),
    );
    const running = startCli(['simulate', '--scenario', file, '--events', '--json', '-q']);
    started.push(running);
    // the settings, and an event for each conversation
    await expect.poll(() => running.stdout().split('\n').length, { timeout: 10_000 }).toBe(5);
    const [simulator, gone, mixed, none] = running
      .stdout()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const env = {
      ...(simulator?.['environment'] as Record<string, string>),
      ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex'),
      ARCHIVE_STORE: `file:${path.join(dir, 'archive')}`,
    };
    const archive = async (event: unknown) =>
      runCli(['archive', '--event', '-'], { env, input: JSON.stringify(event) });
    expect(await archive(gone?.['event'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^gone {6}\S+ {2}deleted, as its receipt says\n$/) as unknown,
    });
    const result = await archive(mixed?.['event']);
    expect(result).toMatchObject({ code: 3 });
    expect(result.stdout).toMatch(
      /is not available: archived \(ARCHIVE_RESTORE_ARCHIVED=1 .*\[MEDIA_NOT_FOUND\]/,
    );
    expect(result.stdout).toMatch(/is not complete yet \(uploading\) {2}\[MEDIA_NOT_READY\]/);
    expect((await archive(none?.['event'])).stdout).toMatch(
      /^failed {4}\S{36} {2}what was recorded of conversation \S{36} is not complete yet \(no recording yet\)/,
    );
    running.kill('SIGINT');
    await running.end;
  });

  it('says what is wrong with a scenario', async () => {
    const file = path.join(dir, 'calls.json');
    await writeFile(file, '{"conversations":[{"recordings":[{"fate":"lost"}]}]}');
    const result = await runCli(['simulate', '--scenario', file]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('conversations[0].recordings[0].fate must be one of');
  });
});
