/** Time stamps of authorities (RFC 3161): a third party says that a checkpoint existed by a certain time. */
import { createHash, X509Certificate } from 'node:crypto';
import { RFC3161Timestamp } from '@sigstore/core';
import { ArchiveError, describeForeign } from '../errors.ts';
import { gatherBytes } from '../gather-bytes.ts';
import type { Transport } from '../http/transport.ts';
import type { Anchor, ObjectStore } from '../ports.ts';
import type { Budget } from '../clock.ts';

/** Bytes; an answer with a chain of certificates has 3 to 8 KB. */
const MAX_ANSWER_BYTES = 65_536;

/** Certificates from the signer to the one that is trusted. */
const MAX_CHAIN = 8;

/** `id-kp-timeStamping`. */
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';

/** TimeStampReq around a SHA-256: version 1, no nonce (the imprint is the checkpoint's alone), with the certificates. */
const REQUEST_HEAD = Buffer.from('30390201013031300d060960864801650304020105000420', 'hex');
const REQUEST_TAIL = Buffer.from('0101ff', 'hex');

/** Returns the 59 bytes of the request for a document. */
export function timestampRequest(document: Uint8Array): Buffer {
  return Buffer.concat([REQUEST_HEAD, createHash('sha256').update(document).digest(), REQUEST_TAIL]);
}

/** Reads certificates in PEM. @throws `CONFIG_INVALID` without one, or when one is damaged. */
export function readCertificates(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block));
  } catch {
    // reported below, without what the file holds
  }
  throw new ArchiveError('CONFIG_INVALID', 'ARCHIVE_PROOF_TSA_CA_FILE holds no certificate in PEM form');
}

/**
 * Checks an authority's answer: its imprint, its signature, that its certificate is for time stamps and was valid then, and leads to a
 * trusted one.
 *
 * @returns epoch ms of the stated time.
 * @throws `ANCHOR_REFUSED`, with what does not fit.
 */
export function checkTimestamp(
  answer: Uint8Array,
  document: Uint8Array,
  trusted: readonly X509Certificate[],
): number {
  let time: Date;
  let certificates: readonly X509Certificate[];
  let signer: X509Certificate | undefined;
  try {
    const token = RFC3161Timestamp.parse(Buffer.from(answer));
    if (token.status > 1n) throw refused(`the authority refused, with status ${token.status}`);
    time = token.signingTime;
    certificates = certificatesIn(token);
    const signs = (certificate: X509Certificate): boolean => {
      try {
        token.verify(Buffer.from(document), certificate.publicKey);
        return true;
      } catch {
        return false;
      }
    };
    signer = [...certificates, ...trusted].find(signs);
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    throw refused(`the answer is no time stamp: ${describeForeign(error)}`);
  }
  if (signer === undefined) throw refused('the time stamp is of another document, or its signature is wrong');
  if (!signer.keyUsage?.includes(TIME_STAMPING)) throw refused('the certificate is not for time stamps');
  requireChain(signer, certificates, trusted, time);
  return time.getTime();
}

function certificatesIn({ root }: RFC3161Timestamp): readonly X509Certificate[] {
  // ContentInfo, [0], SignedData; of it the certificates, [0]
  const signedData = root.subs[1]?.subs.find(({ tag }) => tag.isContextSpecific(0x00))?.subs[0];
  const list = signedData?.subs.find(({ tag }) => tag.isContextSpecific(0x00))?.subs ?? [];
  return list.flatMap((each) => {
    try {
      return [new X509Certificate(each.toDER())];
    } catch {
      return [];
    }
  });
}

function requireChain(
  signer: X509Certificate,
  certificates: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
  time: Date,
): void {
  let current = signer;
  for (let depth = 0; depth < MAX_CHAIN; depth += 1) {
    if (!isValidAt(current, time)) throw refused('a certificate was not valid at the stated time');
    if (trusted.some(({ fingerprint256 }) => fingerprint256 === current.fingerprint256)) return;
    const issues = (other: X509Certificate) =>
      other.ca && current.checkIssued(other) && current.verify(other.publicKey);
    const issuer = trusted.find(issues) ?? certificates.find(issues);
    if (issuer === undefined || issuer.fingerprint256 === current.fingerprint256) break;
    current = issuer;
  }
  throw refused('the certificate does not lead to one of ARCHIVE_PROOF_TSA_CA_FILE');
}

function isValidAt({ validFrom, validTo }: X509Certificate, time: Date): boolean {
  return Date.parse(validFrom) <= time.getTime() && time.getTime() <= Date.parse(validTo);
}

function refused(problem: string): ArchiveError {
  return new ArchiveError('ANCHOR_REFUSED', problem);
}

export interface TimestampOptions {
  readonly url: string;
  readonly trusted: readonly X509Certificate[];
  readonly transport: Transport;
  /** Where tokens are kept, and under which key: by the size of the tree and the name of the authority. */
  readonly store: ObjectStore;
  readonly keyOf: (size: number, authority: string) => string;
}

/** Has checkpoints stamped by one authority; it learns a hash and nothing else. */
export function createTimestamper({ url, trusted, transport, store, keyOf }: TimestampOptions): Anchor {
  const target = new URL(url);
  const authority = target.hostname.replaceAll(/[^a-z0-9.-]/g, '-');
  return {
    kind: 'tsa',
    name: target.host,
    async keep({ size, note }, budget) {
      const key = keyOf(size, authority);
      const document = Buffer.from(note);
      const kept = await readToken(store, key, budget);
      if (kept !== undefined) return { time: checkTimestamp(kept, document, trusted) };
      const answer = await ask(transport, target, document, budget);
      const time = checkTimestamp(answer, document, trusted);
      const options = {
        metadata: {},
        contentType: 'application/timestamp-reply',
        contentLength: answer.length,
      };
      await store.put(key, answer, options, budget);
      return { time };
    },
  };
}

async function readToken(store: ObjectStore, key: string, budget: Budget): Promise<Buffer | undefined> {
  if ((await store.head(key, budget)) === undefined) return undefined;
  const { body } = await store.get(key, budget);
  return gatherBytes(body, MAX_ANSWER_BYTES, () => refused('the stored time stamp is too large to be one'));
}

async function ask(transport: Transport, url: URL, document: Uint8Array, budget: Budget): Promise<Buffer> {
  const body = timestampRequest(document);
  const response = await transport.send({
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/timestamp-query',
      accept: 'application/timestamp-reply',
      'content-length': String(body.length),
    },
    body,
    signal: budget.signal,
    failure: 'ANCHOR_UNAVAILABLE',
  });
  if (response.status !== 200) {
    response.discard();
    throw new ArchiveError('ANCHOR_UNAVAILABLE', `${url.host} answered ${response.status}`);
  }
  return gatherBytes(response.body, MAX_ANSWER_BYTES, () =>
    refused('the answer is too large to be a time stamp'),
  );
}
