import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createReceiptSigner, type ReceiptSigner, signingKeyId } from '../../src/record/receipt/receipt.ts';
import { checkMark, MARK, type Marked, markMetadata, markStatement } from '../../src/record/writer-mark.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const signer = createReceiptSigner(privateKey);
const keys = new Map([[signer.keyId, publicKey]]);

const marked: Marked = {
  kind: 'media',
  key: 'archive/2026/05/20/r1.0.enc',
  ids: { recordingId: 'r1', conversationId: 'c1', channel: '0' },
  organizationId: 'o1',
  metadata: {
    'x-amz-c': '115',
    'x-amz-i': 'aQ==',
    'x-amz-d': 'ZA==',
    'x-amz-3': 'dw==',
    'x-amz-w': '12',
    'x-amz-t': '{}',
    'gca-v': '1',
  },
};

async function withMark(subject: Marked, by: ReceiptSigner = signer): Promise<Marked> {
  return { ...subject, metadata: { ...subject.metadata, ...(await markMetadata(by, subject)) } };
}

describe('the mark of a writer', () => {
  it('holds for the object that it was made for, and has the documented form', async () => {
    const whole = await withMark(marked);
    expect(whole.metadata[MARK]).toMatch(new RegExp(`^v1\\.${signer.keyId}\\.[A-Za-z0-9_-]{86}$`));
    expect(checkMark(whole, keys)).toBe('valid');
    expect(markStatement(whole).equals(markStatement(marked))).toBe(true);
    expect(markStatement(marked).toString()).toMatch(
      /^genesys-media-archive\/mark\/v1\n\{"ids":\{"channel":"0","conversation":"c1","organization":"o1","recording":"r1"\},"key":"archive\/2026\/05\/20\/r1\.0\.enc","kind":"media","metadataSha256":"[0-9a-f]{64}","wrapSha256":"[0-9a-f]{64}"\}$/,
    );
  });

  it('is not made without a signing key', async () => {
    expect(await markMetadata(undefined, marked)).toEqual({});
    expect(checkMark(marked, keys)).toBe('absent');
  });

  it('has room beside any wrap', async () => {
    const added = Object.entries(await markMetadata(signer, marked));
    expect(added.map(([name, value]) => name.length + value.length)).toEqual([114]);
  });

  const metadata = (name: string, value: string | undefined) => (of: Marked) => {
    const { [name]: _old, ...rest } = of.metadata;
    return { ...of, metadata: value === undefined ? rest : { ...rest, [name]: value } };
  };
  it.each<[string, (of: Marked) => Marked]>([
    ['another kind of object', (of) => ({ ...of, kind: 'context' })],
    ['another key', (of) => ({ ...of, key: 'archive/2026/05/21/r1.0.enc' })],
    ['another recording', (of) => ({ ...of, ids: { ...of.ids, recordingId: 'r2' } })],
    ['another conversation', (of) => ({ ...of, ids: { ...of.ids, conversationId: 'c2' } })],
    ['another channel', (of) => ({ ...of, ids: { ...of.ids, channel: '1' } })],
    ['no channel', (of) => ({ ...of, ids: { recordingId: 'r1', conversationId: 'c1' } })],
    ['another organization', (of) => ({ ...of, organizationId: 'o2' })],
    ['no organization', (of) => ({ ...of, organizationId: undefined })],
    ['another message id', metadata('x-amz-i', 'aA==')],
    ['another key commitment', metadata('x-amz-d', 'ZQ==')],
    ['another wrapped data key', metadata('x-amz-3', 'AAAA')],
    ['no wrapped data key', metadata('x-amz-3', undefined)],
    ['another encryption context', metadata('x-amz-t', '{"a":"b"}')],
    ['metadata that are gone', metadata('gca-v', undefined)],
    ['metadata that were added', metadata('encryption', 'aes-256-gcm')],
  ])('does not hold for %s', async (_name, change) => {
    expect(checkMark(change(await withMark(marked)), keys)).toBe('invalid');
  });

  it('has one spelling', async () => {
    const whole = await withMark(marked);
    const mark = whole.metadata[MARK] ?? '';
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(mark.at(-1) ?? '');
    const others = [1, 2, 3, 15].map((bits) => mark.slice(0, -1) + (alphabet[last ^ bits] ?? ''));
    const wrong = [
      '',
      'v1',
      `${mark}=`,
      ` ${mark}`,
      `${mark}\n`,
      mark.replace('v1', 'v2'),
      mark.slice(0, -1),
    ];
    for (const text of [...others, ...wrong, mark.replace(signer.keyId, signer.keyId.toUpperCase() + 'F')]) {
      expect(checkMark({ ...whole, metadata: { ...whole.metadata, [MARK]: text } }, keys)).toBe('malformed');
    }
  });

  it('of a stranger is that of an unknown key, under any name', async () => {
    const other = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);
    expect(checkMark(await withMark(marked, other), keys)).toBe('unknown-key');
    const named = { ...other, keyId: signer.keyId };
    expect(checkMark(await withMark(marked, named), keys)).toBe('invalid');
  });

  it('is no signature of a receipt, and a receipt’s is no mark', async () => {
    const receiptLike = Buffer.from('{"kind":"archived"}');
    const signature = Buffer.from(await signer.sign(receiptLike)).toString('base64url');
    const whole = { ...marked, metadata: { ...marked.metadata, [MARK]: `v1.${signer.keyId}.${signature}` } };
    expect(checkMark(whole, keys)).toBe('invalid');
    expect(markStatement(marked).toString().startsWith('{')).toBe(false);
  });

  it('is made by a signer that shows its public key', () => {
    expect(signer.publicKey.equals(createPublicKey(privateKey))).toBe(true);
    expect(signingKeyId(signer.publicKey)).toBe(signer.keyId);
  });
});
