import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../../packages/simulator/src/simulator.ts';
import { makeDirectory, runCli } from '../run-cli.ts';

let simulator: Simulator;
let env: Record<string, string>;
let remove: () => Promise<void>;
beforeEach(async () => {
  const directory = await makeDirectory();
  ({ remove } = directory);
  simulator = await startSimulator({ conversations: [{ recordings: [{}] }] });
  env = {
    ...simulator.environment(),
    ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex'),
    ARCHIVE_STORE: `file:${directory.dir}`,
    GENESYS_API: 'recordings',
  };
});
afterEach(async () => {
  await simulator.close();
  await remove();
});

async function permissions(changed: Record<string, string> = {}) {
  const result = await runCli(['doctor', '--json'], { env: { ...env, ...changed } });
  const checks = result.records().filter(({ name }) => name === 'permissions');
  return { code: result.code, checks };
}

describe('doctor asks what the role allows', () => {
  it('everything', async () => {
    expect(await permissions()).toMatchObject({ code: 0, checks: [{ status: 'ok' }] });
  });

  it('all but one call: exit 4, and what to grant', async () => {
    simulator.world.deny('recording:annotation:add');
    expect((await permissions()).code).toBe(0);
    expect(await permissions({ ARCHIVE_WRITE_BACK: 'annotation' })).toMatchObject({
      code: 4,
      checks: [
        {
          status: 'fail',
          detail: expect.stringContaining('ARCHIVE_WRITE_BACK=annotation') as unknown,
          fix: expect.stringContaining('recording:annotation:add') as unknown,
        },
      ],
    });
  });

  it('not for the tutorial’s dialect, which has scopes instead', async () => {
    expect(await permissions({ GENESYS_API: 'media' })).toEqual({ code: 0, checks: [] });
  });
});
