import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * The rooms of `src/` and what each may import, besides itself. Arrows run one way: lambda, serve, cli → create/archiver → archive,
 * rekey → audit → record → ports ← genesys, envelope, store → aws → http. Archive and audit do not know each other. Root
 * files that are named in `GROUND` are what everything stands on.
 */
const GROUND = new Set([
  'aws-regions',
  'errors',
  'error-codes',
  'exit-codes',
  'for-each-of',
  'gather-bytes',
  'clock',
  'json',
  'json-places',
  'log',
  'memory',
  'present',
  'printable',
  'process-holder',
  'proxies',
  'metadata-names',
  'secret',
  'key-file',
  'key-template',
  'media-content',
  'make-directories',
  'map-ahead',
  'listen',
  'recording',
  'regions',
  'sync-directory',
  'text-file',
]);
const HEART = ['record', 'archive', 'audit', 'rekey', 'jobs', 'keep'];
const ADAPTERS = ['genesys', 'envelope', 'store'];
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  ground: [],
  ports: ['ground'],
  http: ['ground'],
  aws: ['ground', 'http'],
  record: ['ground', 'ports'],
  // of http only the pure timing policy, see below
  archive: ['ground', 'ports', 'http', 'record'],
  audit: ['ground', 'ports', 'record'],
  rekey: ['ground', 'ports', 'record', 'audit'],
  keep: ['ground', 'ports', 'record'],
  // of http only the pure timing; of node only gzip
  jobs: ['ground', 'ports', 'record', 'circuit', 'http'],
  catalogue: ['ground', 'ports', 'record'],
  // the only importer of the Parquet library
  parquet: ['ground', 'ports'],
  proof: ['ground', 'ports', 'record', 'audit'],
  backfill: ['ground', 'circuit', 'ports', 'record', 'archive', 'jobs'],
  circuit: ['ground', 'http'],
  events: ['ground', 'ports'],
  genesys: ['ground', 'ports', 'http'],
  envelope: ['ground', 'ports', 'http', 'aws'],
  store: ['ground', 'ports', 'http', 'aws'],
  s3ec: ['ground', 'ports', 'envelope'],
  config: ['ground'],
  docs: ['ground', 'config', 'record', 'audit', 'console'],
  // of the envelopes only KMS
  signing: ['ground', 'record', 'envelope'],
  'signing-keys': ['ground', 'record', 'config', 'signing'],
  queue: ['ground', 'ports', 'http', 'aws'],
  athena: ['ground', 'http', 'aws'],
  secrets: ['ground', 'http', 'aws', 'config'],
  'open-configured': [
    'ground',
    'ports',
    'record',
    'audit',
    'config',
    'secrets',
    'signing',
    'signing-keys',
    ...ADAPTERS,
  ],
  'create/archiver': [
    'ground',
    'ports',
    'http',
    ...HEART,
    'config',
    'open-configured',
    'create/companions',
    'create/media-opener',
    'create/quarantine-at-write',
    'create/writing',
    'secrets',
    ...ADAPTERS,
  ],
  'create/writing': [
    'ground',
    'ports',
    'record',
    'archive',
    'config',
    'open-configured',
    'envelope',
    'secrets',
    'signing',
    'signing-keys',
  ],
  'create/companions': ['ground', 'ports', 'archive', 'config', 'genesys'],
  'create/quarantine-at-write': ['ground', 'ports', 'record', 'archive', 'genesys'],
  'create/quarantine': ['ground', 'ports', 'record', 'audit', 'keep', 'config', 'create/archiver'],
  'create/media-opener': ['ground', 'ports', 'http', 'config', 'genesys'],
  'create/facts': [
    'ground',
    'ports',
    'http',
    'backfill',
    'config',
    'secrets',
    'create/archiver',
    ...ADAPTERS,
  ],
  'create/backfill': [
    'ground',
    'ports',
    'http',
    'record',
    'jobs',
    'backfill',
    'config',
    'secrets',
    'create/archiver',
    'create/facts',
    ...ADAPTERS,
  ],
  anchor: ['ground', 'ports', 'http'],
  'create/log': ['ground', 'ports', 'config', 'proof'],
  'create/anchors': ['ground', 'anchor', 'ports', 'http', 'config', 'proof', 'create/log', 'store'],
  'create/sealer': [
    'ground',
    'ports',
    'http',
    'record',
    'keep',
    'proof',
    'config',
    'secrets',
    'create/archiver',
    'create/anchors',
    'create/log',
    ...ADAPTERS,
  ],
  'create/console': [
    'ground',
    'aws',
    'record',
    'console',
    'config',
    'secrets',
    'create/archiver',
    'create/catalogue',
    'create/log',
  ],
  console: ['ground', 'ports', 'record', 'audit', 'catalogue', 'jobs', 'keep', 'proof'],
  index: ['ground', 'ports', ...HEART, 'config', 'create/archiver', 'events', ...ADAPTERS],
  'job-kinds': [
    'ground',
    'ports',
    'record',
    'jobs',
    'audit',
    'rekey',
    'config',
    'envelope',
    'backfill',
    'keep',
    'create/archiver',
    'create/backfill',
    'create/erasure',
    'create/source-deletion',
  ],
  // what changes anything at the source, for a person and with a client of its own
  'create/source-keeper': ['ground', 'ports', 'http', 'genesys', 'config', 'secrets'],
  'create/source-deletion': [
    'ground',
    'ports',
    'record',
    'archive',
    'audit',
    'keep',
    'proof',
    'config',
    'create/archiver',
    'create/log',
    'create/media-opener',
    'create/source-keeper',
  ],
  // the one place that opens stores for removing what is in them
  'create/erasure': [
    'ground',
    'ports',
    'record',
    'keep',
    'catalogue',
    'proof',
    'config',
    'create/archiver',
    'create/catalogue',
    'store',
  ],
  'create/platform-api': ['ground', 'http', 'genesys', 'config', 'secrets'],
  'create/gdpr-requests': ['ground', 'ports', 'record', 'genesys', 'config', 'create/platform-api'],
  'create/retention': [
    'ground',
    'ports',
    'record',
    'keep',
    'catalogue',
    'config',
    'secrets',
    'create/archiver',
    'create/catalogue',
  ],
  'create/deletion-dates': ['ground', 'genesys', 'config', 'create/platform-api'],
  'create/job-runner': [
    'ground',
    'ports',
    'record',
    'jobs',
    'job-kinds',
    'config',
    'secrets',
    'create/archiver',
  ],
  'create/catalogue-place': ['ground', 'ports', 'config', 'open-configured'],
  'create/catalogue': [
    'ground',
    'ports',
    'record',
    'keep',
    'catalogue',
    'parquet',
    'config',
    'create/archiver',
    'envelope',
  ],
  'create/drill': [
    'ground',
    'ports',
    'record',
    'keep',
    'archive',
    'proof',
    'config',
    'secrets',
    'create/archiver',
    'create/log',
  ],
  'create/verifier': [
    'ground',
    'ports',
    'record',
    'audit',
    'catalogue',
    'keep',
    'config',
    'create/archiver',
    'create/catalogue',
  ],
  lambda: [
    'ground',
    'circuit',
    'archive',
    'audit',
    'config',
    'create/archiver',
    'create/catalogue',
    'create/facts',
    'create/gdpr-requests',
    'create/retention',
    // what an update is asked and answers
    'catalogue',
    'create/verifier',
    'create/job-runner',
    'create/sealer',
    'create/drill',
    'console',
    'create/console',
    // the names of the kinds
    'job-kinds',
    'events',
    'ports',
    'queue',
    'secrets',
  ],
  serve: [
    'ground',
    'circuit',
    'jobs',
    'ports',
    'http',
    'archive',
    'config',
    'create/archiver',
    'create/catalogue',
    'create/catalogue-place',
    'create/facts',
    'create/gdpr-requests',
    'create/retention',
    'events',
    'store',
  ],
  // what speaks to a deployed stack, to look at it
  stack: ['ground', 'http', 'aws', 'config', 'queue'],
  cli: [
    'ground',
    'anchor',
    'athena',
    'circuit',
    'ports',
    'http',
    'aws',
    ...HEART,
    'backfill',
    'config',
    'docs',
    'job-kinds',
    'create/job-runner',
    'create/archiver',
    'create/backfill',
    'create/facts',
    'catalogue',
    'create/catalogue',
    'create/catalogue-place',
    'create/erasure',
    'create/gdpr-requests',
    'create/quarantine',
    'create/quarantine-at-write',
    'create/retention',
    'create/deletion-dates',
    'create/sealer',
    'create/log',
    'create/source-keeper',
    'create/source-deletion',
    'console',
    'create/console',
    'create/drill',
    'proof',
    'signing',
    'signing-keys',
    'secrets',
    'queue',
    'events',
    'serve',
    'stack',
    ...ADAPTERS,
  ],
};

