/**
 * A program of somebody else: it exports what each function of the library returns, so that with `declaration` each of these types
 * has to have a public name, and says by a type error where one of them is `any`.
 */
export const CONSUMER = `
import * as library from 'genesys-media-archive';
import * as s3ec from 'genesys-media-archive/s3ec';
import { handler } from 'genesys-media-archive/lambda';

const { loadConfig } = library;
const settings = { env: process.env };
export const config = loadConfig(settings, 'archive');
export const others = [loadConfig(settings, 'wrap'), loadConfig(settings, 'seal'), loadConfig(settings, 'keys')] as const;
export const restore = loadConfig(settings, 'restore');
export const { layout, encryption, genesys, recordings, proof } = config;
export const archiver = await library.createArchiver(config);
export const parsed = library.parseEvent({});
export const [request] = parsed.kind === 'requests' ? parsed.requests : [];
export const results = request && (await archiver.archive(request));
export const again = request && (await archiver.again(request, { reason: 'x', locate: async ({ recordingId }) => recordingId }));
export const store = await library.openConfiguredStore(restore);
export const place = await library.openStore('file:x', {});
export const trust = await library.readTrust(restore);
export const reader = await library.createReader(restore);
export const { budget, end } = library.startBudget(library.systemClock, Date.now() + 1000);
export const ports = { store, reader, ...trust };
export const listed = library.listRecordings(store, {});
export const key = await library.findRecording(store, 'x', {}, budget);
export const seekable = await library.openSeekable({ ...ports, cache: library.createLeafCache() }, key, budget);
export const range = library.readRange(ports, key, { first: 0, last: 1 }, budget);
export const transcript = await library.readTranscript(ports, key, budget);
export const target = { write: async () => {}, commit: async () => {}, abandon: async () => {} };
export const restored = await library.restoreRecording(ports, key, target, budget);
export const verified = await library.verifyRecording(ports, key, budget);
export const verification = await library.verifyAgainstReceipt(ports, key, 'full', budget);
export const walk = library.verifyArchive(ports, { depth: 'head', concurrency: 4 }, { onVerified: () => {} });
export const envelopes = [library.createStaticEnvelope(new Uint8Array(32)), library.createStaticReader(new Uint8Array(32))] as const;
export const logger = library.jsonLogger(() => {}, Date.now);
export const { objectKey, parseObjectKey, exportKey, exportMetadata, compileIdPattern, ALLOWABLE_KINDS } = library;
export const unwrappers = [s3ec.createAesUnwrapper([{ key: new Uint8Array(32) }])];
export const envelopeReader = s3ec.createEnvelopeReader({ unwrappers });
export const sealer = await s3ec.sealS3ecV3(s3ec.createAesWrapper({ kid: 'x', key: new Uint8Array(32) }), {});
export const { createKmsWrap, createRsaWrapper, createRsaUnwrapper, detectFormat, parseS3ecV3, sealS3ecV2 } = s3ec;
export { handler };

type IsAny<T> = 0 extends 1 & T ? true : false;
type IsLoose<T> = IsAny<T> extends true ? true : T extends (...values: infer Taken) => infer Given
  ? IsAny<Given> extends true ? true : IsAny<Taken[number]>
  : false;
type Loose<Module> = { [Name in keyof Module]: IsLoose<Module[Name]> extends true ? Name : never }[keyof Module];
export const loose: readonly (Loose<typeof library> | Loose<typeof s3ec>)[] = [];
export const none: [Loose<typeof library> | Loose<typeof s3ec>] extends [never] ? true : false = true;
`;
