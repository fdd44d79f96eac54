import type { Budget, Clock } from '../clock.ts';
import { ArchiveError, describeForeign, type ErrorCode, withHint } from '../errors.ts';
import { readText } from '../http/read-body.ts';
import { parseRetryAfter, type RetryPolicy } from '../http/retry-timing.ts';
import { createTransport, type Transport } from '../http/transport.ts';
import { withRetry } from '../http/with-retry.ts';
import { parseForeignJson } from '../json.ts';
import type { Logger } from '../log.ts';
import type { Proxies } from '../proxies.ts';
import { CREDENTIALS_HINT } from './classify-error.ts';
import { clockSkewOf, skewHint } from './clock-skew.ts';
import { defaultCredentials } from './default-credentials.ts';
import { signCall } from './sign-request.ts';
import type { AwsCredentials } from './sigv4.ts';

/** What one service of AWS's JSON protocols is like. https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html */
export interface JsonService {
  /** For messages, e.g. `SQS`. */
  readonly title: string;
  /** As it stands in signatures, e.g. `sqs`. */
  readonly name: string;
  /** What stands before the operation in `x-amz-target`, e.g. `AmazonSQS`. */
  readonly target: string;
  /** Of `application/x-amz-json-`. */
  readonly version: '1.0' | '1.1';
  /** Bytes of the longest answer. */
  readonly maxAnswerBytes: number;
  readonly retries: RetryPolicy;
  readonly unavailable: ErrorCode;
  readonly denied: ErrorCode;
  /** @returns the error of an answer that is none of success. Its `details.reason` is the service's name for it. */
  sort(
    what: string,
    status: number,
    text: string,
  ): { readonly error: ArchiveError; readonly transient: boolean };
}

export interface JsonCallsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: where the AWS SDK finds them. */
  readonly credentials?: (() => Promise<AwsCredentials>) | undefined;
  readonly proxies?: Proxies | undefined;
  /** Injected in tests. */
  readonly transport?: Transport | undefined;
}

export interface JsonCall {
  readonly operation: string;
  /** Its origin alone is used. */
  readonly url: URL;
  readonly region: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export type JsonAnswer = Readonly<Record<string, unknown>>;

/**
 * Calls a service by its JSON protocol: signs each call by the service's clock, as far as that is known, and repeats what may pass. The
 * AWS SDK only finds the credentials.
 */
export class JsonCalls {
  readonly #service: JsonService;
  readonly #options: JsonCallsOptions;
  readonly #transport: Transport;
  /** ms; the service's clock before this machine's. */
  #clockOffsetMs = 0;
  #provider: Promise<() => Promise<AwsCredentials>> | undefined;

  constructor(service: JsonService, options: JsonCallsOptions) {
    this.#service = service;
    this.#options = options;
    this.#transport = options.transport ?? createTransport({ proxies: options.proxies });
  }

  close(): void {
    this.#transport.close();
  }

  /** @throws what {@link JsonService.sort} makes of a refusal; the `unavailable` and `denied` of the service; `OUT_OF_TIME`, `INTERRUPTED`. */
  async make({ operation, url, region, input }: JsonCall, budget: Budget): Promise<JsonAnswer> {
    const { clock, logger } = this.#options;
    const { title, name, target, version, retries, unavailable } = this.#service;
    const body = JSON.stringify(input);
    const what = `${title} ${operation}`;
    let corrected = false;
    return withRetry({ clock, logger, budget, policy: retries, what }, async () => {
      const credentials = await this.#findCredentials();
      const offset = this.#clockOffsetMs;
      const signedAt = clock.now() + offset;
      const headers = signCall(
        {
          host: url.host,
          headers: {
            'content-type': `application/x-amz-json-${version}`,
            'x-amz-target': `${target}.${operation}`,
          },
          body,
          region,
          service: name,
          now: signedAt,
        },
        credentials,
      );
      try {
        const answer = await this.#exchange(url, { headers, body }, budget);
        const { status, text, retryAfter } = answer;
        if (status === 200) return { value: parseObject(text) };
        const { error, transient } = this.#service.sort(what, status, text);
        const reason = String(error.details['reason']);
        const aheadMs = transient ? undefined : clockSkewOf({ ...answer, name: reason, signedAt });
        if (aheadMs !== undefined) {
          const again = withHint(error, skewHint(aheadMs + offset));
          if (corrected) throw again;
          corrected = true;
          this.#clockOffsetMs = signedAt + aheadMs - clock.now();
          return { again };
        }
        if (!transient) throw error;
        return { again: error, retryAfterMs: parseRetryAfter(retryAfter, clock.now()) };
      } catch (error) {
        const lost = error instanceof ArchiveError && error.code === unavailable;
        if (!lost || budget.signal.aborted) throw error;
        return { again: error };
      }
    });
  }

  async #findCredentials(): Promise<AwsCredentials> {
    const { credentials, proxies } = this.#options;
    this.#provider ??= credentials === undefined ? defaultCredentials(proxies) : Promise.resolve(credentials);
    try {
      return await (await this.#provider)();
    } catch (error) {
      throw new ArchiveError(
        this.#service.denied,
        `no AWS credentials were found: ${describeForeign(error)}`,
        {
          hint: CREDENTIALS_HINT,
        },
      );
    }
  }

  async #exchange(
    { origin }: URL,
    { headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
    { signal }: Budget,
  ): Promise<Exchanged> {
    const { unavailable: failure, maxAnswerBytes } = this.#service;
    const response = await this.#transport.send({
      method: 'POST',
      url: new URL('/', origin),
      headers,
      body,
      signal,
      failure,
    });
    const text = await readText(response.body, maxAnswerBytes, failure);
    const { 'retry-after': retryAfter, date, age } = response.headers;
    return { status: response.status, text, retryAfter, date, age };
  }
}

interface Exchanged {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | undefined;
  readonly date: string | undefined;
  readonly age: string | undefined;
}

/** The name of the error of an answer, without what stands before it; empty where it states none. */
export function errorNameOf(text: string): string {
  return /([A-Za-z0-9.]{1,80})$/.exec(textOf(parseObject(text)['__type']))?.[1] ?? '';
}

/** The answer of a call; empty where it is no JSON object. */
export function parseObject(text: string): JsonAnswer {
  return asObject(parseForeignJson(text));
}

export function asObject(value: unknown): JsonAnswer {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
