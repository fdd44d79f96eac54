import { beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import {
  type CheckpointPorts,
  putCheckpoint,
  putKeys,
} from '../../../src/proof/evidence/checkpoint-files.ts';
import { cosignatureOf, cosignedText } from '../../../src/proof/formats/cosignature.ts';
import { sha256Hex } from '../../../src/proof/formats/entry.ts';
import {
  COSIGNATURE_TYPE,
  formatSignature,
  noteKey,
  parseNote,
  rawKey,
} from '../../../src/proof/formats/note.ts';
import { openCheckpoint } from '../../../src/proof/log/place.ts';
import { createLogSigner } from '../../../src/proof/log/signer.ts';
import { openProver } from '../../../src/proof/prove/prove-entry.ts';
import { sealLog } from '../../../src/proof/seal/seal-log.ts';
import { checkConsistencyFile } from '../../../src/proof/verify/check-consistency.ts';
import { DATE_LAYOUT } from '../../../src/record/layout.ts';
import { failure } from '../../failure.ts';
import { RECEIPT_KEYS } from '../archive-fixture.ts';
import { LOG_SIGNER, ORIGIN, placeIn, sealingDays, signerFrom } from '../log-fixture.ts';
import { type PlainStore, plainStore } from '../plain-store.ts';

/** Entries of the newest checkpoint, and of one before it. */
const [SIZE, OLDER] = [7, 3];
const STRANGER = createLogSigner(ORIGIN, signerFrom('another key of the log'));
const WITNESS = noteKey('witness.example.com/w', signerFrom('a witness').publicKey, COSIGNATURE_TYPE);
const MUTE = noteKey('mute.example.com/w', signerFrom('a mute witness').publicKey, COSIGNATURE_TYPE);

let store: PlainStore;
let ports: CheckpointPorts;
let files: Map<string, string>;
beforeEach(async () => {
  store = plainStore();
  const place = placeIn(store);
  await sealLog(place, sealingDays([2, 3]), unlimited);
  ports = { place, prover: await openProver(place, DATE_LAYOUT, unlimited), keys: RECEIPT_KEYS };
  files = new Map();
});

const putText = (name: string, text: string) => Promise.resolve(void files.set(name, text));
const put = ({ name, body }: { readonly name: string; readonly body: unknown }) =>
  putText(name, String(body));
const checkpoint = (change: Partial<CheckpointPorts> = {}, since?: number) => {
  const note = since === undefined ? '' : store.bodyOf(ports.place.keys.note(since)).toString();
  const older = openCheckpoint(ports.place, note).checkpoint;
  return putCheckpoint({ ...ports, ...change }, { put, since: older }, unlimited);
};
const pem = (key = LOG_SIGNER.key.publicKey) => key.export({ type: 'spki', format: 'pem' }).toString();

describe('the checkpoint of a package', () => {
  it('is the newest, as it is signed', async () => {
    expect(await checkpoint({ timestampCa: 'certificates' })).toEqual({
      hasTokens: false,
      leftOut: 0,
      witnesses: [],
    });
    expect([...files]).toEqual([['checkpoint', store.bodyOf(ports.place.keys.note(SIZE)).toString()]]);
  });

  it('has its time stamps beside it, and no others, where the certificates are known that they lead to', async () => {
    const { keys } = ports.place;
    store.plant(keys.token(SIZE, 'one.example.com'), 'first stamp');
    store.plant(keys.token(SIZE, 'two'), 'second stamp');
    store.plant(keys.token(OLDER, 'three'), 'of another checkpoint');
    store.plant(`${keys.token(SIZE, 'four')}.bak`, 'none');
    expect(await checkpoint()).toEqual({ hasTokens: false, leftOut: 2, witnesses: [] });
    expect([...files.keys()]).toEqual(['checkpoint']);
    expect(await checkpoint({ timestampCa: 'certificates' })).toEqual({
      hasTokens: true,
      leftOut: 0,
      witnesses: [],
    });
    expect([...files].slice(1)).toEqual([
      ['checkpoint.one.example.com.tsr', 'first stamp'],
      ['checkpoint.two.tsr', 'second stamp'],
      ['keys/tsa-ca.pem', 'certificates'],
    ]);
  });

  it('has what known witnesses signed of it', async () => {
    const { keys } = ports.place;
    const text = parseNote(store.bodyOf(keys.note(SIZE)).toString())?.text ?? '';
    const signed = await signerFrom('a witness').sign(Buffer.from(cosignedText(text, 1_000)), unlimited);
    const line = formatSignature(cosignatureOf(WITNESS, 1_000, Buffer.from(signed)));
    store.plant(keys.cosignature(SIZE, WITNESS.id), line);
    expect(await checkpoint()).toEqual({ hasTokens: false, leftOut: 0, witnesses: [] });
    const place = { ...ports.place, witnesses: [MUTE, WITNESS] };
    expect(await checkpoint({ place })).toEqual({ hasTokens: false, leftOut: 0, witnesses: [WITNESS] });
    expect([...files].slice(1)).toEqual([[`checkpoint.${WITNESS.id}.cosig`, line]]);
  });

  it('continues one that the reader kept, with the proof', async () => {
    await checkpoint({}, OLDER);
    const kept = store.bodyOf(ports.place.keys.note(OLDER)).toString();
    const name = `consistency/${OLDER}.note`;
    expect([...files.keys()]).toEqual(['checkpoint', name, `${name}.consistency`]);
    expect(files.get(name)).toBe(kept);
    expect(checkConsistencyFile(files.get(`${name}.consistency`) ?? '', kept, ports.place)).toMatchObject({
      state: 'valid',
      from: OLDER,
      newest: { size: SIZE },
    });
  });
});

describe('the keys of a package', () => {
  it('are those of the log, of receipts and of witnesses, with their fingerprints', async () => {
    const trusted = [STRANGER.key, LOG_SIGNER.key];
    await putKeys(
      { ...ports, place: { ...ports.place, trusted } },
      { witnesses: [WITNESS], hasTokens: false },
      putText,
    );
    const [keyId = ''] = [...RECEIPT_KEYS.keys()];
    const receiptPem = files.get(`keys/receipts-${keyId}.pem`) ?? '';
    const print = (key: Parameters<typeof rawKey>[0]) =>
      `  SHA-256 of the 32 bytes ${sha256Hex(rawKey(key))}`;
    expect([...files]).toEqual([
      ['keys/ORIGIN', `${ORIGIN}\n`],
      ['keys/log.vkey', `${LOG_SIGNER.key.vkey}\n`],
      ['keys/log-public.pem', pem()],
      [`keys/receipts-${keyId}.pem`, receiptPem],
      [`keys/witness-${WITNESS.id}.vkey`, `${WITNESS.vkey}\n`],
      [`keys/witness-${WITNESS.id}.pem`, pem(WITNESS.publicKey)],
      [
        'keys/FINGERPRINTS.txt',
        [
          `log ${ORIGIN}`,
          `  vkey ${LOG_SIGNER.key.vkey}`,
          print(LOG_SIGNER.key.publicKey),
          `receipts ${keyId}`,
          print(signerFrom('signs receipts').publicKey),
          `witness ${WITNESS.name}`,
          `  vkey ${WITNESS.vkey}`,
          print(WITNESS.publicKey),
          '',
        ].join('\n'),
      ],
    ]);
    expect(receiptPem).toBe(pem(signerFrom('signs receipts').publicKey));
  });

  it('have the one that signed the checkpoint among them', async () => {
    const place = { ...ports.place, trusted: [STRANGER.key] };
    const error = await failure(putKeys({ ...ports, place }, { witnesses: [], hasTokens: false }, putText));
    expect([error.code, error.message]).toEqual([
      'LOG_KEY_UNKNOWN',
      'the newest checkpoint is signed with no key that is configured',
    ]);
    expect([...files]).toEqual([]);
  });

  it('are those of the log alone where no receipt is signed', async () => {
    const { keys: _none, ...unsigned } = ports;
    await putKeys(unsigned, { witnesses: [], hasTokens: false }, putText);
    expect([...files.keys()]).toEqual([
      'keys/ORIGIN',
      'keys/log.vkey',
      'keys/log-public.pem',
      'keys/FINGERPRINTS.txt',
    ]);
  });
});
