import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeKeyringFile } from '../src/envelope/keys/files.ts';
import { addKey } from '../src/envelope/keys/keyring.ts';
import { parseEvent } from '../src/events/parse-event.ts';
import { type Simulator, startSimulator } from '../packages/simulator/src/simulator.ts';

const run = promisify(execFile);
const page = await readFile('docs/library.md', 'utf8');
const examples = new Map(
  [...page.matchAll(/<!-- run: ([a-z0-9-]+\.mjs) -->\n```js\n([\s\S]*?)\n```/g)].map(
    ([, name = '', code = '']) => [name, code] as const,
  ),
);

describe('the examples of docs/library.md', () => {
  let simulator: Simulator;
  let dir: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    simulator = await startSimulator({ recordings: 1 });
    // below the repository's root, where the package can import itself by its name
    await mkdir('dist', { recursive: true });
    dir = await mkdtemp(resolve('dist/library-page-'));
    await writeKeyringFile(join(dir, 'keyring.json'), addKey(undefined, 'example'));
    env = {
      PATH: process.env['PATH'] ?? '',
      ...simulator.environment(),
      ARCHIVE_STORE: `file:${join(dir, 'archive')}`,
      ARCHIVE_KEYRING_FILE: join(dir, 'keyring.json'),
      // elsewhere, where a reader looks that opens the store as its settings say
      ARCHIVE_KEY_PLACEMENT: 'records',
      ARCHIVE_KEY_RECORDS: `file:${join(dir, 'key-records')}`,
    };
    for (const [name, code] of examples) await writeFile(join(dir, name), code);
    await writeFile(join(dir, 'event.json'), JSON.stringify(simulator.event(recording().id, 'eventbridge')));
  });
  afterAll(async () => {
    await simulator.close();
    await rm(dir, { recursive: true, force: true });
  });

  const recording = () => {
    const [first] = simulator.recordings;
    if (first === undefined) throw new Error('no recording');
    return first;
  };
  const runExample = async (name: string, ...args: string[]) =>
    (await run(process.execPath, [name, ...args], { cwd: dir, env })).stdout.trim();

  it('are all run here: each block of JavaScript has a name', () => {
    expect([...examples.keys()]).toEqual(['archive.mjs', 'find.mjs', 'restore.mjs', 's3ec.mjs']);
    expect(page.match(/^```js$/gm)).toHaveLength(examples.size);
  });

  it('archive what an event names, find it, and restore the bytes of its source', async () => {
    const { id, bytes } = recording();
    expect(await runExample('archive.mjs')).toMatch(/^archived archive\/\d{4}\/\d{2}\/\d{2}\/\S+\.enc$/);
    expect(await runExample('find.mjs')).toMatch(
      new RegExp(`^\\d{4}-\\d{2}-\\d{2} ${id} ${bytes + 16}\\nkey: archive/`),
    );
    expect(await runExample('restore.mjs', id)).toContain(
      `${bytes} ${await recording().sha256()} receipt: unsigned`,
    );
    expect(await readFile(join(dir, 'call.wav'))).toHaveLength(bytes);
  });

  it('fail with the message of the error in sight, and not below a line of a hundred thousand characters', async () => {
    const ended = runExample('restore.mjs', 'no-such-recording').catch(
      (error: { stderr: string }) => error.stderr,
    );
    const lines = (await ended).split('\n');
    expect(
      lines.findIndex((line) => line.startsWith('ArchiveError: no recording no-such-recording')),
    ).toBeGreaterThan(0);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(1000);
  });

  it('seal an object of the S3 Encryption Client and open it', async () => {
    expect(await runExample('s3ec.mjs')).toBe('hello');
  });

  it('import only what the package exports', async () => {
    const manifest = JSON.parse(await readFile('package.json', 'utf8')) as {
      exports: Record<string, unknown>;
    };
    const imported = [...page.matchAll(/from '(genesys-media-archive[^']*)'/g)].map(([, name = '']) =>
      name.replace('genesys-media-archive', '.'),
    );
    expect(imported.length).toBeGreaterThan(3);
    expect(imported.filter((name) => !(name in manifest.exports))).toEqual([]);
  });
});

describe('the sample events of docs/examples', () => {
  it.each([
    [
      'conversation-event.json',
      { dialect: 'recordings', conversationId: '9f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a' },
    ],
    ['media-event.json', { dialect: 'media', mediaId: '1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9' }],
  ])('%s is understood as a request to archive', async (name, request) => {
    const parsed = parseEvent(JSON.parse(await readFile(`docs/examples/${name}`, 'utf8')));
    expect(parsed).toMatchObject({ kind: 'requests', source: 'eventbridge', requests: [request] });
    expect(await readFile('README.md', 'utf8')).toContain(`docs/examples/${name}`);
  });
});
