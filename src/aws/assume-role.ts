/** Credentials of a role, for a while, under a name that CloudTrail shows: `AssumeRole` of AWS STS. */
import { createHash } from 'node:crypto';
import { type Budget, type Clock, startBudget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { readText } from '../http/read-body.ts';
import { createTransport, type Transport } from '../http/transport.ts';
import type { Proxies } from '../proxies.ts';
import { defaultCredentials } from './default-credentials.ts';
import { type AwsCredentials, signRequest } from './sigv4.ts';

/** A role that was assumed by the credentials of another one lives an hour at most. */
const ROLE_S = 3_600;
const CALL_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;

export interface AssumedRole {
  readonly credentials: Required<AwsCredentials> & { readonly sessionToken: string };
  /** Epoch ms. */
  readonly until: number;
}

export interface AssumeRoleOptions {
  readonly roleArn: string;
  readonly region: string;
  /** Where STS is asked, for emulators; without it the endpoint of the region. */
  readonly endpoint?: string | undefined;
  /** Default: where the AWS SDK finds them. */
  readonly credentials?: () => Promise<AwsCredentials>;
  readonly proxies?: Proxies | undefined;
  readonly clock: Clock;
  /** Injected in tests. */
  readonly transport?: Transport;
}

/**
 * Opens what assumes a role under the name that it is given. The call is signed here, for the SDK's client of STS would be a dependency more.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 *
 * What it gives throws `ROLE_NOT_ASSUMED` (retryable).
 */
export function openRole(
  options: AssumeRoleOptions,
): (sessionName: string, budget: Budget) => Promise<AssumedRole> {
  const { roleArn, region, clock, proxies } = options;
  const transport = options.transport ?? createTransport({ proxies });
  const url = new URL(options.endpoint ?? endpointOf(roleArn, region));
  let provider: Promise<() => Promise<AwsCredentials>> | undefined;
  return async (sessionName, { signal }) => {
    provider ??=
      options.credentials === undefined ? defaultCredentials(proxies) : Promise.resolve(options.credentials);
    const { budget, end } = startBudget(clock, clock.now() + CALL_MS);
    try {
      const form = {
        Action: 'AssumeRole',
        Version: '2011-06-15',
        RoleArn: roleArn,
        RoleSessionName: sessionName,
        DurationSeconds: String(ROLE_S),
      };
      const body = new URLSearchParams(form).toString();
      const headers = signRequest(
        {
          method: 'POST',
          path: '/',
          headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', host: url.host },
          payloadHash: createHash('sha256').update(body).digest('hex'),
          region,
          service: 'sts',
          now: clock.now(),
        },
        await (await provider)(),
      );
      const failure = 'ROLE_NOT_ASSUMED';
      const either = AbortSignal.any([signal, budget.signal]);
      const answer = await transport.send({ method: 'POST', url, headers, body, signal: either, failure });
      return readAnswer(answer.status, await readText(answer.body, MAX_ANSWER_BYTES, failure), clock.now());
    } finally {
      end();
    }
  };
}

function readAnswer(status: number, text: string, now: number): AssumedRole {
  const [, accessKeyId] = /<AccessKeyId>([\w-]{4,128})<\/AccessKeyId>/.exec(text) ?? [];
  const [, secretAccessKey] = /<SecretAccessKey>([^<\s]+)<\/SecretAccessKey>/.exec(text) ?? [];
  const [, sessionToken] = /<SessionToken>([^<\s]+)<\/SessionToken>/.exec(text) ?? [];
  const [, expiration = ''] = /<Expiration>([^<\s]+)<\/Expiration>/.exec(text) ?? [];
  if (
    status === 200 &&
    accessKeyId !== undefined &&
    secretAccessKey !== undefined &&
    sessionToken !== undefined
  ) {
    const until = Date.parse(expiration);
    return {
      credentials: { accessKeyId, secretAccessKey, sessionToken },
      until: Number.isNaN(until) ? now + ROLE_S * 1_000 : until,
    };
  }
  const [, reason = 'no credentials'] = /<Code>(\w{1,60})<\/Code>/.exec(text) ?? [];
  throw new ArchiveError('ROLE_NOT_ASSUMED', `STS answered with status ${status} (${reason})`, {
    details: { reason },
  });
}

/** What a session may be called; CloudTrail shows it with each call. */
export function roleSessionName(person: string, session: string): string {
  const own = person.replaceAll(/[^\w+=,.@-]/g, '-').slice(0, 63 - session.length);
  return `${own}-${session}`;
}

/** STS of the region: the global endpoint is in one region alone. */
function endpointOf(roleArn: string, region: string): string {
  const [, partition] = roleArn.split(':');
  return `https://sts.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}/`;
}
