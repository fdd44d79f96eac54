import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDeploySettings } from '../../src/config/deploy/file.ts';
import { DEPLOY_SETTINGS_FILE } from '../../src/config/deploy/settings.ts';
import { ORGANIZATION } from './synthesise.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'cdk-app-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The app as `cdk` starts it: settings by context, the place of its output by environment. */
function runApp(settings?: string) {
  const outdir = join(dir, 'cdk.out');
  const { status, stderr } = spawnSync(process.execPath, [resolve('dist/cdk/app.mjs')], {
    cwd: dir,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      CDK_OUTDIR: outdir,
      // CDK's validator takes seconds, and `npm run synth` asks it
      CDK_VALIDATION: 'false',
      ...(settings === undefined ? {} : { CDK_CONTEXT_JSON: JSON.stringify({ settings }) }),
    },
  });
  return { status, stderr, outdir };
}

describe('the CDK app', { timeout: 120_000 }, () => {
  it('makes the stack that the settings file names, protected from deletion', () => {
    const file = join(dir, DEPLOY_SETTINGS_FILE);
    writeFileSync(
      file,
      JSON.stringify({
        stackName: 'OurArchive',
        region: 'eu-central-1',
        account: '123456789012',
        environment: 'mypurecloud.de',
        organizationId: ORGANIZATION,
        webhook: true,
      }),
    );
    const { status, stderr, outdir } = runApp();
    expect([status, stderr]).toEqual([0, '']);
    const manifest = JSON.parse(readFileSync(join(outdir, 'manifest.json'), 'utf8')) as {
      artifacts: Record<string, { environment?: string; properties?: { terminationProtection?: boolean } }>;
    };
    expect(manifest.artifacts['OurArchive']).toMatchObject({
      environment: 'aws://123456789012/eu-central-1',
      properties: { terminationProtection: true },
    });
  });

  it('reports every problem of the settings at once, and no value of them', () => {
    const file = join(dir, 'odd.json');
    writeFileSync(
      file,
      JSON.stringify({
        region: 'canary-1-canary',
        environment: 'x',
        organizationId: 'canary-2',
        eventSourceName: 'canary-3',
        maxConcurrency: 1,
        colour: 'canary-4',
      }),
    );
    const { status, stderr } = runApp(file);
    expect(status).toBe(2);
    for (const name of [
      'region',
      'environment',
      'organizationId',
      'eventSourceName',
      'maxConcurrency',
      'colour',
    ]) {
      expect(stderr).toContain(name);
    }
    expect(stderr).not.toContain('canary');
  });

  it.each([
    ['is not there', undefined, 'does not exist'],
    ['is no JSON', 'canary{', 'is not JSON'],
  ])('says what to do about a file that %s', async (_, content, message) => {
    const file = join(dir, 'broken.json');
    if (content === undefined) rmSync(file, { force: true });
    else writeFileSync(file, content);
    const refusal = await readDeploySettings(file).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: 'CONFIG_INVALID',
      hint: expect.stringContaining('genesys-archive init'),
    });
    expect(String(refusal)).toContain(message);
    expect(String(refusal)).not.toContain('canary');
  });
});
