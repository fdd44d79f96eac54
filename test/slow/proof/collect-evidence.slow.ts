import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import {
  collectEvidence,
  type EvidenceOptions,
  type EvidencePorts,
  MAX_RECORDINGS,
} from '../../../src/proof/evidence/collect-evidence.ts';
import { VERIFY_SCRIPT } from '../../../src/proof/evidence/verify-script.ts';
import { cosignatureOf, cosignedText } from '../../../src/proof/formats/cosignature.ts';
import {
  COSIGNATURE_TYPE,
  formatSignature,
  noteKey,
  parseNote,
  parseVkey,
} from '../../../src/proof/formats/note.ts';
import { openCheckpoint } from '../../../src/proof/log/place.ts';
import { openProver } from '../../../src/proof/prove/prove-entry.ts';
import { sealDays } from '../../../src/proof/seal-days.ts';
import { writeAccessEntry } from '../../../src/record/access-entry.ts';
import { DATE_LAYOUT } from '../../../src/record/layout.ts';
import { contextKey, receiptKey, transcriptKey } from '../../../src/record/object-key.ts';
import { putSmall } from '../../../src/record/small-object.ts';
import { idsAt } from '../../archive/sealed-archive.ts';
import { failure } from '../../failure.ts';
import { makeSealedLog, type SealedLog } from '../../proof/sealed-log.ts';
import { type MemoryPackage, memoryPackage } from './memory-package.ts';

const NOW = Date.UTC(2026, 5, 10);
/** Their receipts state hashes of pieces: in the receipt, and in a list of more than it holds. */
const PIECES = { ids: idsAt(0xf1), leafBytes: 1_000, bytes: 2_500 };
const LISTED = { ids: idsAt(0xf2), leafBytes: 1, bytes: 1_100 };
let log: SealedLog;
let ports: EvidencePorts;
let pieces: string;
let listed: string;

beforeAll(async () => {
  log = await makeSealedLog(3);
  pieces = await log.archive.add(PIECES.ids, Date.UTC(2026, 5, 1, 12), PIECES);
  listed = await log.archive.add(LISTED.ids, Date.UTC(2026, 5, 1, 12), LISTED);
  await sealDays({ ...log.ports, now: () => NOW }, {}, unlimited);
  ports = {
    store: log.archive.store,
    keys: log.archive.ports.keys,
    place: log.ports,
    prover: await openProver(log.ports, DATE_LAYOUT, unlimited),
    now: () => NOW,
  };
});

afterAll(() => log.remove());

