import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readLicences } from '../../src/console/read-licences.ts';

const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>;
};

describe('the licences that the console shows', () => {
  it('are those of every package that is published, and of no development package but the one of the page', async () => {
    const licences = await readLicences('dist');
    const names = licences.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining([...Object.keys(dependencies), 'preact', 'jose']));
    for (const name of ['vitest', 'typescript', 'esbuild', 'aws-cdk-lib']) expect(names).not.toContain(name);
    for (const { name, version, licence } of licences)
      expect([name, version, licence]).toEqual([
        name,
        expect.stringMatching(/^\d/),
        expect.stringMatching(/[A-Z]/),
      ]);
  });

  it('are none where the build wrote none', async () => {
    expect(await readLicences('test')).toEqual([]);
  });
});
