import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface RsaPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const pems = JSON.parse(
  readFileSync(new URL('../vectors/rsa-throwaway.json', import.meta.url), 'utf8'),
) as Record<string, string>;

function pair(name: string): RsaPair {
  const privateKey = createPrivateKey(pems[name] ?? '');
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** Long enough to write with. */
export const pair3072 = pair('rsa3072');
export const otherPair3072 = pair('otherRsa3072');
/** Long enough to read with, too short to write with. */
export const pair2048 = pair('rsa2048');
/** For signatures only, of lengths that would do. */
export const pssPair2048 = pair('rsaPss2048');
export const pssPair3072 = pair('rsaPss3072');
/** Too short for anything. */
export const pair1024 = pair('rsa1024');
