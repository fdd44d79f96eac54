import { type AwsJsonEndpoint, credentialsFor, serveAwsJson } from '../aws/json.ts';
import type { AwsEndpointOptions } from '../aws/endpoint.ts';
import { type SecretErrorCode, SecretRefusal } from '../aws/refusals.ts';
import { SecretStore } from './secret-store.ts';

export type { SecretErrorCode } from '../aws/refusals.ts';

export interface SecretsOptions extends AwsEndpointOptions {
  /** Values by the names of the secrets. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** What was asked, and never a value. */
export interface SecretsRequest {
  /** Name or ARN, as the caller named it. */
  readonly secretId: string;
  readonly error: SecretErrorCode | undefined;
}

export interface SecretsEndpoint extends AwsJsonEndpoint {
  /** Makes a secret, or rotates one: from now on it has another value. @returns its ARN. */
  put(name: string, value: string): string;
  /** Marks a secret for deletion. */
  remove(name: string): void;
  /** In the order they came. */
  readonly requests: readonly SecretsRequest[];
  readonly faults: {
    /** The next `times` requests are answered with `code`; default 1, `Infinity` for always. */
    add(code: SecretErrorCode, times?: number): void;
    clear(): void;
  };
}

/** Bytes; a request holds one name. */
const MAX_REQUEST_BYTES = 16_384;

const KNOWN_PARAMETERS = new Set(['SecretId', 'VersionStage']);

/**
 * Starts a small AWS Secrets Manager on 127.0.0.1, requests signed: `GetSecretValue`, and nothing else. Values are in memory.
 *
 * Known differences from AWS: a rotation is a call of {@link SecretsEndpoint.put} and takes effect at once; there are no policies
 * (a fault stands for one that denies), versions by id or binary values.
 */
export async function startSecrets(options: SecretsOptions = {}): Promise<SecretsEndpoint> {
  const now = options.now ?? Date.now;
  const credentials = credentialsFor('secretsmanager', options);
  const store = new SecretStore(credentials.region, now);
  for (const [name, value] of Object.entries(options.secrets ?? {})) store.put(name, value);
  const requests: { secretId: string; error: SecretErrorCode | undefined }[] = [];
  let faults: { readonly code: SecretErrorCode; left: number }[] = [];
  const endpoint = await serveAwsJson(
    {
      credentials,
      target: 'secretsmanager',
      version: '1.1',
      largestRequest: MAX_REQUEST_BYTES,
      isOperation: (name) => name === 'GetSecretValue',
      begin: () => {
        const entry = { secretId: '', error: undefined as SecretErrorCode | undefined };
        requests.push(entry);
        return entry;
      },
      recognise: () => {},
      perform: ({ input }, entry) => {
        const { SecretId: id, VersionStage: stage = 'AWSCURRENT' } = input;
        if (typeof id !== 'string' || typeof stage !== 'string') {
          throw new SecretRefusal('InvalidParameterException');
        }
        entry.secretId = id;
        const fault = faults.find(({ left }) => left > 0);
        if (fault !== undefined) {
          fault.left -= 1;
          throw new SecretRefusal(fault.code);
        }
        if (Object.keys(input).some((name) => !KNOWN_PARAMETERS.has(name))) {
          throw new SecretRefusal('InvalidParameterException');
        }
        return store.get(id, stage);
      },
      end: (entry, _status, refusal) => {
        entry.error = refusal?.code;
      },
    },
    options,
  );
  return {
    ...endpoint,
    put: (name, value) => store.put(name, value),
    remove: (name) => store.remove(name),
    requests,
    faults: {
      add: (code, times = 1) => void faults.push({ code, left: times }),
      clear: () => {
        faults = [];
      },
    },
  };
}
