// Bundles the command line (dist/cli.mjs), the Lambda handler (dist/lambda/archive.mjs) and the public API
// (dist/index.mjs, and of it dist/s3ec.mjs on its own), and the deployment (dist/cdk/index.mjs, its app beside it). The AWS SDK is bundled: importing it costs half as much as importing the runtime's own copy.
import { readFile, rm } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { build } from 'esbuild';

const quiet = process.argv.includes('--quiet');
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

/** Bundled CommonJS dependencies call require(); ES modules have none of their own. */
const banner = {
  js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
};

/**
 * What the Lambda function never calls is left out of it: a cold start pays for every byte. The SDK reads only its version from its
 * manifests, zod's JSON Schema is for documents, and the credentials of a function come from its environment: sources that need
 * a developer's files, a browser or another account's role pass on to the next one.
 */
const OTHER_CREDENTIALS = {
  '@aws-sdk/credential-provider-ini': 'fromIni',
  '@aws-sdk/credential-provider-login': 'fromLoginCredentials',
  '@aws-sdk/credential-provider-process': 'fromProcess',
  '@aws-sdk/credential-provider-sso': 'fromSSO',
  '@aws-sdk/credential-provider-web-identity': 'fromTokenFile',
};
const leaveOut = {
  name: 'leave-out',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^@aws-sdk\/credential-provider-/ }, ({ path }) =>
      path in OTHER_CREDENTIALS ? { path, namespace: 'no-credentials' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'no-credentials' }, ({ path }) => ({
      contents: `export const ${OTHER_CREDENTIALS[path]} = () => async () => {
        throw Object.assign(new Error('left out of this bundle'), { name: 'CredentialsProviderError', tryNextLink: true });
      };`,
      loader: 'js',
    }));
    onLoad({ filter: /[\\/]@aws-sdk[\\/].*[\\/]package\.json$/ }, async ({ path }) => {
      const { name, version } = JSON.parse(await readFile(path, 'utf8'));
      return { contents: JSON.stringify({ name, version }), loader: 'json' };
    });
    onLoad(
      { filter: /[\\/]zod[\\/].*[\\/]json-schema-processors\.js$|[\\/]to-json-schema\.js$/ },
      async ({ path }) => {
        const exported = (await readFile(path, 'utf8')).matchAll(/^export (?:const|function) (\w+)/gm);
        const names = [...exported].map(([, name]) => `export const ${name} = leftOut;`);
        return {
          contents: `const leftOut = () => { throw new Error('left out of this bundle'); };\n${names.join('\n')}\nexport { leftOut as process };`,
          loader: 'js',
        };
      },
    );
  },
};

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  mainFields: ['module', 'main'],
  outExtension: { '.js': '.mjs' },
  sourcemap: true,
  logLevel: 'warning',
  define: { PACKAGE_VERSION: JSON.stringify(version) },
};

// Tests build too, perhaps several at once: they only overwrite.
if (!quiet) await rm('dist', { recursive: true, force: true });
const jobs = [
  {
    ...common,
    banner,
    entryPoints: { archive: 'src/lambda/archive.ts' },
    outdir: 'dist/lambda',
    minify: true,
    plugins: [leaveOut],
    sourcesContent: false,
  },
  {
    ...common,
    banner: { js: `#!/usr/bin/env node\n${banner.js}` },
    entryPoints: { cli: 'src/cli/main.ts' },
    outdir: 'dist',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
  },
  {
    ...common,
    entryPoints: { index: 'src/index.ts', s3ec: 'src/s3ec.ts' },
    outdir: 'dist',
    packages: 'external',
  },
  {
    ...common,
    entryPoints: { index: 'infra/index.ts', app: 'infra/app.ts' },
    outdir: 'dist/cdk',
    packages: 'external',
  },
].filter((job) => Object.values(job.entryPoints).every((file) => existsSync(file)));
await Promise.all(jobs.map((job) => build(job)));
if (!quiet)
  console.log(
    `built ${jobs.flatMap((job) => Object.keys(job.entryPoints).map((name) => `${job.outdir}/${name}.mjs`)).join(', ')}`,
  );