const keyAt = (at: number) => log.archive.recordings[at]?.key ?? '';
const idOf = (key: string) => key.replace(/^.*\//, '').replace(/\.enc$/, '');
const dayOf = (key: string) => key.slice('archive/'.length, 'archive/YYYY/MM/DD'.length).replaceAll('/', '-');

async function collect(
  keys: readonly string[],
  options: EvidenceOptions = {},
  change: Partial<EvidencePorts> = {},
): Promise<MemoryPackage & { readonly findings: readonly string[]; readonly count: number }> {
  const target = memoryPackage();
  const { findings, files } = await collectEvidence(
    { ...ports, ...change },
    keys,
    { ...options, target },
    unlimited,
  );
  return Object.assign(target, { findings, count: files });
}

/** Changes the object or receipt of a recording for as long as `work` takes. */
async function damaging<T>(
  key: string,
  edit: (bytes: Buffer) => Buffer | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const file = log.archive.fileOf(key);
  const kept = await readFile(file);
  const changed = edit(Buffer.from(kept));
  await (changed === undefined ? rm(file) : writeFile(file, changed));
  try {
    return await work();
  } finally {
    await writeFile(file, kept);
  }
}

const flipLast = (bytes: Buffer): Buffer => {
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  return bytes;
};

describe('an evidence package', () => {
  it('has each recording with metadata, receipt and proof, the statements of its day, checkpoint, keys and words', async () => {
    const done: string[] = [];
    const made = await collect([keyAt(0)], { onRecording: (key) => done.push(key) });
    const [id, day] = [idOf(keyAt(0)), dayOf(keyAt(0))];
    const [keyId = ''] = [...(ports.keys?.keys() ?? [])];
    const statement = [...made.files.keys()].find((name) => /^days\/.*statement\.json$/.test(name)) ?? '';
    expect(statement).toMatch(new RegExp(`^days/${day}\\.\\d+\\.statement\\.json$`));
    expect([...made.files.keys()].sort()).toEqual(
      [
        `receipts/${id}.receipt.json`,
        `receipts/${id}.receipt.json.tlog-proof`,
        `media/${id}.enc`,
        `media/${id}.enc.metadata.json`,
        statement,
        `${statement}.tlog-proof`,
        'checkpoint',
        'keys/ORIGIN',
        'keys/log.vkey',
        'keys/log-public.pem',
        `keys/receipts-${keyId}.pem`,
        'keys/FINGERPRINTS.txt',
        'README.txt',
        'certificate.txt',
        'verify-proof.sh',
        'MANIFEST.sha256',
      ].sort(),
    );
    expect([made.count, made.findings, made.ended, done]).toEqual([16, [], ['committed'], [keyAt(0)]]);
    const stored = await readFile(log.archive.fileOf(keyAt(0)));
    expect(made.files.get(`media/${id}.enc`)?.equals(stored)).toBe(true);
    const metadata = made.text(`media/${id}.enc.metadata.json`);
    expect(metadata.endsWith('}\n')).toBe(true);
    expect(Object.keys(JSON.parse(metadata) as object).length).toBeGreaterThan(2);
    expect(made.text('checkpoint')).toBe(ports.prover.head.note);
    expect(made.text('keys/ORIGIN')).toBe(`${log.origin}\n`);
    expect(parseVkey(made.text('keys/log.vkey').trimEnd())?.vkey).toBe(log.vkey);
    expect(made.text('keys/log-public.pem')).toBe(await readFile(log.publicKeyFile, 'utf8'));
    expect(made.text(`keys/receipts-${keyId}.pem`)).toBe(log.archive.publicKeyPem);
    const raw = (pem: string) => Buffer.from(pem.split('\n')[1] ?? '', 'base64').subarray(-32);
    const print = (pem: string) => createHash('sha256').update(raw(pem)).digest('hex');
    expect(made.text('keys/FINGERPRINTS.txt')).toBe(
      [
        `log ${log.origin}`,
        `  vkey ${log.vkey}`,
        `  SHA-256 of the 32 bytes ${print(made.text('keys/log-public.pem'))}`,
        `receipts ${keyId}`,
        `  SHA-256 of the 32 bytes ${print(log.archive.publicKeyPem)}`,
        '',
      ].join('\n'),
    );
    expect(made.text('verify-proof.sh')).toBe(VERIFY_SCRIPT);
    expect(made.text('certificate.txt')).toContain('have it reviewed by counsel');
  });

  it('lists the hash of every other file, by name', async () => {
    const made = await collect([keyAt(1), keyAt(0)]);
    const lines = made.text('MANIFEST.sha256').trimEnd().split('\n');
    const names = [...made.files.keys()].filter((name) => name !== 'MANIFEST.sha256').sort();
    expect(lines).toEqual(
      names.map(
        (name) =>
          `${createHash('sha256')
            .update(made.files.get(name) ?? '')
            .digest('hex')}  ${name}`,
      ),
    );
    expect(made.text('MANIFEST.sha256').endsWith('\n')).toBe(true);
    expect(made.text('README.txt')).toContain('It holds 2 recordings and');
  });

  it('of a recording of several pieces is held to each of them, and has the list of more than a receipt holds', async () => {
    const made = await collect([pieces, listed]);
    expect(made.findings).toEqual([]);
    const list = `receipts/${idOf(listed)}.leaves`;
    expect([...made.files.keys()].filter((name) => name.endsWith('.leaves'))).toEqual([list]);
    const receipt = JSON.parse(made.text(`receipts/${idOf(listed)}.receipt.json`)) as {
      ciphertext: { leavesSha256: string; sha256?: string };
    };
    expect(receipt.ciphertext.sha256).toBeUndefined();
    expect(createHash('sha256').update(made.text(list)).digest('hex')).toBe(receipt.ciphertext.leavesSha256);
    for (const key of [pieces, listed]) {
      const error = await damaging(key, flipLast, () => failure(collect([key])));
      expect(error.code).toBe('PROOF_INVALID');
      expect(error.message).toContain(
        `the package was not made: ${idOf(key)}: the object is not the one that the receipt describes`,
      );
      expect(error.hint).toContain('--as-found');
    }
  });

  it('can leave the statements out, and then tells nothing of other recordings', async () => {
    const made = await collect([keyAt(0)], { withoutStatements: true });
    expect([...made.files.keys()].filter((name) => name.startsWith('days/'))).toEqual([]);
  });

  it('holds 1 to 1,000 recordings', async () => {
    for (const keys of [[], Array.from({ length: MAX_RECORDINGS + 1 }, () => keyAt(0))])
      expect(await failure(collect(keys))).toMatchObject({
        code: 'USAGE',
        message: `a package holds 1 to 1000 recordings, not ${keys.length}`,
      });
    expect(MAX_RECORDINGS).toBe(1_000);
    // the largest that may be: what stops it is that there is no such recording
    const most = Array.from({ length: MAX_RECORDINGS }, () => 'archive/2026/05/20/none.enc');
    expect(await failure(collect(most))).toMatchObject({ code: 'OBJECT_NOT_FOUND' });
  });

  it('is not made of what does not verify, and leaves nothing behind; as it was found it says so first', async () => {
    const key = keyAt(2);
    await damaging(key, flipLast, async () => {
      const target = memoryPackage();
      const error = await failure(collectEvidence(ports, [key], { target }, unlimited));
      expect([error.code, target.ended]).toEqual(['PROOF_INVALID', ['abandoned']]);
      const made = await collect([key], { asFound: true });
      expect(made.ended).toEqual(['committed']);
      expect(made.findings).toHaveLength(1);
      expect(made.findings[0]).toMatch(new RegExp(`^${idOf(key)}: the object is not the one`));
      expect(made.text('FINDINGS.txt')).toBe(`${made.findings.join('\n')}\n`);
      expect(made.text('README.txt')).toContain('THIS PACKAGE WAS MADE ALTHOUGH NOT EVERYTHING VERIFIES');
    });
    expect((await collect([key])).text('README.txt')).not.toContain('THIS PACKAGE WAS MADE ALTHOUGH');
  });

  it('of a recording that is gone is made only as it was found, without the recording', async () => {
    const key = keyAt(2);
    await damaging(
      key,
      () => undefined,
      async () => {
        expect(await failure(collect([key]))).toMatchObject({ code: 'OBJECT_NOT_FOUND' });
        const made = await collect([key], { asFound: true });
        expect(made.findings[0]).toContain(`${idOf(key)}: no object ${key}`);
        expect([...made.files.keys()].filter((name) => name.startsWith('media/'))).toEqual([]);
        expect([...made.files.keys()]).toContain(`receipts/${idOf(key)}.receipt.json`);
      },
    );
  });

  it('is not made, not even as it was found, when the store does not answer', async () => {
    const { store } = ports;
    for (const code of ['STORE_UNAVAILABLE', 'OUT_OF_TIME'] as const) {
      for (const unreadable of [keyAt(0), contextKey(keyAt(0))]) {
        const broken: typeof store = {
          ...store,
          head: (key, budget) =>
            key === unreadable ? Promise.reject(new ArchiveError(code, 'no')) : store.head(key, budget),
          get: (key, ...rest) =>
            key === unreadable ? Promise.reject(new ArchiveError(code, 'no')) : store.get(key, ...rest),
        };
        expect(await failure(collect([keyAt(0)], { asFound: true }, { store: broken }))).toMatchObject({
          code,
        });
      }
    }
  });

  it('names each proof that does not hold, of recordings and of their days, and equations that are broken', async () => {
    const key = keyAt(0);
    const place = { ...log.ports, origin: 'another.example.com/log' };
    const problem = 'the checkpoint is of another log';
    const error = await failure(collect([key], {}, { place }));
    expect(error.message).toBe(`the package was not made: ${idOf(key)}: ${problem}`);
    const made = await collect([key], { asFound: true }, { place });
    const statement = [...made.files.keys()].find((name) => name.endsWith('.statement.json')) ?? '';
    expect(made.findings).toEqual([`${idOf(key)}: ${problem}`, `${statement}: ${problem}`]);
    expect(made.text('FINDINGS.txt')).toBe(`${made.findings.join('\n')}\n`);
    const prover: typeof ports.prover = {
      ...ports.prover,
      day: async (...given) =>
        (await ports.prover.day(...given)).map((day) => ({
          ...day,
          statement: { ...day.statement, archive: { ...day.statement.archive, receipts: 1_000 } },
        })),
    };
    expect((await collect([key], { asFound: true }, { prover })).findings).toEqual([
      `${statement}: receipts = archived + adopted + completed + terminal`,
    ]);
  });

  it('says what of a recording was not verified', async () => {
    const key = keyAt(0);
    const keys = new Map([['0123456789abcdef', generateKeyPairSync('ed25519').publicKey]]);
    const { findings } = await collect([key], { asFound: true }, { keys });
    expect(findings).toEqual([
      `${idOf(key)}: not verified: the receipt is signed with a key that is not among those given`,
    ]);
  });

  it('has the statements of its days in their order, and access from the first of them on', async () => {
    const [early, late] = [keyAt(0), keyAt(2)];
    const entry = { v: 1, who: 'A', session: 's', n: 1, action: 'reveal', outcome: 'granted' } as const;
    const noted = { ...entry, at: `${dayOf(early)}T20:00:00.000Z`, recording: idOf(late) };
    await writeAccessEntry(log.archive.store, noted, 'cccccccccccc', unlimited);
    const made = await collect([late, early]);
    const days = [...made.files.keys()].filter((name) => name.endsWith('.statement.json'));
    expect(days.map((name) => name.slice('days/'.length, 'days/YYYY-MM-DD'.length))).toEqual([
      dayOf(early),
      dayOf(late),
    ]);
    expect(made.text('custody.jsonl').trimEnd().split('\n')).toHaveLength(1);
    expect([...(await collect([late])).files.keys()]).not.toContain('custody.jsonl');
  });

  it('says which checkpoint it continues, and who vouches for its own', async () => {
    const { keys } = log.ports;
    const { size } = ports.prover.head;
    const notes: string[] = [];
    for await (const { key } of log.archive.store.list(keys.checkpoints, unlimited)) notes.push(key);
    const note = await readFile(log.archive.fileOf(notes[0] ?? ''), 'utf8');
    const since = openCheckpoint(log.ports, note).checkpoint;
    if (since === undefined) throw new Error('no checkpoint');
    await putSmall(log.archive.store, keys.token(size, 'tsa'), Buffer.from('stamp'), unlimited);
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const witness = noteKey('witness.example.com/w', publicKey, COSIGNATURE_TYPE);
    const text = parseNote(ports.prover.head.note)?.text ?? '';
    const signed = sign(null, Buffer.from(cosignedText(text, 1_000)), privateKey);
    const line = formatSignature(cosignatureOf(witness, 1_000, signed));
    await putSmall(log.archive.store, keys.cosignature(size, witness.id), Buffer.from(line), unlimited);
    const place = { ...log.ports, witnesses: [witness] };
    const made = await collect([keyAt(0)], { since }, { place, timestampCa: 'certificates' });
    expect(made.text('checkpoint.tsa.tsr')).toBe('stamp');
    expect(made.text(`consistency/${since.size}.note`)).toBe(note);
    const words = made.text('README.txt');
    expect(words).toContain('that a time-stamping authority put on it');
    expect(words).toContain(`a checkpoint of ${since.size} entries that the reader may have kept`);
    expect(words).toContain('no other history of the log (witness.example.com/w)');
    expect(made.text(`checkpoint.${witness.id}.cosig`)).toBe(line);
    await rm(log.archive.fileOf(keys.token(size, 'tsa')));
  });

  it('of a recording that was lost at the source has the receipt that says so, and no recording', async () => {
    const proved = await ports.prover.recording(keyAt(0), unlimited);
    const receipt = { ...proved.receipt, kind: 'terminal' } as typeof proved.receipt;
    const prover = { ...ports.prover, recording: () => Promise.resolve({ ...proved, receipt }) };
    const made = await collect([keyAt(0)], {}, { prover });
    expect([...made.files.keys()].filter((name) => name.startsWith('media/'))).toEqual([]);
    expect([...made.files.keys()]).toContain(`receipts/${idOf(keyAt(0))}.receipt.json.tlog-proof`);
  });

  it('of a recording that no seal holds yet is not made', async () => {
    const ids = idsAt(0xff);
    const key = await log.archive.add(ids, Date.UTC(2026, 5, 2, 12));
    expect(await failure(collect([key]))).toMatchObject({ code: 'NOT_SEALED' });
    await rm(log.archive.fileOf(key));
    await rm(log.archive.fileOf(receiptKey(key)));
  });

  it('of a receipt that was changed after it was sealed is not made', async () => {
    await damaging(
      receiptKey(keyAt(0)),
      (bytes) => Buffer.from(bytes.toString().replace('"audio/wav"', '"audio/ogg"')),
      async () => expect(await failure(collect([keyAt(0)]))).toMatchObject({ code: 'NOT_SEALED' }),
    );
  });

  it('has context and transcript as they are stored, and refuses one that is larger than any', async () => {
    const key = keyAt(0);
    const { store } = ports;
    const [context, transcript] = [contextKey(key), transcriptKey(key, 'known')];
    await putSmall(store, context, Buffer.from('sealed context'), unlimited);
    await putSmall(store, transcript, Buffer.from('sealed transcript'), unlimited);
    const made = await collect([key]);
    expect(made.text(`context/${idOf(key)}.json.enc`)).toBe('sealed context');
    expect(made.text(`transcripts/${transcript.replace(/^.*\//, '')}`)).toBe('sealed transcript');
    expect(made.text('README.txt')).toContain('context/');
    const large: typeof store = {
      ...store,
      get: async (at, ...rest) => {
        const found = await store.get(at, ...rest);
        return at === context ? { ...found, body: twentyMegabytesAndOne() } : found;
      },
    };
    expect(await failure(collect([key], {}, { store: large }))).toMatchObject({ code: 'LOG_MALFORMED' });
    const asFound = await collect([key], { asFound: true }, { store: large });
    expect([...asFound.files.keys()]).not.toContain(`context/${idOf(key)}.json.enc`);
    expect(asFound.findings).toHaveLength(1);
    await rm(log.archive.fileOf(context));
    await rm(log.archive.fileOf(transcript));
  });

  it('can hold a recording decrypted, by its media type, with either way of decrypting', async () => {
    const key = keyAt(1);
    const { reader } = log.archive.ports;
    const made = await collect([key], {}, { reader });
    const name = `media/${idOf(key)}.wav`;
    expect([...made.files.keys()].filter((each) => each.startsWith('media/'))).toEqual([name]);
    const receipt = JSON.parse(made.text(`receipts/${idOf(key)}.receipt.json`)) as {
      plaintext: { sha256: string };
    };
    expect(
      createHash('sha256')
        .update(made.files.get(name) ?? '')
        .digest('hex'),
    ).toBe(receipt.plaintext.sha256);
    expect(made.text('README.txt')).toContain('"plaintext.sha256" of the receipt');
    const asked: string[] = [];
    const decrypt: NonNullable<EvidencePorts['decrypt']> = ({ stat }, packed) => {
      asked.push(`${stat.key} ${packed}`);
      return Promise.resolve({ name: `media/${packed}.bin`, body: Buffer.from('plain') });
    };
    const other = await collect([key], {}, { decrypt });
    expect(asked).toEqual([`${key} ${idOf(key)}`]);
    expect(other.text(`media/${idOf(key)}.bin`)).toBe('plain');
    expect(other.text('README.txt')).toContain('"plaintext.sha256" of the receipt');
    expect((await collect([key])).text('README.txt')).toContain('"ciphertext.sha256" of the receipt');
  });

  it('says who had access to its recordings, or that no entry says so, and whether that could be looked at', async () => {
    const { store } = ports;
    expect((await collect([keyAt(0)])).text('README.txt')).toContain(
      '(no custody.jsonl: the archive has no entry',
    );
    const at = '2026-06-05T10:00:00.000Z';
    const entry = { v: 1, at, who: 'A', session: 'one', action: 'reveal', outcome: 'granted' } as const;
    await writeAccessEntry(
      store,
      { ...entry, n: 1, recording: idOf(keyAt(0)).toUpperCase() },
      'aaaaaaaaaaaa',
      unlimited,
    );
    await writeAccessEntry(store, { ...entry, n: 2, recording: idOf(keyAt(1)) }, 'bbbbbbbbbbbb', unlimited);
    const made = await collect([keyAt(0)]);
    expect(
      made
        .text('custody.jsonl')
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { n: number }).n),
    ).toEqual([1]);
    expect(made.text('README.txt')).toContain('custody.jsonl     who searched');
    const denied: typeof store = {
      ...store,
      list: (prefix, budget) => {
        if (prefix === 'access/') throw new ArchiveError('STORE_DENIED', 'no');
        return store.list(prefix, budget);
      },
    };
    const blind = await collect([keyAt(0)], {}, { store: denied });
    expect(blind.text('README.txt')).toContain('(no custody.jsonl: who made this package may not read');
  });
});

async function* twentyMegabytesAndOne() {
  yield await Promise.resolve(Buffer.alloc(20 * 1024 * 1024 + 1));
}