/** Room names of a table cell, sorted; `heart` and `adapters` stand for several. */
function expandGroups(cell: string): string[] {
  const groups: Readonly<Record<string, readonly string[]>> = { heart: HEART, adapters: ADAPTERS, '–': [] };
  return cell
    .split(', ')
    .flatMap((name) => groups[name] ?? [name])
    .toSorted();
}

/** As seen from `src/`. */
const SIMULATOR = '../packages/simulator/';

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
  .map((name) => name.replaceAll('\\', '/'));

function roomOf(file: string): string {
  const [first = '', second = ''] = file.replace(/\.ts$/, '').split('/');
  // each file wires other rooms
  const name = first === 'create' ? `create/${second}` : first;
  return GROUND.has(name) ? 'ground' : name;
}

interface Import {
  readonly from: string;
  readonly to: string;
}

const imports: Import[] = files.flatMap((from) => importsOf(from, 'src'));

function importsOf(from: string, root: string): Import[] {
  const text = readFileSync(join(root, from), 'utf8');
  const found = text.matchAll(/^(?:import|export)\b[^;']*?from '([^']+)'|\bimport\('([^']+)'\)/gm);
  return [...found]
    .map(([, stated, lazy]) => ({ target: stated ?? lazy ?? '' }))
    .map(({ target }) => ({
      from,
      to: target.startsWith('.')
        ? relative(root, join(root, dirname(from), target)).replaceAll('\\', '/')
        : target,
    }));
}

/** What to do about an import that is not allowed. */
const MOVE =
  'move what both need below both, hand it in through a port of src/ports/, or wire it in src/create/; a new arrow changes table and MAY_IMPORT';

const isInside = (to: string) => to.startsWith('node:') || (to.endsWith('.ts') && !to.startsWith('../'));
const own = imports.filter(({ to }) => to.endsWith('.ts'));
const show = (list: readonly Import[]) => list.map(({ from, to }) => `${from} → ${to}`);

const ROOTS = ['src', 'infra', 'packages/simulator/src', 'web', 'bench'];
const MAX_FILE_LINES = 300;
const MAX_FUNCTION_LINES = 60;
/** By scripts/embed-script.mjs: it is read as docs/verify-proof.sh. */
const WRITTEN = new Set(['src/proof/evidence/verify-script.ts']);

function sourcesOf(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => /\.(?:ts|tsx|mjs)$/.test(name) && !/\.d\.m?ts$/.test(name));
}

function groupBy(names: readonly string[], of: (name: string) => string): ReadonlyMap<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const name of names) groups.set(of(name), [...(groups.get(of(name)) ?? []), name]);
  return groups;
}

