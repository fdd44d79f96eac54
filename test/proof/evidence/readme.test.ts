import { describe, expect, it } from 'vitest';
import { type ReadmeFacts, writeReadme } from '../../../src/proof/evidence/readme.ts';

const FACTS: ReadmeFacts = {
  organization: 'the organization',
  origin: 'recordings.example.com/proof/org',
  made: '2026-06-10T00:00:00.000Z',
  recordings: 2,
  size: 4_711,
  isDecrypted: false,
  hasTokens: false,
  witnesses: [],
  since: undefined,
  custody: 'none',
  current: [],
  findings: [],
};
const PLAIN = writeReadme(FACTS);
const write = (change: Partial<ReadmeFacts>) => writeReadme({ ...FACTS, ...change });
/** The text with `added` behind `before`, and nothing else changed. */
const plainWith = (before: string, added: string) => {
  expect(PLAIN.split(before)).toHaveLength(2);
  return PLAIN.replace(before, before + added);
};

describe('the first page of a package', () => {
  it('says whose archive it is of, what it holds and what to run', () => {
    expect(PLAIN).toMatch(/^EVIDENCE PACKAGE\n=+\n\nMade 2026-06-10T00:00:00\.000Z from the archive of/);
    expect(PLAIN).toContain('organization the organization.\nIt holds 2 recordings and');
    expect(PLAIN).toContain('in this package was signed.\n\nWHAT IT DOES NOT SHOW\n');
    expect(PLAIN).toContain('entries in the log, 4711, tells');
    expect(PLAIN).toContain('are in the log of 4711 entries"');
    expect(PLAIN).toContain('LOG_PUBLIC_KEY.pem recordings.example.com/proof/org\n');
    expect(PLAIN).toContain('(C2SP signed note)\n    keys/  ');
    expect(write({ recordings: 1 })).toBe(PLAIN.replace('2 recordings', '1 recording'));
  });

  it('tells of time stamps, witnesses and an older checkpoint only where they are in it', () => {
    const stamped = plainWith(
      'in this package was signed',
      ', and\n  3. the checkpoint existed at the time that a time-stamping authority put on it',
    )
      .replace(
        '(C2SP signed note)',
        '$&\n    checkpoint.*.tsr  RFC 3161 time stamps of it; openssl ts -reply -in FILE -text shows the time',
      )
      .replace(
        'public keys, and FINGERPRINTS.txt',
        '$&; tsa-ca.pem: certificates that the time stamps lead to',
      );
    expect(write({ hasTokens: true })).toBe(stamped);
    expect(write({ witnesses: ['one', 'other'] })).toBe(
      plainWith(
        '(C2SP signed note)',
        '\n    checkpoint.*.cosig what witnesses signed: they saw this checkpoint, and no other history of the log (one, other)',
      ),
    );
    expect(write({ since: 17 })).toBe(
      plainWith(
        '(C2SP signed note)\n',
        '    consistency/      a checkpoint of 17 entries that the reader may have kept, and the proof that the log still begins with it\n',
      ),
    );
  });

  it('says before all else that not everything verifies, and which versions are read', () => {
    const signed = 'in this package was signed.\n';
    expect(write({ findings: ['one'] })).toBe(
      plainWith(signed, '\nTHIS PACKAGE WAS MADE ALTHOUGH NOT EVERYTHING VERIFIES: see FINDINGS.txt.\n'),
    );
    const current = [
      { name: 'a.v2', before: 'archive/a.enc' },
      { name: 'b.v3', before: 'archive/b.v2.enc' },
    ];
    const versions = write({ current });
    const begin = versions.indexOf('\nSEVERAL VERSIONS\n');
    const end = versions.indexOf('\nWHAT IT DOES NOT SHOW');
    expect(versions.slice(0, begin) + versions.slice(end)).toBe(PLAIN);
    expect(versions.slice(begin, end)).toMatch(
      /itself:\n {4}a\.v2 {2}takes the place of archive\/a\.enc\n {4}b\.v3 {2}takes the place of archive\/b\.v2\.enc\n$/,
    );
  });

  it('says in which form recordings are in it, and what is known of who had access', () => {
    expect(PLAIN).toContain('media/            the recordings, encrypted as they are stored');
    expect(write({ isDecrypted: true })).toContain(
      'media/            the recordings, decrypted; their SHA-256',
    );
    expect(PLAIN).toContain('    (no custody.jsonl: the archive has no entry');
    expect(write({ custody: 'forbidden' })).toContain('    (no custody.jsonl: who made this package may not');
    expect(write({ custody: 'entries' })).toContain('    custody.jsonl     who searched');
  });
});
