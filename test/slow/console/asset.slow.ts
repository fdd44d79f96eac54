import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { deploySettings, GenesysMediaArchiveStack, propsOf } from '../../../infra/index.ts';
import { SMALLEST } from '../../infra/synthesise.ts';

const SETTINGS = deploySettings.parse({ ...SMALLEST, catalogue: true, console: true });

describe('the function of the console, as it is deployed', () => {
  it('brings the page, its worker and what its bundle loads, and no source map', () => {
    const outdir = mkdtempSync(path.join(tmpdir(), 'console-asset-'));
    try {
      const app = new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: false });
      const env = { region: 'eu-central-1' };
      const { node } = new GenesysMediaArchiveStack(app, 'Stack', propsOf(SETTINGS), { env });
      expect(node.id).toBe('Stack');
      app.synth();
      const asset = readdirSync(outdir).find((name) => {
        const files = name.startsWith('asset.') ? readdirSync(path.join(outdir, name)) : [];
        return files.includes('peaks-worker.mjs');
      });
      const files = readdirSync(path.join(outdir, asset ?? ''), { recursive: true, encoding: 'utf8' });
      expect(files).toEqual(
        expect.arrayContaining([
          'lambda/console.mjs',
          'console/index.html',
          'licences.json',
          'peaks-worker.mjs',
        ]),
      );
      expect(files.filter((file) => /\.map$|archive\.mjs$|cli\.mjs$|\/seal\.mjs$/.test(file))).toEqual([]);
    } finally {
      rmSync(outdir, { recursive: true, force: true });
    }
  });
});
