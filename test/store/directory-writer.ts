/**
 * A process that puts one object into a directory store, prints what came of it as JSON, and may be killed on the way. Told by
 * its environment: ROOT, KEY, BYTES, WRITER; CRASH_AT=n kills it (SIGKILL) instead of its n-th change to the file system, FAIL_AT=n
 * fails that change with an I/O error; UID gives up privileges first.
 */
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { unlimited } from '../../src/clock.ts';
import { toArchiveError } from '../../src/errors.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { bodyOf, contentOf } from './bytes.ts';

const { ROOT = '', KEY = '', BYTES = '0', WRITER = '0', CRASH_AT = '0', FAIL_AT = '0', UID } = process.env;
let changes = 0;

type Call = (...args: unknown[]) => unknown;

function count(target: object, name: string, changing: (...args: unknown[]) => boolean = () => true): void {
  const functions = target as Record<string, Call>;
  const original = functions[name];
  if (original === undefined) throw new Error(`there is no ${name}`);
  functions[name] = function counted(this: unknown, ...args) {
    if (changing(...args)) {
      changes += 1;
      if (changes === Number(CRASH_AT)) process.kill(process.pid, 'SIGKILL');
      if (changes === Number(FAIL_AT))
        return Promise.reject(Object.assign(new Error('made up'), { code: 'EIO' }));
    }
    return original.apply(this, args);
  };
}

const handle = await fs.open(process.execPath, 'r');
const handles = Object.getPrototypeOf(handle) as object;
await handle.close();
for (const name of ['write', 'writeFile', 'sync']) count(handles, name);
for (const name of ['link', 'rename', 'unlink', 'mkdir']) count(fs, name);
count(fs, 'open', (_path, flags) => flags === 'wx');
syncBuiltinESMExports();
if (UID !== undefined) process.setuid?.(Number(UID));

const store = createDirectoryStore(ROOT);
const options = { metadata: { writer: WRITER }, contentType: 'audio/wav' };
try {
  const { outcome } = await store.put(
    KEY,
    bodyOf(contentOf(Number(BYTES), Number(WRITER))),
    options,
    unlimited,
  );
  process.stdout.write(JSON.stringify({ outcome, changes }));
} catch (error) {
  const left = await fs.readdir(ROOT, { recursive: true }).catch(() => []);
  process.stdout.write(JSON.stringify({ error: toArchiveError(error), left }));
}
