/** Secrets of AWS Secrets Manager: read when they are first needed, kept for five minutes, and read again when one was refused. */
import { abortReason, type Budget, type Clock, startBudget, waitFor } from '../clock.ts';
import { ArchiveError, type ErrorCode } from '../errors.ts';
import { withCorrectedClock } from '../aws/clock-skew.ts';
import type { RetryPolicy } from '../http/retry-timing.ts';
import { withRetry } from '../http/with-retry.ts';
import type { Logger } from '../log.ts';
import type { Proxies } from '../proxies.ts';
import { Secret } from '../secret.ts';
import { sortSecretError } from './errors.ts';
import type { ReadSecret } from './secrets-manager.ts';

export interface SecretValues {
  /**
   * The value of a secret, at most five minutes old; with `fresh` as it is now. While Secrets Manager cannot be reached, the last
   * value that was read stands in for it: a recording must not wait for a service that has nothing new to say.
   *
   * @throws `SECRET_UNAVAILABLE`, `OUT_OF_TIME` (retryable); `SECRET_DENIED`, `SECRET_MISSING`, `SECRET_INVALID` (not).
   */
  read(arn: string, budget: Budget, options?: { readonly fresh?: boolean }): Promise<Secret>;
}

export interface SecretValuesOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly proxies?: Proxies | undefined;
}

const SECRET_RETRIES: RetryPolicy = { retries: 4, baseMs: 100, capMs: 5_000, maxRetryAfterMs: 10_000 };

/** Codes of a Secrets Manager that cannot be reached, at all or at the moment. */
const UNREACHABLE: ReadonlySet<ErrorCode> = new Set(['SECRET_UNAVAILABLE', 'PROXY_REFUSED', 'TLS_UNTRUSTED']);

/** Time for one value, retries included, ms. */
const READ_MS = 30_000;

/** Makes no request, and loads the AWS SDK's part for it only when a secret is read. */
export function createSecretValues(options: SecretValuesOptions): SecretValues {
  return new KeptSecrets(options);
}

class KeptSecrets implements SecretValues {
  readonly #options: SecretValuesOptions;
  readonly #regions = new Map<string, Promise<ReadSecret>>();
  readonly #inFlight = new Map<string, Promise<Secret>>();
  readonly #last = new Map<string, Secret>();

  constructor(options: SecretValuesOptions) {
    this.#options = options;
  }

  async read(
    arn: string,
    budget: Budget,
    { fresh = false }: { readonly fresh?: boolean } = {},
  ): Promise<Secret> {
    if (budget.signal.aborted) throw abortReason(budget.signal);
    const key = `${arn} ${fresh}`;
    let work = this.#inFlight.get(key);
    if (work === undefined) {
      work = this.#fetch(arn, fresh).finally(() => this.#inFlight.delete(key));
      this.#inFlight.set(key, work);
    }
    return waitFor(work, budget.signal);
  }

  /** Owned by no caller: one that gives up must not take the value from the others. */
  async #fetch(arn: string, fresh: boolean): Promise<Secret> {
    const { clock, logger } = this.#options;
    const { budget, end } = startBudget(clock, clock.now() + READ_MS);
    const [, , , region = '', , , name = ''] = arn.split(':');
    const read = await this.#connect(region);
    const known = this.#last.get(arn);
    try {
      const value = await readPatiently(this.#options, { read, arn, fresh, name }, budget);
      if (value === undefined || value.trim() === '') {
        throw new ArchiveError('SECRET_INVALID', `secret ${name}: it is empty`);
      }
      // the same object as long as the value is the same, so that what was made of it can be kept
      const secret = known?.reveal() === value ? known : new Secret(value);
      this.#last.set(arn, secret);
      return secret;
    } catch (error) {
      if (known === undefined || !(error instanceof ArchiveError) || !UNREACHABLE.has(error.code)) {
        throw error;
      }
      logger.log('warn', 'the last value of a secret stays in force', { code: error.code, source: name });
      return known;
    } finally {
      end();
    }
  }

  #connect(region: string): Promise<ReadSecret> {
    const known = this.#regions.get(region);
    if (known !== undefined) return known;
    const connected = import('./secrets-manager.ts').then(({ connectSecretsManager }) =>
      connectSecretsManager(region, this.#options.proxies),
    );
    this.#regions.set(region, connected);
    return connected;
  }
}

interface WantedSecret {
  readonly read: ReadSecret;
  readonly arn: string;
  readonly fresh: boolean;
  /** For messages. */
  readonly name: string;
}

/** Repeats what failed for a reason that may pass, with a clock that AWS has set right. */
function readPatiently(
  { clock, logger }: SecretValuesOptions,
  { read, arn, fresh, name }: WantedSecret,
  budget: Budget,
): Promise<string | undefined> {
  const retries = { clock, logger, budget, policy: SECRET_RETRIES, what: `secret ${name}` };
  return withCorrectedClock(read.client, (correct) =>
    withRetry(retries, async () => {
      const sent = correct.begin();
      try {
        return { value: await read(arn, fresh) };
      } catch (thrown) {
        const { error, transient } = sortSecretError(thrown, name);
        const skewed = transient ? undefined : await sent.refused(thrown, error);
        if (skewed !== undefined) return skewed;
        if (!transient) throw error;
        return { again: error };
      }
    }),
  );
}
