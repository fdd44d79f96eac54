import { chmod, cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runHere } from '../../cli/run-here.ts';
import { ChangedPackage } from '../../proof/changed-package.ts';
import { HAS_OPENSSL, runScript } from '../../proof/run-script.ts';
import { makeSealedLog, type SealedLog } from '../../proof/sealed-log.ts';

const SCRIPT = path.resolve('docs/verify-proof.sh');
const MANIFEST = 'MANIFEST.sha256';
let log: SealedLog;
let dir: string;
let whole: string;
let ids: readonly string[];

beforeAll(async () => {
  log = await makeSealedLog(3, 64);
  dir = await mkdtemp(path.join(tmpdir(), 'evidence-structure-'));
  whole = path.join(dir, 'whole');
  ids = log.archive.recordings.slice(0, 2).map(({ ids: { recordingId } }) => recordingId);
  expect(await runHere(['evidence', ...ids, '-o', whole], { env: log.env })).toMatchObject({ code: 0 });
}, 600_000);

afterAll(async () => {
  await log.remove();
  await rm(dir, { recursive: true });
});

const receipt = (at: number) => `receipts/${ids[at]}.receipt.json`;
const proof = (at: number) => `${receipt(at)}.tlog-proof`;
const media = (at: number) => `media/${ids[at]}.enc`;
const crlf = (text: string) => text.replaceAll('\n', '\r\n');
const STRANGER = 'aaaaaaaa-0000-4000-8000-00000000ffff';

interface Mutant {
  readonly what: string;
  readonly change: (made: ChangedPackage) => Promise<void>;
  /** What is named, by the script and by `verify-proof`. */
  readonly named: () => string;
  /** The list of hashes is made to fit. */
  readonly fits?: boolean;
}

const removed = (what: string, file: () => string, named: () => string): Mutant => ({
  what: `${what} removed`,
  change: (made) => rm(made.at(file())),
  named,
  fits: true,
});

const added = (what: string, name: string): Mutant => ({
  what: `a file added whose name ${what}`,
  change: (made) => writeFile(made.at(name), 'added'),
  named: () => name.trim().split('\n')[0] ?? '',
});

const MUTANTS: readonly Mutant[] = [
  removed(
    'a receipt',
    () => receipt(0),
    () => media(0),
  ),
  removed(
    'a proof',
    () => proof(0),
    () => receipt(0),
  ),
  removed(
    'a recording',
    () => media(0),
    () => receipt(0),
  ),
  removed(
    'the checkpoint',
    () => 'checkpoint',
    () => 'checkpoint',
  ),
  {
    what: 'the key of receipts removed',
    change: async (made) => {
      for (const name of await made.files()) if (name.startsWith('keys/receipts-')) await rm(made.at(name));
    },
    named: () => receipt(0),
    fits: true,
  },
  {
    what: 'a file removed, and its line left',
    change: (made) => rm(made.at('README.txt')),
    named: () => 'README.txt',
  },
  {
    what: 'a line removed, and its file left',
    change: (made) => made.edit(MANIFEST, (text) => text.replace(/^.* {2}README\.txt\n/m, '')),
    named: () => 'README.txt',
  },
  added('is plain', 'added.txt'),
  added('is hidden', '.hidden'),
  added('has spaces', 'two words.txt'),
  added('has a line feed', 'first\nsecond'),
  added('begins with a dash', '-r'),
  added('is that of the list, in a folder', 'media/MANIFEST.sha256'),
  {
    what: 'a receipt and what belongs to it renamed',
    change: async (made) => {
      for (const name of await made.files())
        if (name.includes(ids[0] ?? ''))
          await rename(made.at(name), made.at(name.replace(ids[0] ?? '', STRANGER)));
    },
    named: () => `receipts/${STRANGER}.receipt.json`,
    fits: true,
  },
  {
    what: 'a recording doubled under another name',
    change: (made) => cp(made.at(media(0)), made.at(`media/${STRANGER}.enc`)),
    named: () => `media/${STRANGER}.enc`,
    fits: true,
  },
  {
    what: 'a line of the list doubled',
    change: (made) => made.edit(MANIFEST, (text) => `${text}${text.split('\n')[0]}\n`),
    named: () => MANIFEST,
  },
  {
    what: 'two recordings swapped',
    change: (made) => made.swap(media(0), media(1)),
    named: () => media(0),
    fits: true,
  },
  {
    what: 'two receipts swapped',
    change: (made) => made.swap(receipt(0), receipt(1)),
    named: () => receipt(0),
    fits: true,
  },
  {
    what: 'two proofs swapped',
    change: (made) => made.swap(proof(0), proof(1)),
    named: () => receipt(0),
    fits: true,
  },
  {
    what: 'receipts and proofs swapped',
    change: async (made) => {
      await made.swap(receipt(0), receipt(1));
      await made.swap(proof(0), proof(1));
    },
    named: () => receipt(0),
    fits: true,
  },
  {
    what: 'recordings, receipts and proofs swapped',
    change: async (made) => {
      for (const name of [receipt, proof, media]) await made.swap(name(0), name(1));
    },
    named: () => receipt(0),
    fits: true,
  },
  {
    what: 'a link in the place of a file, to the same bytes',
    change: async (made) => {
      await rename(made.at(media(0)), path.join(dir, 'elsewhere'));
      await symlink(path.join(dir, 'elsewhere'), made.at(media(0)));
    },
    named: () => media(0),
  },
  {
    what: 'a link added',
    change: (made) => symlink('/etc/passwd', made.at('context')),
    named: () => 'context',
  },
  {
    what: 'a statement among the receipts',
    change: async (made) => {
      const day =
        (await made.files()).find((name) => name.startsWith('days/') && name.endsWith('.json')) ?? '';
      for (const end of ['', '.tlog-proof'])
        await cp(made.at(`${day}${end}`), made.at(`receipts/${STRANGER}.receipt.json${end}`));
    },
    named: () => `receipts/${STRANGER}.receipt.json`,
    fits: true,
  },
  ...['checkpoint', 'receipt', 'proof'].map((what): Mutant => {
    const file = () => (what === 'checkpoint' ? 'checkpoint' : what === 'receipt' ? receipt(0) : proof(0));
    return {
      what: `${what} with lines that end in CR LF`,
      change: (made) => made.edit(file(), crlf),
      named: () => (what === 'checkpoint' ? 'checkpoint' : receipt(0)),
      fits: true,
    };
  }),
  {
    what: 'the list with lines that end in CR LF',
    change: (made) => made.edit(MANIFEST, crlf),
    named: () => MANIFEST,
  },
  {
    what: 'the list without its last line feed',
    change: (made) => made.edit(MANIFEST, (text) => text.trimEnd()),
    named: () => MANIFEST,
  },
  { what: 'the list empty', change: (made) => writeFile(made.at(MANIFEST), ''), named: () => 'README.txt' },
  { what: 'no list', change: (made) => rm(made.at(MANIFEST)), named: () => MANIFEST },
];

