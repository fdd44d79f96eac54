/** What the package says of itself, to a reader who knows neither the program nor the archive. */

import type { CurrentVersionOf } from './current-versions.ts';
import type { CustodyStanding } from './custody.ts';

const CUSTODY: Readonly<Record<CustodyStanding, string>> = {
  entries:
    'custody.jsonl     who searched, revealed or exported these recordings through the archive, as it noted it, one entry a line',
  none: '(no custody.jsonl: the archive has no entry about access to these recordings)',
  forbidden: '(no custody.jsonl: who made this package may not read who had access)',
};

export interface ReadmeFacts {
  readonly organization: string;
  readonly origin: string;
  readonly made: string;
  readonly recordings: number;
  readonly size: number;
  readonly isDecrypted: boolean;
  readonly hasTokens: boolean;
  /** Names of those who cosigned the checkpoint. */
  readonly witnesses: readonly string[];
  /** Entries of an older checkpoint that the log is shown to continue. */
  readonly since: number | undefined;
  readonly custody: CustodyStanding;
  /** Of recordings that were archived again. */
  readonly current: readonly CurrentVersionOf[];
  readonly findings: readonly string[];
}

export function writeReadme(facts: ReadmeFacts): string {
  const { organization, origin, made, recordings, size, hasTokens, current, findings } = facts;
  return `EVIDENCE PACKAGE
================

Made ${made} from the archive of organization ${organization}.
It holds ${recordings} ${recordings === 1 ? 'recording' : 'recordings'} and what is needed to check that
  1. each is, byte for byte, what the archive stored when its receipt was issued, and
  2. each receipt has been in the archive's append-only log since the checkpoint in this package was signed${hasTokens ? ', and\n  3. the checkpoint existed at the time that a time-stamping authority put on it' : ''}.
${findings.length === 0 ? '' : `\nTHIS PACKAGE WAS MADE ALTHOUGH NOT EVERYTHING VERIFIES: see FINDINGS.txt.\n`}${
  current.length === 0
    ? ''
    : `
SEVERAL VERSIONS
What is archived is never replaced. These recordings were archived again, for the "reason" that the receipt states; readers of the
archive take the version that is named first, and each is proved by itself:
${current.map(({ name, before }) => `    ${name}  takes the place of ${before}\n`).join('')}`
}
WHAT IT DOES NOT SHOW
Genesys Cloud signs none of its answers. That the platform recorded every call, and that the archive passed on everything the
platform told it, cannot be shown by any archive; the statements in days/ say what the platform listed, when it was asked, and
what the archive held. The holder of the log’s key could have begun a second log; a time stamp, a witness, or a checkpoint that
another party kept, shows that they did not. The number of entries in the log, ${size}, tells roughly how many recordings there are.

CHECK IT
You need a POSIX shell and OpenSSL 3 ("openssl version"; macOS has LibreSSL, which cannot: install openssl@3 and put it first on the
PATH). Without a network, in a copy of this folder:

    sh verify-proof.sh

It names each recording and statement that it has verified, and ends with "OK: … files are in the log of ${size} entries" (status 0).
Every "FAIL:" names a file and what is wrong with it (1). "NOT CHECKED" says nothing about the package (2).

THREE THINGS THAT THIS FOLDER CANNOT SHOW OF ITSELF
  1. Its keys. Compare the lines "KEY:" that the script prints with what the owner of the archive has published elsewhere, or give it
     that key: sh verify-proof.sh --key LOG_PUBLIC_KEY.pem
  2. Its script. It is part of this folder: take verify-proof.sh from genesys-archive itself (docs/verify-proof.sh), or compare the two.
  3. That nothing was taken out, and the files that no signature covers: this one, certificate.txt, custody.jsonl, context/,
     transcripts/ and media/*.metadata.json. MANIFEST.sha256 lists them all, and is not signed. Its SHA-256 was shown when the package
     was made: with the one that was noted at the handover, nothing here can be changed, added or removed without being named:
     sh verify-proof.sh --manifest-sha256 HASH

To check one file: sh verify-proof.sh receipts/NAME.receipt.json LOG_PUBLIC_KEY.pem ${origin}

"not in MANIFEST.sha256" is also said of files that systems add to a folder that is looked into (.DS_Store, Thumbs.db, desktop.ini,
__MACOSX/): remove them and check again. A program that changes the ends of lines changes files: unpack the ZIP file anew.

${contentsOf(facts)}
${CHAIN}`;
}

function contentsOf({ isDecrypted, hasTokens, witnesses, since, custody }: ReadmeFacts): string {
  return `WHAT IS IN IT
    MANIFEST.sha256   SHA-256 of every other file; also readable by: sha256sum -c MANIFEST.sha256
    receipts/         the receipt of each recording (JSON), and its proof: NAME.receipt.json.tlog-proof
    days/             every statement about the days of these recordings, and its proof
    media/            ${isDecrypted ? 'the recordings, decrypted; their SHA-256 is "plaintext.sha256" of the receipt' : 'the recordings, encrypted as they are stored, with their metadata; SHA-256 is "ciphertext.sha256" of the receipt,\n                      or that of each piece of "leafBytes" bytes is in its "leaves" (of many pieces: in receipts/NAME.leaves)'}
    context/          what the platform knew of the conversation, encrypted, where the archive keeps it
    ${CUSTODY[custody]}
    transcripts/      the transcript of a recording, or that there was none (=none) or it was forbidden (=forbidden), encrypted
    checkpoint        the signed head of the log (C2SP signed note)${hasTokens ? '\n    checkpoint.*.tsr  RFC 3161 time stamps of it; openssl ts -reply -in FILE -text shows the time' : ''}${witnesses.length === 0 ? '' : `\n    checkpoint.*.cosig what witnesses signed: they saw this checkpoint, and no other history of the log (${witnesses.join(', ')})`}
${since === undefined ? '' : `    consistency/      a checkpoint of ${since} entries that the reader may have kept, and the proof that the log still begins with it\n`}    keys/             public keys, and FINGERPRINTS.txt${hasTokens ? '; tsa-ca.pem: certificates that the time stamps lead to' : ''}
    certificate.txt   a template for the person who certifies the comparison; it claims nothing
`;
}

const CHAIN = `THE CHAIN, STEP BY STEP
    recording -> SHA-256 in its receipt -> signature of the receipt (Ed25519) -> entry in the log (SHA-256 of the receipt)
    -> path to the root (RFC 6962) -> checkpoint -> signature of the log (Ed25519) -> time stamp, where there is one
Two other programs can check the same: golang.org/x/mod/sumdb/note and tlog (CheckRecord), and 40 lines of Python's standard
library; docs/proof.md of genesys-media-archive has both.
`;

export const CERTIFICATE = `CERTIFICATION OF DATA COPIED FROM AN ELECTRONIC STORAGE MEDIUM
(template; have it reviewed by counsel before use)

I, ______________________, state that
1. I am ______________________ and qualified by training or experience to compare digital identification values.
2. On ____________ I ran the commands of README.txt in this folder on the files listed in MANIFEST.sha256.
3. The SHA-256 value of each file is the one that MANIFEST.sha256 states, and the output of verify-proof.sh is attached.
4. I obtained the public keys that I compared with keys/FINGERPRINTS.txt from ______________________.

Date, signature: ______________________
`;