const linesOf = (path: string) => readFileSync(path, 'utf8').trimEnd().split('\n').length;

/** Files of a folder whose names may begin with one word. */
const MAX_OF_NOUN = 2;
/** A verb is no subject: `read-receipt.ts` has `readReceipt`, and stands beside what it reads. Of one verb more than these are a subject. */
const MAX_OF_VERB = 4;

/** The first words of names that more files of a folder share than may. */
function sharedPrefixes(folder: string, names: readonly string[], root: string): readonly string[] {
  const groups = groupBy(names, (name) => /^_?([a-z0-9]+)/.exec(basename(name))?.[1] ?? '');
  return [...groups].flatMap(([word, group]) => {
    const nouns = group.filter((name) => !doesWhatItsNameSays(join(root, name), word));
    if (nouns.length <= MAX_OF_NOUN && group.length <= MAX_OF_VERB) return [];
    return [`${folder}: ${group.map((name) => basename(name)).join(', ')}`];
  });
}

/** Reports whether a file has a function that begins with the first word of the file's name. */
function doesWhatItsNameSays(path: string, word: string): boolean {
  const text = readFileSync(path, 'utf8');
  return new RegExp(`^export (?:async )?(?:function\\*? |const )${word}[A-Z]`, 'm').test(text);
}

