// Bundles the command line (dist/cli.mjs), the Lambda handler (dist/lambda/archive.mjs), a handler for each scheduled function
// (dist/lambda/verify.mjs …), and the public API
// (dist/index.mjs, and of it dist/s3ec.mjs on its own), the deployment (dist/cdk/index.mjs, its app beside it) and the console's page. The AWS SDK is
// bundled: importing it costs half as much as importing the runtime's own copy.
//
//   --quiet     prints nothing, and overwrites instead of removing dist/ first
//   --no-maps   writes no source maps, which are two thirds of the published package
import { readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';
import { buildConsole, PAGE_PACKAGES } from './build-console.mjs';
import { isPublished } from './published.mjs';

const quiet = process.argv.includes('--quiet');
const sourcemap = !process.argv.includes('--no-maps');
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
/** Credentials of an EC2 instance or of a container without a token. Those of a function with SnapStart come by `credential-provider-http`. */
const MACHINE_CREDENTIALS = `
  export const ENV_CMDS_FULL_URI = 'AWS_CONTAINER_CREDENTIALS_FULL_URI';
  export const ENV_CMDS_RELATIVE_URI = 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI';
  export const fromContainerMetadata = passOn;
  export const fromInstanceMetadata = passOn;
`;
/** No call of the function sends or receives a stream of events (`SelectObjectContent` of S3 does). */
const EVENT_STREAMS = `
  export const eventStreamSerdeProvider = () => undefined;
  export const resolveEventStreamSerdeConfig = (input) => input;
  export const EventStreamSerde = leftOut;
`;
/** JavaScript for a Node.js without OpenSSL. */
const HASHES = ['Md5Js', 'Sha1Js', 'Sha256Js'];
/** The function lists nothing and replaces nothing: its role may not. */
const OTHER_S3_CALLS = {
  list: ['listS3Objects'],
  replace: ['replaceObject', 'replaceMetadata'],
  uploads: ['listS3Uploads', 'abortS3Upload'],
};
const LEFT_OUT = `const leftOut = () => { throw new Error('left out of this bundle'); };`;
const PASS_ON = `const passOn = () => async () => {
  throw Object.assign(new Error('left out of this bundle'), { name: 'CredentialsProviderError', tryNextLink: true });
};`;
/** Tables of codes that an event never meets. */
const OF_OTHERS = /[\\/](?:catalogue|console|proof)\.ts$/;

const replacing = (onLoad) => (filter, contents) => onLoad({ filter }, () => ({ contents, loader: 'js' }));

function leaveOutOfPackages(onLoad, onResolve) {
  const replace = replacing(onLoad);
  replace(/[\\/]credential-provider-imds[\\/]dist-es[\\/]index\.js$/, `${PASS_ON}${MACHINE_CREDENTIALS}`);
  replace(/[\\/]submodules[\\/]event-streams[\\/]index\.js$/, `${LEFT_OUT}${EVENT_STREAMS}`);
  for (const name of HASHES) {
    replace(new RegExp(`[\\\\/]${name}\\.js$`), `${LEFT_OUT}export const ${name} = leftOut;`);
  }
  onResolve({ filter: /^@aws-sdk\/credential-provider-/ }, ({ path }) =>
    path in OTHER_CREDENTIALS ? { path, namespace: 'no-credentials' } : undefined,
  );
  onLoad({ filter: /./, namespace: 'no-credentials' }, ({ path }) => ({
    contents: `${PASS_ON}export const ${OTHER_CREDENTIALS[path]} = passOn;`,
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
        contents: `${LEFT_OUT}\n${names.join('\n')}\nexport { leftOut as process };`,
        loader: 'js',
      };
    },
  );
}

/** What only people do, and never an event. */
function leaveOutOfOurs(onLoad) {
  const replace = replacing(onLoad);
  for (const [file, names] of Object.entries(OTHER_S3_CALLS)) {
    const contents = names.map((name) => `export const ${name} = leftOut;`).join('');
    replace(new RegExp(`[\\\\/]src[\\\\/]store[\\\\/]s3[\\\\/]${file}\\.ts$`), LEFT_OUT + contents);
  }
  // `archive --again` is a command of a person, never of an event
  replace(/[\\/]src[\\/]archive[\\/]archive-again\.ts$/, `${LEFT_OUT}export const archiveAgain = leftOut;`);
  // what is changed at the source is a person's act, and the console is no function: the settings and codes of both are not met here
  replace(/[\\/]src[\\/]config[\\/]settings[\\/]source\.ts$/, 'export const SOURCE_SETTINGS = {};');
  replace(/[\\/]src[\\/]config[\\/]settings[\\/]console\.ts$/, 'export const CONSOLE_SETTINGS = {};');
  replace(
    /[\\/]src[\\/]config[\\/]purposes[\\/]others\.ts$/,
    `${LEFT_OUT}export const buildKeys = leftOut, buildSeal = leftOut, buildWrap = leftOut;`,
  );
  replace(/[\\/]src[\\/]error-codes[\\/]source\.ts$/, 'export const SOURCE_CODES = {};');
}

/** Texts of tables that are for documents. */
function shortenTables(onLoad) {
  // the chapter of a setting, what brought it, and its default in words are for documents
  onLoad({ filter: /[\\/]src[\\/]config[\\/]settings[\\/][a-z-]+\.ts$/ }, async ({ path }) => ({
    contents: (await readFile(path, 'utf8')).replaceAll(/^ +(?:group|since|default): '[^'\n]*',\n/gm, ''),
    loader: 'ts',
  }));
  // documents say what a code means; the function says what happened, and nothing of what only others do
  onLoad({ filter: /[\\/]src[\\/]error-codes[\\/][a-z-]+\.ts$/ }, async ({ path }) => ({
    contents: (await readFile(path, 'utf8')).replaceAll(
      OF_OTHERS.test(path)
        ? /\b(meaning|hint):\s*(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")/g
        : /\b(meaning):\s*(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")/g,
      "$1: ''",
    ),
    loader: 'ts',
  }));
}

const leaveOut = {
  name: 'leave-out',
  setup({ onLoad: onAnyLoad, onResolve, onEnd }) {
    // what has moved or was renamed would be bundled again, and only the size would tell
    const unmatched = new Set();
    const onLoad = (options, load) => {
      unmatched.add(options.filter);
      onAnyLoad(options, (args) => {
        unmatched.delete(options.filter);
        return load(args);
      });
    };
    onEnd(() => ({
      errors: [...unmatched].map((filter) => ({ text: `nothing to leave out matches ${filter}` })),
    }));
    leaveOutOfPackages(onLoad, onResolve);
    leaveOutOfOurs(onLoad);
    shortenTables(onLoad);
  },
};

/**
 * A client describes each call and each shape in a table of its own, whose keys are constants (`{ [_h]: … }`). A computed key may call
 * anything, so esbuild keeps all the tables: of S3 the 105 calls that are not imported. With the constants' values in their places it
 * keeps what is used.
 */
const namedKeys = {
  name: 'named-keys',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]@aws-sdk[\\/].*[\\/]schemas_\d+\.js$/ }, async ({ path }) => ({
      contents: nameKeys(await readFile(path, 'utf8')),
      loader: 'js',
    }));
  },
};

