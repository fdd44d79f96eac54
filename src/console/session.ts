/** Signed-in browsers. A session is sealed into its cookie, so any instance that has the key knows it; nothing is kept of it here. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import * as z from 'zod';
import { parseForeignJson } from '../json.ts';
import type { Person } from './access.ts';
import { ROLES } from './api-schema.ts';

export const SESSION_MS = 8 * 3_600_000;
export const IDLE_MS = 30 * 60_000;
/** A cookie is renewed when it is older than this. */
const RENEW_MS = 60_000;
const MAX_COOKIE_BYTES = 4_000;
const IV_BYTES = 12;
const TAG_BYTES = 16;

export interface Session extends Person {
  /** Names the session in the access log; not its secret. */
  readonly id: string;
  /** Epoch ms. */
  readonly issuedAt: number;
  readonly seenAt: number;
}

const sessionSchema = z.strictObject({
  v: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{16}$/),
  sub: z.string().min(1),
  name: z.string().min(1),
  signIn: z.enum(['launch', 'provider']),
  roles: z.array(z.enum(ROLES)),
  divisions: z.union([z.literal('*'), z.array(z.string())]),
  issuedAt: z.int(),
  seenAt: z.int(),
});

export interface SessionKeeper {
  begin(person: Person, now: number): Session;
  /** @returns the cookie's value. */
  seal(session: Session): string;
  /** `undefined` for what is no session, is changed, is over, or was signed out. */
  open(value: string, now: number): Session | undefined;
  /** The session as seen now, where its cookie must be renewed. */
  renewed(session: Session, now: number): Session | undefined;
  /** Ends a session before its time, in this process. */
  revoke(session: Session): void;
}

export interface SessionOptions {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** Epoch ms: sessions that began before are over. */
  readonly notBefore?: number;
}

export function createSessionKeeper({ key, notBefore = 0 }: SessionOptions): SessionKeeper {
  const revoked = new Map<string, number>();
  return {
    begin: ({ sub, name, signIn, roles, divisions }, now) => ({
      id: randomBytes(8).toString('hex'),
      sub,
      name,
      signIn,
      roles,
      divisions,
      issuedAt: now,
      seenAt: now,
    }),
    seal: (session) => sealText(key, JSON.stringify({ v: 1, ...session })),
    open: (value, now) => {
      const text = value.length > MAX_COOKIE_BYTES ? undefined : openText(key, value);
      const parsed = sessionSchema.safeParse(text === undefined ? undefined : parseForeignJson(text));
      if (!parsed.success) return undefined;
      const { v: _v, ...session } = parsed.data;
      const isOver =
        now >= session.issuedAt + SESSION_MS ||
        now >= session.seenAt + IDLE_MS ||
        session.issuedAt < notBefore;
      return isOver || revoked.has(session.id) ? undefined : session;
    },
    renewed: (session, now) => (now - session.seenAt < RENEW_MS ? undefined : { ...session, seenAt: now }),
    revoke: ({ id, issuedAt }) => {
      for (const [known, until] of revoked) if (until < issuedAt) revoked.delete(known);
      revoked.set(id, issuedAt + SESSION_MS);
    },
  };
}

/** When a session ends if nothing more is asked in it, epoch ms. */
export function endOfSession({ issuedAt, seenAt }: Session): number {
  return Math.min(issuedAt + SESSION_MS, seenAt + IDLE_MS);
}

/** Seals a text for {@link openText}. @param key 32 bytes. @param purpose for which alone it is opened again. */
export function sealText(key: Uint8Array, text: string, purpose = ''): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(purpose));
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, body, cipher.getAuthTag()]).toString('base64url');
}

/** `undefined` for what {@link sealText} did not seal with this key for this purpose. */
export function openText(key: Uint8Array, value: string, purpose = ''): string | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(value)) return undefined;
  const bytes = Buffer.from(value, 'base64url');
  if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(purpose));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const text = decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES));
    return Buffer.concat([text, decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

export interface CookieOptions {
  /** In its name, because all ports of a host share their cookies; `undefined` behind a name of its own. */
  readonly port: number | undefined;
  /** `Lax` where a provider sends people back. */
  readonly sameSite: 'Strict' | 'Lax';
}

const plainName = (port: number | undefined) => `gma_console${port === undefined ? '' : `_${port}`}`;

/** Safari takes no `Secure` cookie from http://127.0.0.1, and so no `__Host-` one. */
function takesSecure(userAgent: string | undefined, port: number | undefined): boolean {
  return port === undefined || !/Safari\//.test(userAgent ?? '') || /Chrom(?:e|ium)\//.test(userAgent ?? '');
}

/** `Set-Cookie` of a session; without a value the one that removes it. It lives as long as the browser does, at most. */
export function sessionCookie(
  { port, sameSite }: CookieOptions,
  value: string | undefined,
  userAgent: string | undefined,
): string {
  const secure = takesSecure(userAgent, port);
  const name = secure ? `__Host-${plainName(port)}` : plainName(port);
  const end = value === undefined ? '; Max-Age=0' : '';
  return `${name}=${value ?? ''}; Path=/; HttpOnly${secure ? '; Secure' : ''}; SameSite=${sameSite}${end}`;
}

/** The value of the session's cookie; `undefined` without one, or where two stand that contradict each other. */
export function readSessionCookie(header: string | undefined, port: number | undefined): string | undefined {
  const found = new Map<string, Set<string>>();
  for (const part of (header ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at < 0) continue;
    const name = part.slice(0, at).trim();
    found.set(name, (found.get(name) ?? new Set()).add(part.slice(at + 1).trim()));
  }
  for (const name of [`__Host-${plainName(port)}`, plainName(port)]) {
    const [value, another] = found.get(name) ?? [];
    if (value !== undefined && value !== '') return another === undefined ? value : undefined;
  }
  return undefined;
}
