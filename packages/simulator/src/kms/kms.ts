import { once } from 'node:events';
import { type AwsCall, type AwsJsonEndpoint, credentialsFor, NoAnswer, serveAwsJson } from '../aws/json.ts';
import type { AwsEndpointOptions } from '../aws/endpoint.ts';
import { type KmsErrorCode, KmsRefusal } from '../aws/refusals.ts';
import { type KmsFault, type KmsFaultRule, KmsFaults } from './faults.ts';
import { KeyStore } from './keys.ts';
import { isKmsOperation, KMS_OPERATIONS, type KmsOperation } from './operations.ts';
import type { KmsInput } from './parameters.ts';

export type { KmsFault, KmsFaultRule } from './faults.ts';
export type { KmsOperation } from './operations.ts';
export type { KmsErrorCode } from '../aws/refusals.ts';

export interface KmsOptions extends AwsEndpointOptions {
  /** Keys are kept below it, each in a file of mode 0600, and are there again after a restart. Default: in memory only. */
  readonly dir?: string | undefined;
  /** Symmetric keys that are made when they do not exist; default `alias/recordings`. */
  readonly aliases?: readonly string[];
  /** Called when a request has been answered or cut off. */
  readonly onRequest?: (request: KmsRequest) => void;
  /** Asked for every authenticated request that no rule of `faults` strikes. */
  readonly fault?: (operation: KmsOperation) => KmsFault | undefined;
}

/** What was asked. Never key material, plaintext, ciphertext or the values of a context. */
export interface KmsRequest {
  /** `undefined` for what the endpoint does not know, or was not signed for. */
  readonly operation: KmsOperation | undefined;
  /** The key as the caller named it. */
  readonly keyId: string | undefined;
  /** Names of the encryption context, sorted. */
  readonly contextNames: readonly string[];
  /** 0 when no answer was sent. */
  readonly status: number;
  readonly error: KmsErrorCode | undefined;
}

type RequestEntry = { -readonly [K in keyof KmsRequest]: KmsRequest[K] };

export interface KmsEndpoint extends AwsJsonEndpoint {
  /** The latest 10,000, in the order they came. */
  readonly requests: readonly KmsRequest[];
  readonly faults: { add(rule: KmsFaultRule): void; clear(): void };
}

/** The alias of the key every endpoint has unless told otherwise. */
export const DEFAULT_ALIAS = 'alias/recordings';

/** How many requests are remembered. */
const REMEMBERED = 10_000;
/** Bytes; KMS takes ciphertexts of 6 KiB and contexts of 8 KiB. */
const MAX_REQUEST_BYTES = 65_536;

function describeInput(entry: RequestEntry, input: KmsInput): void {
  const name = input['KeyId'] ?? input['DestinationKeyId'];
  const context: unknown = input['EncryptionContext'] ?? input['DestinationEncryptionContext'] ?? {};
  entry.keyId = typeof name === 'string' ? name : undefined;
  entry.contextNames = typeof context === 'object' && context !== null ? Object.keys(context).sort() : [];
}

/**
 * Starts a small AWS KMS on 127.0.0.1: real keys and real encryption, contexts and key states enforced as KMS enforces them,
 * requests signed. What it does not have, it refuses by name.
 *
 * Known differences from AWS: there are no key policies, grants or other accounts (a fault stands for a policy that denies);
 * changes take effect at once; keys do not rotate; lists are never truncated.
 */
export async function startKms(options: KmsOptions = {}): Promise<KmsEndpoint> {
  const now = options.now ?? Date.now;
  const credentials = credentialsFor('kms', options);
  const keys = await KeyStore.open({ dir: options.dir, region: credentials.region, now });
  for (const alias of options.aliases ?? [DEFAULT_ALIAS]) {
    if (keys.byAlias(alias) === undefined) await keys.create('SYMMETRIC_DEFAULT', '', [alias]);
  }
  const faults = new KmsFaults();
  const requests: KmsRequest[] = [];

  const perform = async ({ operation, input, socket }: AwsCall<KmsOperation>, entry: RequestEntry) => {
    describeInput(entry, input);
    const fault = faults.take(operation) ?? options.fault?.(operation);
    if (fault?.kind === 'error') throw new KmsRefusal(fault.code);
    if (fault?.kind === 'reset') throw new NoAnswer();
    // The connection stays open and silent until either side gives up
    if (fault?.kind === 'stall') {
      await once(socket, 'close');
      throw new NoAnswer();
    }
    const answer = await KMS_OPERATIONS[operation]({ keys, input, now: now() });
    if (fault?.kind === 'lost-answer') throw new NoAnswer();
    return answer;
  };
  const endpoint = await serveAwsJson(
    {
      credentials,
      target: 'TrentService',
      version: '1.1',
      largestRequest: MAX_REQUEST_BYTES,
      isOperation: isKmsOperation,
      begin: () => {
        const entry: RequestEntry = {
          operation: undefined,
          keyId: undefined,
          contextNames: [],
          status: 0,
          error: undefined,
        };
        requests.push(entry);
        if (requests.length > REMEMBERED) requests.shift();
        return entry;
      },
      recognise: (entry, operation) => {
        entry.operation = operation;
      },
      perform,
      end: (entry, status, refusal) => {
        entry.status = status;
        entry.error = refusal?.code;
        options.onRequest?.(entry);
      },
    },
    options,
  );
  return { ...endpoint, requests, faults };
}