/**
 * KMS and Secrets Manager have 60 classes of errors between them. Without its class an error is one of the service's base class, with the
 * same name, message and status, which are all that is looked at.
 */
const baseErrors = {
  name: 'base-errors',
  setup({ onLoad }) {
    const filter = /[\\/]@aws-sdk[\\/]client-(?:kms|secrets-manager)[\\/].*[\\/]schemas_\d+\.js$/;
    onLoad({ filter }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const kept = source.replaceAll(/^n\d+_registry\.registerError\(.*\);$/gm, '');
      if (kept === source) throw new Error(`${path} registers no errors: see baseErrors`);
      return { contents: nameKeys(kept), loader: 'js' };
    });
  },
};
function nameKeys(source) {
  const constants = source.matchAll(/^const (_\w+) = ("(?:[^"\\]|\\.)*");$/gm);
  const values = new Map([...constants].map(([, name, value]) => [name, value]));
  return source.replaceAll(/\[(_\w+)\]:/g, (whole, name) => {
    const value = values.get(name);
    return value === undefined || value === '"__proto__"' ? whole : `${value}:`;
  });
}

/**
 * An ES import of a built-in module reads each of its exports, and some are getters that load much more: one of node:http the whole of
 * fetch, which takes 50 ms of CPU time on Node 22 and 60 ms on Node 24, at every start. require() reads none.
 */
