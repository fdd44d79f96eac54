/**
 * What a person was granted, sealed into the address that the page is given for it: any process that has the key knows the grant, and
 * no other caller can make, change or read one. A grant is sealed only after its entry of the access log is in the store.
 */
import { hkdfSync, randomBytes } from 'node:crypto';
import * as z from 'zod';
import { parseForeignJson } from '../json.ts';
import type { Session } from './session.ts';
import { openText, sealText } from './session.ts';

const KEY_BYTES = 32;
/** An address has up to 8,192 bytes on its way through CloudFront. */
export const MAX_GRANT_LENGTH = 7_000;

const common = {
  /** Names it in the access log. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  /** Of the session that it is good for. */
  session: z.string().min(1),
  /** The name of its archive; `null` of the only one. */
  archive: z.string().min(1).nullable(),
  /** Epoch ms. */
  from: z.int(),
  until: z.int(),
};

const SCHEMAS = {
  listen: z.strictObject({
    ...common,
    recording: z.string().min(1),
    key: z.string().min(1),
    contentType: z.string().min(1),
  }),
  evidence: z.strictObject({
    ...common,
    recordings: z.array(z.string().min(1)).min(1),
    decrypted: z.boolean(),
  }),
} as const;

export type GrantKind = keyof typeof SCHEMAS;
export type SealedGrant<Kind extends GrantKind> = Readonly<z.output<(typeof SCHEMAS)[Kind]>>;

export interface GrantsSealer {
  /** For an address. */
  seal<Kind extends GrantKind>(kind: Kind, grant: SealedGrant<Kind>): string;
  /** `undefined` for what was not sealed with this key and for this kind, is over, or is another session’s: they are not told apart. */
  open<Kind extends GrantKind>(
    kind: Kind,
    value: string,
    at: { readonly session: Pick<Session, 'id'>; readonly now: number },
  ): SealedGrant<Kind> | undefined;
}

/** @param key of the sessions, 32 bytes; grants are sealed with another one that is derived of it. */
export function createGrantsSealer(key: Uint8Array): GrantsSealer {
  const own = Buffer.from(hkdfSync('sha256', key, '', 'genesys-media-archive console grants v1', KEY_BYTES));
  return {
    seal: (kind, grant) => sealText(own, JSON.stringify(grant), kind),
    open: (kind, value, { session, now }) => {
      const text = value.length > MAX_GRANT_LENGTH ? undefined : openText(own, value, kind);
      const parsed = SCHEMAS[kind].safeParse(text === undefined ? undefined : parseForeignJson(text));
      if (!parsed.success) return undefined;
      const { data: grant } = parsed;
      return grant.session === session.id && now < grant.until ? (grant as never) : undefined;
    },
  };
}

/** 128 bits. */
export const newGrantId = (): string => randomBytes(16).toString('hex');
