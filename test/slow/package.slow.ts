import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONSUMER } from './package-consumer.ts';

const run = (program: string, args: readonly string[], cwd: string) =>
  execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** The package as it would be published, made in a copy of the checkout: packing writes to `dist/`. */
describe('the published package', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'package-'));
  const copy = path.join(dir, 'checkout');
  let tarball = '';
  beforeAll(() => {
    const kept = [
      'src',
      'packages',
      'infra',
      'web',
      'scripts',
      'docs',
      'package.json',
      'package-lock.json',
      'cdk.json',
      'LICENSE',
    ];
    const files = [...kept, 'README.md', 'CHANGELOG.md', 'SECURITY.md', 'tsconfig.json', '.npmrc'];
    run('mkdir', [copy], dir);
    run('cp', ['-r', ...files, 'tsconfig.types.json', 'tsconfig.cdk-types.json', copy], process.cwd());
    run('ln', ['-s', path.resolve('node_modules'), path.join(copy, 'node_modules')], dir);
    run('npm', ['pack', '--pack-destination', dir], copy);
    tarball = path.join(dir, 'genesys-media-archive-0.1.0.tgz');
    run('tar', ['-xzf', tarball], dir);
  }, 300_000);
  afterAll(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const file = (name: string) => path.join(dir, 'package', name);

  it('has less than 2 MB, and no source maps', () => {
    expect(statSync(tarball).size).toBeLessThan(2_000_000);
    const names = run('tar', ['-tzf', tarball], dir).trim().split('\n');
    expect(names.filter((name) => name.endsWith('.map'))).toEqual([]);
    expect(names).toContain('package/SECURITY.md');
    expect(names).toContain('package/CHANGELOG.md');
  });

  it("holds the console's page with the licence and the entry of what is bundled into it, without maps and pictures", () => {
    const page = readdirSync(file('dist/console'));
    expect(page).toEqual(expect.arrayContaining(['index.html', 'icon.svg', 'licences.txt']));
    expect(page.filter((name) => name.endsWith('.map'))).toEqual([]);
    expect(readFileSync(file('dist/console/licences.txt'), 'utf8')).toMatch(/^preact \d+\.\d+\.\d+\n[^]*MIT/);
    const { components } = JSON.parse(readFileSync(file('dist/sbom.cdx.json'), 'utf8')) as {
      components: readonly { name: string }[];
    };
    expect(components.map(({ name }) => name)).toContain('preact');
    expect(existsSync(file('docs/console.md'))).toBe(true);
    expect(existsSync(file('docs/pictures'))).toBe(false);
    expect(existsSync(file('docs/decisions'))).toBe(false);
  });

  it('holds a bill of materials (CycloneDX) of its dependencies, with their hashes', () => {
    const bom = JSON.parse(readFileSync(file('dist/sbom.cdx.json'), 'utf8')) as {
      bomFormat: string;
      components: readonly { name: string; version: string; purl: string; hashes?: readonly unknown[] }[];
    };
    expect(bom.bomFormat).toBe('CycloneDX');
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      dependencies: Record<string, string>;
    };
    for (const [name, version] of Object.entries(dependencies)) {
      const found = bom.components.find((one) => one.name === name);
      expect(found).toMatchObject({ version, purl: expect.stringContaining('pkg:npm/') as string });
      expect(found?.hashes?.length).toBeGreaterThan(0);
    }
    expect(bom.components.map(({ name }) => name)).not.toContain('vitest');
  });

  it('has types for each of its entries', () => {
    const consumer = path.join(dir, 'consumer');
    run('mkdir', ['-p', path.join(consumer, 'node_modules')], dir);
    run(
      'ln',
      ['-s', path.join(dir, 'package'), path.join(consumer, 'node_modules/genesys-media-archive')],
      dir,
    );
    for (const name of [
      '@types',
      'undici-types',
      'zod',
      'aws-cdk-lib',
      'constructs',
      '@aws-lambda-powertools',
      '@aws-sdk',
      '@smithy',
    ]) {
      run('ln', ['-s', path.resolve('node_modules', name), path.join(consumer, 'node_modules', name)], dir);
      run('mkdir', ['-p', file('node_modules')], dir);
      run('ln', ['-sfn', path.resolve('node_modules', name), path.join(file('node_modules'), name)], dir);
    }
    writeFileSync(
      path.join(consumer, 'use.mts'),
      [
        "import { createArchiver, loadConfig } from 'genesys-media-archive';",
        "import { handler } from 'genesys-media-archive/lambda';",
        "import { createEnvelopeReader } from 'genesys-media-archive/s3ec';",
        "import { GenesysMediaArchive } from 'genesys-media-archive/cdk';",
        'const config: number = loadConfig;',
        'export { createArchiver, handler, createEnvelopeReader, GenesysMediaArchive, config };',
      ].join('\n'),
    );
    const args = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--types',
      'node',
      'use.mts',
    ];
    let complaints = '';
    try {
      run(path.resolve('node_modules/.bin/tsc'), args, consumer);
    } catch (error) {
      complaints = String((error as { stdout: unknown }).stdout);
    }
    // the one mistake that was made on purpose, and nothing else: an entry without types would be `any`, or not found
    expect(complaints.match(/error TS\d+/g)).toEqual(['error TS2322']);
  });

  it.each([
    ['node16', 'node16'],
    ['esnext', 'bundler'],
  ])(
    'names every type that a program may infer, none of them any, as module %s, resolved as %s',
    (module, resolution) => {
      const consumer = path.join(dir, 'consumer');
      writeFileSync(path.join(consumer, 'package.json'), '{ "type": "module" }');
      writeFileSync(path.join(consumer, 'infer.ts'), CONSUMER);
      const strict = [
        '--strict',
        '--exactOptionalPropertyTypes',
        '--noUncheckedIndexedAccess',
        '--declaration',
      ];
      const how = [
        '--target',
        'es2023',
        '--module',
        module,
        '--moduleResolution',
        resolution,
        '--types',
        'node',
      ];
      const args = [...strict, ...how, '--skipLibCheck', 'false', '--outDir', resolution, 'infer.ts'];
      let complaints = '';
      try {
        run(path.resolve('node_modules/.bin/tsc'), args, consumer);
      } catch (error) {
        complaints = String((error as { stdout: unknown }).stdout);
      }
      expect(complaints).toBe('');
    },
  );

  it('puts genesys-archive on the PATH', () => {
    const version = run(process.execPath, [file('dist/cli.mjs'), '--version'], dir);
    expect(version).toContain('0.1.0');
    const { bin } = JSON.parse(readFileSync(file('package.json'), 'utf8')) as { bin: Record<string, string> };
    expect(bin).toEqual({ 'genesys-archive': 'dist/cli.mjs' });
    expect(readFileSync(file('dist/cli.mjs'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});
