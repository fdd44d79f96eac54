/**
 * People whom an Application Load Balancer signed in (`authenticate-oidc`). It states their claims in `x-amzn-oidc-data`, a JWT of its own:
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import * as z from 'zod';
import { ArchiveError } from '../../errors.ts';
import { parseForeignJson } from '../../json.ts';
import { personOf } from './person-of-claims.ts';
import type { SignOn } from './sign-on.ts';
import type { GroupGrants, SignOnFile } from './sign-on-file.ts';

const MAX_TOKEN_LENGTH = 16_384;
const MAX_KEYS = 8;
const KEY_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Other keys come with months between them; who invents names of keys must not make the console ask for each. */
const RETRY_UNKNOWN_KEY_MS = 60_000;

export interface AlbOptions {
  readonly balancer: NonNullable<SignOnFile['alb']>;
  readonly groups: GroupGrants;
  /** The text behind a URL of AWS’s public keys; `undefined` where there is no such key. @throws `PROVIDER_UNAVAILABLE`. */
  readonly fetchKey: (url: string) => Promise<string | undefined>;
  /** Epoch ms. */
  readonly now: () => number;
}

export function albSignOn({ balancer, groups, fetchKey, now }: AlbOptions): SignOn {
  const keys = new Map<string, KeyObject>();
  const unknown = new Map<string, number>();
  const keyOf = async (id: string): Promise<KeyObject> => {
    const known = keys.get(id);
    if (known !== undefined) return known;
    if (now() < (unknown.get(id) ?? 0)) throw refused('its key is not one of AWS');
    const text = await fetchKey(keyUrl(balancer.arn, id));
    if (text === undefined) {
      if (unknown.size >= MAX_KEYS) unknown.clear();
      unknown.set(id, now() + RETRY_UNKNOWN_KEY_MS);
      throw refused('its key is not one of AWS');
    }
    const key = readKey(text);
    if (keys.size >= MAX_KEYS) keys.clear();
    keys.set(id, key);
    return key;
  };
  return {
    kind: 'alb',
    identify: async ({ headers }) => {
      const token = headers['x-amzn-oidc-data'];
      if (token === undefined) throw refused('the request did not pass the load balancer');
      const { head, claims, signed, signature } = takeApart(token);
      if (head['alg'] !== 'ES256') throw refused('it is not signed with ES256');
      // these stand in the head, unlike in other tokens
      if (head['signer'] !== balancer.arn) throw refused('another load balancer signed it');
      if (head['client'] !== balancer.clientId) throw refused('it is for another client');
      if (head['iss'] !== balancer.issuer) throw refused('it is of another provider');
      const { exp, kid } = head;
      if (typeof exp !== 'number' || now() >= exp * 1_000) throw refused('it is over');
      if (typeof kid !== 'string' || !KEY_ID.test(kid)) throw refused('it names no key');
      const key = await keyOf(kid);
      if (!verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature)) {
        throw refused('its signature is wrong');
      }
      return personOf(claims, groups, balancer.groupsClaim);
    },
  };
}

/** GovCloud and China keep the keys in buckets, by AWS’s page above. */
function keyUrl(arn: string, id: string): string {
  const [, partition = '', , region = ''] = arn.split(':');
  if (partition === 'aws') return `https://public-keys.auth.elb.${region}.amazonaws.com/${id}`;
  const suffix = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  return `https://s3-${region}.${suffix}/aws-elb-public-keys-prod-${region}/${id}`;
}

/** The parts carry padding, which other JWTs have not: what was signed is the text as it came. */
function takeApart(token: string) {
  const parts = token.length > MAX_TOKEN_LENGTH ? [] : token.split('.');
  const [head = '', claims = '', signature = ''] = parts;
  if (parts.length !== 3 || !parts.every((part) => /^[A-Za-z0-9_-]+={0,2}$/.test(part))) {
    throw refused('it is no token');
  }
  return {
    head: jsonOf(head),
    claims: jsonOf(claims),
    signed: Buffer.from(`${head}.${claims}`),
    signature: Buffer.from(signature, 'base64url'),
  };
}

function jsonOf(part: string): Readonly<Record<string, unknown>> {
  const value = parseForeignJson(Buffer.from(part, 'base64url').toString('utf8'));
  const parsed = z.record(z.string(), z.unknown()).safeParse(value);
  if (!parsed.success) throw refused('it is no token');
  return parsed.data;
}

function readKey(text: string): KeyObject {
  try {
    const key = createPublicKey(text);
    if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  } catch {
    // what is no key is refused below
  }
  throw refused('its key is none');
}

function refused(why: string): ArchiveError {
  return new ArchiveError(
    'SIGN_IN_REQUIRED',
    `the load balancer’s statement of who asks is not valid: ${why}`,
  );
}