const requireBuiltins = {
  name: 'require-builtins',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^node:/ }, ({ kind, path }) =>
      kind === 'require-call' ? { path, external: true } : { path, namespace: 'required' },
    );
    onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({
      contents: `module.exports = require('${path}');`,
      loader: 'js',
    }));
  },
};

/** Functions that a schedule starts, by the names of their files: nothing of them is in `archive.mjs`. */
const SCHEDULED = ['verify', 'jobs', 'catalogue', 'facts', 'seal', 'drill', 'retention'];
/** Functions whose bundles share files with those of the command line. */
const SPLIT = [...SCHEDULED, 'console'];

/** Bytes; what a cold start has to read and compile. */
const MAX_LAMBDA_BUNDLE_BYTES = 750_000;
/** Bytes of all files that the function of the console may load; most of them later, or never. */
const MAX_CONSOLE_BUNDLE_BYTES = 1_700_000;

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  mainFields: ['module', 'main'],
  outExtension: { '.js': '.mjs' },
  sourcemap,
  logLevel: 'warning',
  define: { PACKAGE_VERSION: JSON.stringify(version) },
};

// Tests build too, perhaps several at once: they only overwrite.
if (!quiet) await rm('dist', { recursive: true, force: true });
const jobs = [
  {
    ...common,
    banner,
    entryPoints: {
      cli: 'src/cli/main.ts',
      ...Object.fromEntries(SPLIT.map((name) => [`lambda/${name}`, `src/lambda/${name}.ts`])),
    },
    plugins: [namedKeys, requireBuiltins],
    outdir: 'dist',
    splitting: true,
    chunkNames: 'lambda/chunks/[name]-[hash]',
    minify: true,
    // stacks name the functions that they lead through
    keepNames: true,
  },
  {
    ...common,
    // a worker thread loads it by its name: src/cli/console/run-console.ts
    entryPoints: { 'peaks-worker': 'src/console/peaks/worker.ts' },
    outdir: 'dist',
    minify: true,
    keepNames: true,
  },
  {
    ...common,
    entryPoints: { index: 'src/index.ts', s3ec: 'src/s3ec.ts' },
    outdir: 'dist',
    packages: 'external',
    splitting: true,
    chunkNames: 'library/[name]-[hash]',
    minify: true,
    keepNames: true,
    // of an error that is not caught, Node.js prints the line that threw it
    lineLimit: 300,
  },
  {
    ...common,
    entryPoints: { index: 'infra/index.ts', app: 'infra/app.ts' },
    outdir: 'dist/cdk',
    packages: 'external',
    splitting: true,
    minify: true,
    keepNames: true,
  },
].filter((job) => Object.values(job.entryPoints).every((file) => existsSync(file)));
const results = await Promise.all([
  ...jobs.map((job) => build({ ...job, metafile: true })),
  bundleFunction('archive', [leaveOut]),
]);
const files = filesOfFunctions(results[0].metafile);
await writeFile('dist/lambda/files.json', `${JSON.stringify(files)}\n`);
const consolePage = await buildConsole();
await writeFile('dist/licences.json', `${JSON.stringify(licencesOfPublished())}\n`);
refuseDevelopmentPackages(results.flatMap(({ metafile }) => Object.keys(metafile.inputs)));
const { size } = statSync('dist/lambda/archive.mjs');
if (size > MAX_LAMBDA_BUNDLE_BYTES) {
  console.error(
    `dist/lambda/archive.mjs has ${size} bytes, and at most ${MAX_LAMBDA_BUNDLE_BYTES} are allowed: see leaveOut in scripts/build.mjs`,
  );
  process.exit(1);
}
const consoleSize = files.console.reduce((sum, file) => sum + statSync(`dist/lambda/${file}`).size, 0);
if (consoleSize > MAX_CONSOLE_BUNDLE_BYTES) {
  console.error(
    `dist/lambda/console.mjs and what it loads have ${consoleSize} bytes, and at most ${MAX_CONSOLE_BUNDLE_BYTES} are allowed`,
  );
  process.exit(1);
}
if (!quiet) {
  const built = jobs.flatMap((job) =>
    Object.keys(job.entryPoints).map((name) => `${job.outdir}/${name}.mjs`),
  );
  console.log(`built ${built.join(', ')}`);
  console.log(`dist/console: ${consolePage.page} bytes as Brotli`);
  console.log(`dist/lambda/archive.mjs: ${size} of at most ${MAX_LAMBDA_BUNDLE_BYTES} bytes`);
  console.log(`dist/lambda/console.mjs: ${consoleSize} of at most ${MAX_CONSOLE_BUNDLE_BYTES} bytes`);
}

