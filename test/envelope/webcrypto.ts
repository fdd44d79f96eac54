/**
 * The three formats a second time, from the specification, through WebCrypto and nothing of `src/`. Whole buffers, no
 * checks: an oracle for bytes, not a reader.
 */
import { webcrypto } from 'node:crypto';

const { subtle } = webcrypto;
type Metadata = Readonly<Record<string, string>>;

const utf8 = (text: string) => new TextEncoder().encode(text);
const base64 = (bytes: Uint8Array | ArrayBuffer) => Buffer.from(new Uint8Array(bytes)).toString('base64');
const bytesOf = (metadata: Metadata, name: string) =>
  new Uint8Array(Buffer.from(metadata[name] ?? '', 'base64'));
const random = (length: number) => webcrypto.getRandomValues(new Uint8Array(length));

const aesGcm = (key: Uint8Array<ArrayBuffer>) =>
  subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt']);

interface Parameters {
  readonly key: Uint8Array<ArrayBuffer>;
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly aad?: Uint8Array<ArrayBuffer>;
}

const gcm = ({ iv, aad }: Parameters) => ({
  name: 'AES-GCM',
  iv,
  tagLength: 128,
  ...(aad === undefined ? {} : { additionalData: aad }),
});

const encrypt = async (parameters: Parameters, plaintext: Uint8Array<ArrayBuffer>) =>
  new Uint8Array(await subtle.encrypt(gcm(parameters), await aesGcm(parameters.key), plaintext));

const decrypt = async (parameters: Parameters, body: Uint8Array<ArrayBuffer>) =>
  new Uint8Array(await subtle.decrypt(gcm(parameters), await aesGcm(parameters.key), body));

/** One way of wrapping data keys, both directions. */
export interface Wrap {
  readonly v2: string;
  readonly v3: string;
  readonly description: (algorithm: string) => Metadata;
  wrap(dataKey: Uint8Array<ArrayBuffer>, algorithm: string): Promise<Uint8Array>;
  unwrap(wrapped: Uint8Array<ArrayBuffer>, algorithm: string): Promise<Uint8Array<ArrayBuffer>>;
}

export function aesWrap(kid: string, wrappingKey: Uint8Array<ArrayBuffer>): Wrap {
  return {
    v2: 'AES/GCM',
    v3: '02',
    description: () => ({ kid }),
    async wrap(dataKey, algorithm) {
      const iv = random(12);
      return Buffer.concat([iv, await encrypt({ key: wrappingKey, iv, aad: utf8(algorithm) }, dataKey)]);
    },
    unwrap: (wrapped, algorithm) =>
      decrypt({ key: wrappingKey, iv: wrapped.slice(0, 12), aad: utf8(algorithm) }, wrapped.slice(12)),
  };
}

export async function rsaWrap(
  kid: string,
  spki: Uint8Array<ArrayBuffer>,
  pkcs8: Uint8Array<ArrayBuffer>,
): Promise<Wrap> {
  const name = { name: 'RSA-OAEP', hash: 'SHA-1' };
  const publicKey = await subtle.importKey('spki', spki, name, false, ['encrypt']);
  const privateKey = await subtle.importKey('pkcs8', pkcs8, name, false, ['decrypt']);
  return {
    v2: 'RSA-OAEP-SHA1',
    v3: '22',
    description: () => ({ kid }),
    async wrap(dataKey, algorithm) {
      const message = new Uint8Array([32, ...dataKey, ...utf8(algorithm)]);
      return new Uint8Array(await subtle.encrypt(name, publicKey, message));
    },
    async unwrap(wrapped, algorithm) {
      const message = new Uint8Array(await subtle.decrypt(name, privateKey, wrapped));
      if (message[0] !== 32 || new TextDecoder().decode(message.slice(33)) !== algorithm)
        throw new Error('wrap');
      return message.slice(1, 33);
    },
  };
}