describe('the architecture', () => {
  it('has no room that the rules do not know', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(own.length).toBeGreaterThan(100);
    expect(
      [...new Set(files.map(roomOf))].filter((room) => !(room in MAY_IMPORT)),
      'a new room has a row in MAY_IMPORT here and in the table of CONTRIBUTING.md; a new file that all may use joins GROUND',
    ).toEqual([]);
  });

  it('is what the table of CONTRIBUTING.md says: one row for each room, with what it may import', () => {
    const page =
      readFileSync('CONTRIBUTING.md', 'utf8').split('## Layer boundaries')[1]?.split('\n## ')[0] ?? '';
    const stated = [...page.matchAll(/^\| `([a-z0-9-]+(?:\/[a-z-]+)?)(?:\/|\.ts)` \| ([^|]*) \|/gm)].map(
      ([, room = '', targets = '']) => ({ room, may: expandGroups(targets) }),
    );
    const ruled = Object.entries(MAY_IMPORT)
      .filter(([room]) => room !== 'ground')
      .map(([room, targets]) => ({ room, may: targets.filter((target) => target !== 'ground').toSorted() }));
    const byName = (one: { room: string }, other: { room: string }) => one.room.localeCompare(other.room);
    expect(stated.toSorted(byName), 'MAY_IMPORT here and the table of CONTRIBUTING.md differ').toEqual(
      ruled.toSorted(byName),
    );
  });

  it('imports in one direction only', () => {
    const wrong = own.filter(({ from, to }) => {
      if (to.startsWith(SIMULATOR)) return false; // see below
      const [room, target] = [roomOf(from), roomOf(to)];
      return room !== target && !(MAY_IMPORT[room]?.includes(target) ?? false);
    });
    expect(show(wrong), `the table of CONTRIBUTING.md says what each room may import: ${MOVE}`).toEqual([]);
  });

  it('lets only the command line know the simulator, and the simulator nothing but itself and Node.js', () => {
    const users = own.filter(({ to }) => to.startsWith(SIMULATOR)).map(({ from }) => roomOf(from));
    expect([...new Set(users)]).toEqual(['cli']);
    const dir = 'packages/simulator/src';
    const sources = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    expect(sources.length).toBeGreaterThan(50);
    const wrong = sources.flatMap((from) => importsOf(from, dir).filter(({ to }) => !isInside(to)));
    expect(show(wrong)).toEqual([]);
  });

  it.each(['src', 'infra', 'packages/simulator/src', 'web', 'bench', 'test'])(
    '%s has no circles, not even of types',
    (root) => {
      const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
        .map((name) => name.replaceAll('\\', '/'))
        .filter((name) => /\.(?:ts|tsx|mjs)$/.test(name) && !name.endsWith('.d.ts'));
      expect(sources.length).toBeGreaterThan(20);
      const targets = new Map(sources.map((file) => [file, importsOf(file, root).map(({ to }) => to)]));
      const settled = new Set<string>();
      const circles: string[] = [];
      const follow = (file: string, trail: readonly string[]): void => {
        if (trail.includes(file)) circles.push([...trail.slice(trail.indexOf(file)), file].join(' → '));
        if (settled.has(file) || trail.includes(file)) return;
        for (const to of targets.get(file) ?? []) follow(to, [...trail, file]);
        settled.add(file);
      };
      for (const file of sources) follow(file, []);
      expect(circles).toEqual([]);
    },
  );

  it('keeps the heart free of I/O: of http only the pure timing, no SDK, no files, no network', () => {
    const heart = imports.filter(({ from }) => [...HEART, 'proof', 'catalogue'].includes(roomOf(from)));
    const wrong = heart.filter(
      ({ to }) =>
        (to.startsWith('http/') && to !== 'http/retry-timing.ts') ||
        (!to.endsWith('.ts') && !['node:crypto', 'node:stream', 'node:zlib', 'zod'].includes(to)),
    );
    expect(show(wrong)).toEqual([]);
  });

  it('knows AWS only where AWS is spoken to, and third parties only by name', () => {
    const packages = imports.filter(({ to }) => !to.endsWith('.ts') && !to.startsWith('node:'));
    const allowed: Readonly<Record<string, readonly string[]>> = {
      '@aws-sdk/client-s3': ['store', 'stack'],
      '@aws-sdk/client-kms': ['envelope', 'signing', 'stack'],
      '@aws-sdk/client-cloudformation': ['stack'],
      '@aws-sdk/client-cloudwatch': ['stack'],
      '@aws-sdk/client-lambda': ['stack'],
      '@aws-sdk/client-secrets-manager': ['secrets', 'stack'],
      '@aws-sdk/credential-provider-node': ['aws'],
      '@aws-lambda-powertools/parameters/secrets': ['secrets'],
      '@aws-lambda-powertools/logger': ['lambda'],
      '@aws-lambda-powertools/metrics': ['lambda'],
      hyparquet: ['parquet'],
      'hyparquet-writer': ['parquet'],
      '@sigstore/core': ['anchor'],
      'openid-client': ['console'],
      zod: [
        'catalogue',
        'config',
        'console',
        'docs',
        'job-kinds',
        'jobs',
        'proof',
        'record',
        'signing',
        'stack',
      ],
      commander: ['cli'],
      '@clack/prompts': ['cli'],
    };
    const wrong = packages.filter(({ from, to }) => !(allowed[to]?.includes(roomOf(from)) ?? false));
    expect(show(wrong), 'another dependency, or a room that newly uses one, joins `allowed` here').toEqual(
      [],
    );
  });

  it('reads the environment only at the doors', () => {
    const readers = files.filter((file) =>
      /^(?!\s*(?:\/\*)?\*).*process\.env/m.test(readFileSync(join('src', file), 'utf8')),
    );
    expect(
      readers.map(roomOf).filter((room) => room !== 'cli' && room !== 'lambda'),
      'process.env is read in cli/ and lambda/ alone: take the value as a setting, or as an argument',
    ).toEqual([]);
  });

  it('depends on nothing it does not use, and on nothing it must not', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
      dependencies: Record<string, string>;
      type: string;
    };
    // of `@scope/name/part` the package is the first two
    const packageOf = (to: string) =>
      to
        .split('/')
        .slice(0, to.startsWith('@') ? 2 : 1)
        .join('/');
    const used = new Set(imports.filter(({ to }) => !to.endsWith('.ts')).map(({ to }) => packageOf(to)));
    expect(Object.keys(manifest.dependencies).filter((name) => !used.has(name))).toEqual([]);
    expect(Object.keys(manifest.dependencies)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(axios|uuid|node-fetch|request)$/)]),
    );
    expect(manifest.type).toBe('module');
  });

  it('keeps the deployment apart: of the product it knows only what both agree on, and of others only CDK', () => {
    const agreed =
      /^\.\.\/src\/(?:config\/deploy\/(?:settings|file|console)|catalogue\/(?:ddl|places|schema)|proof\/formats\/log-keys|errors|present)\.ts$/;
    const deployment = sourcesOf('infra');
    expect(deployment.length).toBeGreaterThan(40);
    const wrong = deployment
      .flatMap((from) => importsOf(from, 'infra'))
      .filter(({ to }) =>
        to.endsWith('.ts')
          ? to.startsWith('../') && !agreed.test(to)
          : !/^(?:node:|aws-cdk-lib(?:\/|$)|constructs$|zod$)/.test(to),
      );
    expect(show(wrong)).toEqual([]);
    const backwards = imports.filter(({ to }) => /(?:^|\/)infra\/|aws-cdk-lib|^constructs$/.test(to));
    expect(show(backwards)).toEqual([]);
  });

  it.each(ROOTS)('%s has files that can be read in one sitting', (root) => {
    const long = sourcesOf(root).filter(
      (file) => !WRITTEN.has(`${root}/${file}`) && linesOf(join(root, file)) > MAX_FILE_LINES,
    );
    expect(long, 'a file of more than 300 lines has more than one subject: make it two').toEqual([]);
  });

  it('has functions that can be seen at once: the linter refuses longer ones, everywhere but in tests', () => {
    const { rules, overrides } = JSON.parse(readFileSync('.oxlintrc.json', 'utf8')) as {
      readonly rules: Readonly<Record<string, unknown>>;
      readonly overrides: readonly { readonly files: readonly string[]; readonly rules: object }[];
    };
    expect(rules['eslint/max-lines-per-function']).toEqual(['error', { max: MAX_FUNCTION_LINES }]);
    const exempt = overrides.filter((one) => 'eslint/max-lines-per-function' in one.rules);
    expect(exempt.flatMap((one) => one.files)).toEqual(['test/**']);
    // no file turns it off for itself
    const silenced = ROOTS.flatMap((root) => sourcesOf(root).map((file) => join(root, file))).filter((file) =>
      /(?:ox|es)lint-disable[^\n]*max-lines/.test(readFileSync(file, 'utf8')),
    );
    expect(silenced).toEqual([]);
  });

  it.each(ROOTS)('%s has a folder for each subject, in place of a prefix that files share', (root) => {
    const folders = groupBy(sourcesOf(root), dirname);
    expect(
      [...folders].flatMap(([folder, names]) => sharedPrefixes(join(root, folder), names, root)),
      'move them into a folder of that name, without the word',
    ).toEqual([]);
  });

  it.each(ROOTS)('%s leaves members out in one way: with present()', (root) => {
    const others = sourcesOf(root).filter((file) =>
      /\.\.\.\([^()]*=== undefined\s*\? \{\}/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(others, 'write ...present({ name: value }) of present.ts').toEqual([]);
  });

  it('names files in kebab-case, and none of them utils', () => {
    const odd = files.filter(
      (file) => !/^(?:[a-z0-9]+(?:-[a-z0-9]+)*\/)*_?[a-z0-9]+(?:-[a-z0-9]+)*\.ts$/.test(file),
    );
    expect(
      [...odd, ...files.filter((file) => /util|helper|misc|common/.test(file))],
      'name a file in kebab-case, for its one subject',
    ).toEqual([]);
  });
});
