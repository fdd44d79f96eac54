import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import type { Budget } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { type Entry, sha256Hex, sortEntries } from '../../src/proof/formats/entry.ts';
import { logKeys } from '../../src/proof/formats/log-keys.ts';
import { createLogSigner, type LogSigner } from '../../src/proof/log/signer.ts';
import type { SealingPlace } from '../../src/proof/seal/finish-seal.ts';
import type { SealSteps } from '../../src/proof/seal/seal-log.ts';
import { createReceiptSigner, type ReceiptSigner } from '../../src/record/receipt/receipt.ts';
import { aStatement } from './statement-fixture.ts';

export const ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
export const ORIGIN = `recordings.example.com/proof/${ORGANIZATION}`;

/** An Ed25519 key from a word, so that runs can be compared byte for byte. */
export function privateKeyFrom(word: string): KeyObject {
  const seed = createHash('sha256').update(word).digest();
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

export function signerFrom(word: string): ReceiptSigner {
  return createReceiptSigner(privateKeyFrom(word));
}

export const LOG_SIGNER = createLogSigner(ORIGIN, signerFrom('test vector, never use'));

export function placeIn(
  store: ObjectStore,
  signers: readonly [LogSigner, ...LogSigner[]] = [LOG_SIGNER],
): SealingPlace {
  return {
    store,
    keys: logKeys(ORGANIZATION),
    organization: ORGANIZATION,
    origin: ORIGIN,
    trusted: signers.map(({ key }) => key),
    signers,
  };
}

export const dayAt = (index: number): string =>
  new Date(Date.UTC(2026, 2, 2 + index)).toISOString().slice(0, 10);

/** A seal of one day for each of `days`, with as many receipts as it says. */
export function sealingDays(days: readonly number[], word = 'receipt'): SealSteps {
  return {
    recall: () => Promise.resolve([]),
    gather: (_head, last) => {
      const next = last === undefined ? 0 : days.findIndex((_, at) => dayAt(at) === last.statement.day) + 1;
      const count = days[next];
      if (count === undefined) return Promise.resolve(undefined);
      const day = dayAt(next);
      const entries: Entry[] = Array.from({ length: count }, (_, at) => ({
        kind: 'archived',
        day,
        sha256: sha256Hex(`${word} ${day} ${at}`),
      }));
      return Promise.resolve({
        entries: sortEntries(entries),
        keyFiles: [],
        statements: [
          ({ previous, ...log }) =>
            aStatement({
              organization: ORGANIZATION,
              day,
              log: { ...log, origin: ORIGIN, first: dayAt(0), through: day },
              ...(previous === undefined ? {} : { previous }),
            }),
        ],
      });
    },
  };
}

export interface Outage {
  /** Of the operations on the store, the one that fails: from 1. */
  readonly at: number;
  /** Whether that operation still takes place. */
  readonly isDone: boolean;
}

/** A store of a process that dies: one operation fails, and every one after it. */
export function dyingStore(
  store: ObjectStore,
  outage: Outage | undefined,
): ObjectStore & { operations(): number } {
  let count = 0;
  const die = () => new ArchiveError('STORE_UNAVAILABLE', 'the process has died');
  const guard =
    <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      count += 1;
      const mine = count;
      if (outage !== undefined && (mine > outage.at || (mine === outage.at && !outage.isDone))) throw die();
      const result = await work(...args);
      if (mine === outage?.at) throw die();
      return result;
    };
  return {
    location: store.location,
    operations: () => count,
    put: guard(store.put.bind(store)),
    head: guard(store.head.bind(store)),
    get: guard<Parameters<ObjectStore['get']>, Awaited<ReturnType<ObjectStore['get']>>>(
      store.get.bind(store),
    ),
    ...(store.replace === undefined ? {} : { replace: guard(store.replace.bind(store)) }),
    list: (prefix: string, budget: Budget) => store.list(prefix, budget),
  };
}