const hkdf = async (
  dataKey: Uint8Array<ArrayBuffer>,
  salt: Uint8Array<ArrayBuffer>,
  label: string,
  bytes: number,
) => {
  const key = await subtle.importKey('raw', dataKey, 'HKDF', false, ['deriveBits']);
  const info = new Uint8Array([0x00, 0x73, ...utf8(label)]);
  return new Uint8Array(
    await subtle.deriveBits({ name: 'HKDF', hash: 'SHA-512', salt, info }, key, bytes * 8),
  );
};

const fixedIv = () => new Uint8Array(12).fill(1);
const suiteId = () => new Uint8Array([0x00, 0x73]);

export interface WholeObject {
  readonly metadata: Metadata;
  readonly body: Uint8Array;
}

export async function encryptStatic(key: Uint8Array<ArrayBuffer>, plaintext: Uint8Array<ArrayBuffer>) {
  const iv = random(12);
  const metadata = { encryption: 'aes-256-gcm', iv: base64(iv) };
  return { metadata, body: await encrypt({ key, iv }, plaintext) };
}

export const decryptStatic = (key: Uint8Array<ArrayBuffer>, { metadata, body }: WholeObject) =>
  decrypt({ key, iv: bytesOf(metadata, 'iv') }, new Uint8Array(body));

export async function encryptV2(wrap: Wrap, plaintext: Uint8Array<ArrayBuffer>): Promise<WholeObject> {
  const algorithm = 'AES/GCM/NoPadding';
  const key = random(32);
  const iv = random(12);
  const metadata = {
    'x-amz-key-v2': base64(await wrap.wrap(key, algorithm)),
    'x-amz-iv': base64(iv),
    'x-amz-cek-alg': algorithm,
    'x-amz-tag-len': '128',
    'x-amz-wrap-alg': wrap.v2,
    'x-amz-matdesc': JSON.stringify(wrap.description(algorithm)),
    'x-amz-unencrypted-content-length': String(plaintext.length),
  };
  return { metadata, body: await encrypt({ key, iv }, plaintext) };
}

export async function decryptV2(wrap: Wrap, { metadata, body }: WholeObject) {
  const key = await wrap.unwrap(bytesOf(metadata, 'x-amz-key-v2'), metadata['x-amz-cek-alg'] ?? '');
  return decrypt({ key, iv: bytesOf(metadata, 'x-amz-iv') }, new Uint8Array(body));
}

export async function encryptV3(wrap: Wrap, plaintext: Uint8Array<ArrayBuffer>): Promise<WholeObject> {
  const dataKey = random(32);
  const messageId = random(28);
  const metadata = {
    'x-amz-c': '115',
    'x-amz-3': base64(await wrap.wrap(dataKey, '115')),
    'x-amz-w': wrap.v3,
    'x-amz-i': base64(messageId),
    'x-amz-d': base64(await hkdf(dataKey, messageId, 'COMMITKEY', 28)),
    [wrap.v3 === '12' ? 'x-amz-t' : 'x-amz-m']: JSON.stringify(wrap.description('115')),
  };
  const key = await hkdf(dataKey, messageId, 'DERIVEKEY', 32);
  return { metadata, body: await encrypt({ key, iv: fixedIv(), aad: suiteId() }, plaintext) };
}

export async function decryptV3(wrap: Wrap, { metadata, body }: WholeObject) {
  const dataKey = await wrap.unwrap(bytesOf(metadata, 'x-amz-3'), '115');
  const messageId = bytesOf(metadata, 'x-amz-i');
  const commitment = await hkdf(dataKey, messageId, 'COMMITKEY', 28);
  if (base64(commitment) !== metadata['x-amz-d']) throw new Error('commitment');
  const key = await hkdf(dataKey, messageId, 'DERIVEKEY', 32);
  return decrypt({ key, iv: fixedIv(), aad: suiteId() }, new Uint8Array(body));
}
