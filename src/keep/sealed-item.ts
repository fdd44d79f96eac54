/** Items of plans that destroy: only who has the plan's whole name could have made them. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalJson, type Json } from '../record/canonical-json.ts';

export type Sealed<T extends object> = T & { readonly mac: string };

/**
 * Binds an item to the name of its plan and to what the plan says. A plan is an unsigned object: without this, a writer of the bucket
 * could add to what a person has confirmed.
 */
export function sealItem<T extends object>(secret: string, options: unknown, item: T): Sealed<T> {
  return { ...item, mac: macOf(secret, options, item) };
}

export function isSealed<T extends object>(
  secret: string,
  options: unknown,
  { mac, ...item }: Sealed<T>,
): boolean {
  const expected = Buffer.from(macOf(secret, options, item));
  const stated = Buffer.from(mac);
  return stated.length === expected.length && timingSafeEqual(stated, expected);
}

function macOf(secret: string, options: unknown, item: object): string {
  const bound = createHash('sha256')
    .update(canonicalJson(options as Readonly<Record<string, Json>>))
    .digest('hex');
  const text = canonicalJson({ ...(item as Readonly<Record<string, Json>>), plan: bound });
  return createHmac('sha256', secret).update(text).digest('base64url');
}

/** `JOB.SECRET`, as a plan was told. @returns an empty id for what is no such name. */
export function parsePlanName(name: string): { readonly id: string; readonly secret: string } {
  const [, id = '', secret = ''] = /^([^.]+)\.([A-Za-z0-9_-]{8,64})$/.exec(name) ?? [];
  return { id, secret };
}