const has = (shell: string): boolean => {
  try {
    execFileSync(shell, ['-c', ':'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
/** Those that are installed. */
const SHELLS = (
  [
    ['sh', []],
    ['dash', []],
    ['bash', ['--posix']],
    ['zsh', ['--emulate', 'sh']],
    ['busybox', ['sh']],
    ['ksh', []],
    ['mksh', []],
    ['posh', []],
    ['yash', ['-o', 'posixlycorrect']],
  ] as const
).filter(([shell]) => (shell === 'busybox' ? has('/bin/busybox') : has(shell)));

describe('an evidence package', () => {
  it.skipIf(!HAS_OPENSSL).each(SHELLS)('verifies by its script in %s %j', async (shell, options) => {
    const { code, output } = await runScript(shell, [...options, SCRIPT], whole);
    expect([code, output]).toEqual([
      0,
      expect.stringMatching(/^OK: 4 files are in the log of 14 entries\n$/m),
    ]);
  });

  it.each(MUTANTS.map((mutant) => [mutant.what, mutant] as const))(
    'is refused by its script and by verify-proof, and the file is named: %s',
    async (_what, { change, fits, named }) => {
      const made = await ChangedPackage.copyOf(whole, await mkdtemp(path.join(dir, 'case-')));
      await change(made);
      if (fits === true) await made.fit();
      const own = await runHere(['verify-proof', made.out], { env: log.env });
      expect([own.code, own.stdout]).toEqual([5, expect.stringContaining(named())]);
      for (const [shell, options] of HAS_OPENSSL ? SHELLS.slice(0, 4) : []) {
        const { code, output } = await runScript(shell, [...options, SCRIPT], made.out);
        expect([shell, code, output]).toEqual([shell, 1, expect.stringMatching(/^FAIL: /m)]);
        const lines = output.split('\n').filter((line) => line.startsWith('FAIL: '));
        expect(lines.join('\n')).toContain(named());
      }
    },
  );

  it.skipIf(!HAS_OPENSSL)(
    'is not called wrong where openssl cannot check such signatures: the script says what it needs',
    async () => {
      const bin = path.join(dir, 'bin');
      await mkdir(bin);
      const older =
        '#!/bin/sh\ncase $1 in version) echo "OpenSSL 1.1.1w  11 Sep 2023" ;; *) echo "Usage: pkeyutl -sigfile file" >&2 ;; esac\n';
      await writeFile(path.join(bin, 'openssl'), older);
      await chmod(path.join(bin, 'openssl'), 0o755);
      const { code, output } = await runScript(
        'env',
        [`PATH=${bin}:${process.env['PATH']}`, 'sh', SCRIPT],
        whole,
      );
      expect([code, output]).toEqual([
        2,
        'OpenSSL 1.1.1w  11 Sep 2023: this needs OpenSSL 3, which checks Ed25519 signatures\n',
      ]);
    },
  );
});