/** By the name of a function: the files below dist/lambda/ that it imports, at its start or later. */
function filesOfFunctions({ outputs }) {
  const filesFrom = (name) => {
    const seen = new Set([name]);
    // a set hands out what is added while it is gone through
    for (const file of seen) {
      for (const { path, external } of outputs[file].imports) if (external !== true) seen.add(path);
    }
    return Array.from(seen, (file) => file.replace('dist/lambda/', '')).toSorted((one, other) =>
      one < other ? -1 : 1,
    );
  };
  return Object.fromEntries(SPLIT.map((name) => [name, filesFrom(`dist/lambda/${name}.mjs`)]));
}

/**
 * Of a module that is loaded lazily esbuild keeps everything in a bundle of one file, and only what is used where it may write several.
 * So it writes several first, in memory, and makes one file of them.
 */
async function bundleFunction(name, omissions) {
  const { outputFiles, metafile } = await build({
    ...common,
    entryPoints: { [name]: `src/lambda/${name}.ts` },
    outdir: 'dist/lambda',
    splitting: true,
    write: false,
    metafile: true,
    sourcemap: sourcemap && 'inline',
    plugins: [...omissions, baseErrors, namedKeys],
  });
  const texts = new Map(outputFiles.map(({ path, text }) => [path, text]));
  await build({
    ...common,
    banner,
    entryPoints: { [name]: join(process.cwd(), `dist/lambda/${name}.mjs`) },
    outdir: 'dist/lambda',
    allowOverwrite: true,
    minify: true,
    sourcesContent: false,
    plugins: [requireBuiltins, fromMemory(texts)],
  });
  return { metafile };
}

function fromMemory(texts) {
  return {
    name: 'from-memory',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /./ }, ({ path, resolveDir }) => {
        const file = resolve(resolveDir, path);
        return texts.has(file) ? { path: file } : undefined;
      });
      onLoad({ filter: /\.mjs$/ }, ({ path }) => ({
        contents: texts.get(path),
        loader: 'js',
        resolveDir: dirname(path),
      }));
    },
  };
}

/** Of every package that the bundles or the page may hold: those that scripts/sbom.mjs lists. The page of the console shows them. */
function licencesOfPublished() {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const found = Object.entries(packages).flatMap(([path, { version, license, ...entry }]) =>
    path.includes('node_modules/') && (isPublished(entry) || PAGE_PACKAGES.includes(nameOf(path)))
      ? [{ name: nameOf(path), version, licence: license ?? 'not stated' }]
      : [],
  );
  const once = new Map(found.map((one) => [`${one.name} ${one.version}`, one]));
  return [...once.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** What is bundled is published, so it stands in the bill of materials, which holds no development dependency. */
function refuseDevelopmentPackages(inputs) {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const bundled = inputs.flatMap(
    (input) =>
      /^node_modules\/.*node_modules\/(?:@[^/]+\/)?[^/]+|^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(
        input,
      )?.[0] ?? [],
  );
  const dev = [...new Set(bundled)].filter(
    (path) => packages[path]?.dev === true || packages[path]?.devOptional === true,
  );
  if (dev.length === 0) return;
  console.error(`bundled, and only a development dependency: ${dev.join(', ')}`);
  process.exit(1);
}
