import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { updateCatalogue } from '../../../src/catalogue/update-catalogue.ts';
import { exportRows, type ExportOptions, planExport } from '../../../src/cli/catalogue/export.ts';
import { createUi } from '../../../src/cli/_ui.ts';
import { unlimited } from '../../../src/clock.ts';
import type { CataloguePorts } from '../../../src/catalogue/ports.ts';
import { addRecording, type Invented, inventPorts } from '../../catalogue/invented-archive.ts';
import { versionedStore } from '../../catalogue/versioned-store.ts';
import { contextHere } from '../run-here.ts';

let folder = '';
let ports: CataloguePorts;
const recordings: Invented[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'export-'));
  const archive = { ...versionedStore(), location: 's3://calls/a b/c+d' };
  ports = inventPorts({ archive });
  recordings.push(await addRecording(archive, { recordingId: 'one' }));
  recordings.push(await addRecording(archive, { recordingId: 'two', without: 'object' }));
  await updateCatalogue(ports, { scope: 'all' }, unlimited);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function exported(name: string, options: ExportOptions = {}) {
  const output = path.join(folder, name);
  const { stdout, stderr } = process;
  const ui = createUi({ stdout, stderr, env: {}, json: false, quiet: true, debug: false, color: false });
  const quiet = { ...ui, out: () => {} };
  const own = { output, ...options };
  await exportRows(
    contextHere(quiet, {}),
    ports,
    { query: {}, options: own, plan: planExport(own) },
    unlimited,
  );
  return readFile(output);
}

describe('an export', () => {
  it('of a manifest names each object that there is by bucket and key, as a URL spells it', async () => {
    const text = (await exported('manifest.txt', { manifest: 's3-batch' })).toString();
    expect(text).toBe(`calls,a%20b/c%2Bd/${recordings[0]?.key}\n`);
    const about = await readFile(path.join(folder, 'manifest.txt.about.json'), 'utf8');
    expect(JSON.parse(about)).toMatchObject({ rows: 1, columns: ['bucket', 'key'] });
  });

  it('is of the format that its name says', async () => {
    expect((await exported('a.parquet')).subarray(0, 4).toString()).toBe('PAR1');
    expect((await exported('a.csv')).toString()).toMatch(/^organization_id,/);
    expect((await exported('a.NDJSON')).toString()).toMatch(/^\{"type":"recording"/);
    expect((await exported('a.txt', { format: 'jsonl' })).toString()).toMatch(/^\{/);
    expect(() => planExport({ output: 'a.xlsx' })).toThrow('does not say its format');
    expect(() => planExport({ output: 'a' })).toThrow('does not say its format');
  });
});
