import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createFileTarget } from '../../../src/cli/file-target.ts';
import { unlimited } from '../../../src/clock.ts';
import { claimDirectory, claimFolder, listOwnFiles, readOwnFile } from '../../../src/serve/own-files.ts';
import { createDirectoryStore } from '../../../src/store/directory/directory-store.ts';
import { type Attack, codeOf, type Kind } from '../attack.ts';

const MAY = 'has an account on the machine and writes where everybody may';

function attack(name: string, outcome: unknown, does: (dir: string) => Promise<unknown>): Attack {
  return {
    name,
    may: MAY,
    outcome,
    attempt: async () => {
      const dir = await mkdtemp(path.join(tmpdir(), 'red-team-'));
      try {
        return await does(dir);
      } finally {
        await rm(dir, { recursive: true });
      }
    },
  };
}

export const localFiles: Kind = {
  title: 'spool and files on a machine that others use too',
  attacks: [
    attack('prepares a spool that others may write', 'USAGE', async (dir) => {
      const spool = path.join(dir, 'spool');
      await mkdir(spool);
      await chmod(spool, 0o1777);
      return codeOf(() => claimDirectory(spool));
    }),
    attack('puts a link in the place of a folder of the spool', 'USAGE', async (dir) => {
      await mkdir(path.join(dir, 'elsewhere'));
      await symlink(path.join(dir, 'elsewhere'), path.join(dir, 'queue'));
      return codeOf(() => claimFolder(path.join(dir, 'queue')));
    }),
    attack('puts a link to nothing in the place of the spool', 'USAGE', async (dir) => {
      await symlink('/nowhere/at/all', path.join(dir, 'spool'));
      return codeOf(() => claimDirectory(path.join(dir, 'spool')));
    }),
    attack('puts FIFOs into the spool, which would block their reader', 'not-a-file', async (dir) => {
      execFileSync('mkfifo', [path.join(dir, 'event.json')]);
      return readOwnFile(path.join(dir, 'event.json'));
    }),
    attack('puts a link to a secret into the spool', 'not-a-file', async (dir) => {
      await writeFile(path.join(dir, 'secret'), 'hunter2');
      await symlink(path.join(dir, 'secret'), path.join(dir, 'event.json'));
      return readOwnFile(path.join(dir, 'event.json'));
    }),
    attack('puts links, FIFOs and directories among the events', { files: [], others: 3 }, async (dir) => {
      execFileSync('mkfifo', [path.join(dir, 'a.json')]);
      await symlink('/dev/zero', path.join(dir, 'b.json'));
      await mkdir(path.join(dir, 'c.json'));
      const { files, others } = await listOwnFiles(dir);
      return { files, others: others.length };
    }),
    attack(
      'puts a link where a recording is restored',
      { code: 'OUTPUT_FAILED', victim: 'theirs' },
      async (dir) => {
        const victim = path.join(dir, 'victim');
        await writeFile(victim, 'theirs');
        await symlink(victim, path.join(dir, 'call.wav'));
        const code = await codeOf(() => createFileTarget(path.join(dir, 'call.wav'), { force: true }));
        return { code, victim: await readFile(victim, 'utf8') };
      },
    ),
    attack('reads recordings while they are restored', '600', async (dir) => {
      const old = process.umask(0);
      try {
        const target = await createFileTarget(path.join(dir, 'call.wav'), { force: false });
        await target.write(Buffer.from('a call'));
        await target.commit();
      } finally {
        process.umask(old);
      }
      return ((await stat(path.join(dir, 'call.wav'))).mode & 0o777).toString(8);
    }),
    attack('puts a FIFO in the place of the metadata of an object', 'STORE_DENIED', async (dir) => {
      const store = createDirectoryStore(dir);
      const options = { metadata: {}, contentType: 'audio/wav' };
      await store.put('archive/a.enc', Buffer.from('a'), options, unlimited);
      await rm(path.join(dir, 'archive/a.enc.metadata.json'));
      execFileSync('mkfifo', [path.join(dir, 'archive/a.enc.metadata.json')]);
      return codeOf(() => store.head('archive/a.enc', unlimited));
    }),
    attack('puts a FIFO in the place of an object', 'refused', async (dir) => {
      const store = createDirectoryStore(dir);
      await mkdir(path.join(dir, 'archive'));
      execFileSync('mkfifo', [path.join(dir, 'archive/a.enc')]);
      const code = await codeOf(() => store.get('archive/a.enc', unlimited));
      return code === 'ok' ? 'read' : 'refused';
    }),
    attack('leads a key out of the archive', ['refused', 'refused', 'refused'], (dir) => {
      const store = createDirectoryStore(path.join(dir, 'archive-root'));
      const keys = ['../outside', 'archive/../../outside', '/etc/passwd'];
      return Promise.all(
        keys.map(async (key) =>
          (await codeOf(() =>
            store.put(key, Buffer.from('x'), { metadata: {}, contentType: 'x/y' }, unlimited),
          )) === 'ok'
            ? 'written'
            : 'refused',
        ),
      );
    }),
  ],
};
