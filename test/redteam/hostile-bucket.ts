import { createHash } from 'node:crypto';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { unlimited } from '../../src/clock.ts';
import { readKeyringFile, writeKeyringFile } from '../../src/envelope/keys/files.ts';
import { addKey } from '../../src/envelope/keys/keyring.ts';
import type { RecordingIds } from '../../src/ports.ts';
import { receiptKey } from '../../src/record/object-key.ts';
import { type Simulator } from '../../packages/simulator/src/simulator.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { runHere } from '../cli/run-here.ts';
import type { Wrap } from './attack.ts';
import { type Made, makeBucket, makeOld, type Name, readStored, type Stored } from './make-bucket.ts';

/**
 * A signed archive that the command line has made of three recordings of the simulated platform, and somebody who may put, copy,
 * change and delete every object in it. `a` and `b` are archived; `c` was seen once, and its event has still to come; `gone` has
 * a terminal receipt.
 */
export class HostileBucket {
  readonly keys: Readonly<Record<Name, string>>;
  readonly ids: Readonly<Record<Name, RecordingIds>>;
  /** Objects of earlier attempts, which the attacker has kept: of `a`, and of `c`. */
  readonly earlier: Readonly<Record<'a' | 'c', Stored>>;
  readonly #env: Readonly<Record<string, string>>;
  readonly #dir: string;
  readonly #simulator: Simulator;
  readonly #sha256: Readonly<Record<Name, string>>;

  private constructor(made: Made) {
    this.keys = made.keys;
    this.ids = made.ids;
    this.earlier = made.earlier;
    this.#env = made.env;
    this.#dir = made.dir;
    this.#simulator = made.simulator;
    this.#sha256 = made.sha256;
  }

  static async open(wrap: Wrap): Promise<HostileBucket> {
    return new HostileBucket(await makeBucket(wrap));
  }

  /** The state before any attack. */
  async reset(): Promise<void> {
    await rm(path.join(this.#dir, 'store'), { recursive: true });
    await cp(path.join(this.#dir, 'sound'), path.join(this.#dir, 'store'), {
      recursive: true,
      preserveTimestamps: true,
    });
  }

  async get(key: string): Promise<Stored> {
    return readStored(this.#root(), key);
  }

  /** Puts an object there, as S3 does it: with a checksum that fits. */
  async put(key: string, { body, metadata }: Stored): Promise<void> {
    await this.remove(key);
    await createDirectoryStore(this.#root()).put(
      key,
      body,
      { metadata: { ...metadata }, contentType: 'application/octet-stream' },
      unlimited,
    );
    await makeOld(this.#root());
  }

  /** As a file of the directory, under a name that the store itself would refuse to give. */
  async copyRaw(from: string, to: string): Promise<void> {
    for (const suffix of ['', '.metadata.json']) {
      const file = path.join(this.#root(), `${from}${suffix}`);
      await cp(file, path.join(this.#root(), `${to}${suffix}`), { force: true }).catch(() => undefined);
    }
  }

  async change(key: string, change: (stored: Stored) => Partial<Stored>): Promise<void> {
    const stored = await this.get(key);
    await this.put(key, { ...stored, ...change(stored) });
  }

  async copy(from: string, to: string): Promise<void> {
    await this.put(to, await this.get(from));
  }

  async changeReceipt(key: string, change: (text: string) => string): Promise<void> {
    await this.change(receiptKey(key), ({ body }) => ({ body: Buffer.from(change(body.toString('utf8'))) }));
  }

  async remove(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      await rm(path.join(this.#root(), key), { force: true, recursive: true });
      await rm(path.join(this.#root(), `${key}.metadata.json`), { force: true });
    }
  }

  /** @returns what `verify --all` finds of the recording, the most telling first, or `nothing`; and its exit code. */
  async verify(of: string = 'a', depth = 'full'): Promise<string> {
    const key = this.keys[of as Name] ?? of;
    const { code, records } = await this.run('verify', '--all', '--depth', depth, '--json');
    const kinds = records().flatMap((one) =>
      one['type'] === 'finding' && one['key'] === key ? [String(one['kind'])] : [],
    );
    return `${code}: ${kinds[0] ?? 'nothing'}`;
  }

  /** @returns the error code of a restore; `its own` or `another` for what it has handed out. */
  async restore(name: Name = 'a'): Promise<string> {
    const file = path.join(this.#dir, 'restored.wav');
    const result = await this.run('restore', this.ids[name].recordingId, '-o', file, '--json');
    if (result.code !== 0) return lastCode(result.stderr);
    const bytes = await readFile(file);
    await rm(file);
    return sha256(bytes) === this.#sha256[name] ? 'its own' : 'another';
  }

  /** Delivers the event again. @returns the error code, or what was done. */
  async deliver(name: Name): Promise<string> {
    return outcomeOf(await this.run('archive', ...namesOf(this.ids[name]), '--json'));
  }

  /** `archive --again`, which compares the object with what the platform serves. */
  async again(name: Name): Promise<string> {
    const { recordingId, conversationId } = this.ids[name];
    const args = ['--again', recordingId, '--interaction', conversationId, '--reason', 'red team'];
    return outcomeOf(await this.run('archive', ...args, '--json'));
  }

  /** @returns whether a receipt stands there. */
  async hasReceipt(name: Name): Promise<boolean> {
    return (await readdir(this.#root(), { recursive: true })).includes(receiptKey(this.keys[name]));
  }

  /** Gives the archive a newer wrapping key. @returns what takes it away again. */
  async rotate(): Promise<() => Promise<void>> {
    const file = path.join(this.#dir, 'keyring.json');
    const before = await readFile(file);
    await writeKeyringFile(file, addKey(await readKeyringFile(file), 'k2'), true);
    return () => writeFile(file, before);
  }

  run(...args: readonly string[]) {
    return runHere(args, { env: this.#env });
  }

  async close(): Promise<void> {
    await this.#simulator.close();
    await rm(this.#dir, { recursive: true, force: true });
  }

  #root(): string {
    return path.join(this.#dir, 'store');
  }
}

const namesOf = ({ recordingId, conversationId }: RecordingIds) => [
  '--media',
  recordingId,
  '--interaction',
  conversationId,
];

function outcomeOf({ code, stderr, records }: Awaited<ReturnType<typeof runHere>>): string {
  const [first] = records();
  if (code !== 0) return typeof first?.['code'] === 'string' ? first['code'] : lastCode(stderr);
  return first?.['stored'] === true ? 'downloaded' : 'found';
}

function lastCode(stderr: string): string {
  return String((JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '{}') as { code?: string }).code);
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Archives that the attacks of one kind share, one for each key mode. */
export function sharedBuckets() {
  const opened = new Map<Wrap, Promise<HostileBucket>>();
  return {
    /** An archive that nobody has touched yet. */
    async open(wrap: Wrap): Promise<HostileBucket> {
      const bucket = await (opened.get(wrap) ?? opened.set(wrap, HostileBucket.open(wrap)).get(wrap));
      if (bucket === undefined) throw new Error('there is none');
      await bucket.reset();
      return bucket;
    },
    async close(): Promise<void> {
      for (const bucket of opened.values()) await (await bucket).close();
      opened.clear();
    },
  };
}
