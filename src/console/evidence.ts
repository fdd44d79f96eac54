import { openSeekable } from '../audit/read-range.ts';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { collectEvidence, type EvidencePorts } from '../proof/evidence/collect-evidence.ts';
import { extensionOf } from '../proof/evidence/decrypted-media.ts';
import type { PackageFile } from '../proof/evidence/package-file.ts';
import { createZipWriter } from '../proof/evidence/zip.ts';
import { openProver } from '../proof/prove/prove-entry.ts';
import { dayOf } from '../recording-time.ts';
import { evidenceBody, evidenceGranted } from './api-keeping-schema.ts';
import { GRANTED_MS, type GrantedPackage } from './evidence-grants.ts';
import { Outpour } from './outpour.ts';
import { jsonAnswer } from './exchange.ts';
import { locateAll } from './locate.ts';
import { rangePorts } from './open-recording.ts';
import { type Call, route, type Route } from './route.ts';

/** @throws `CONFIG_INVALID` where the archive has no log, without which there is nothing to prove with. */
async function portsOf(
  { state }: Pick<Call, 'state'>,
  granted: GrantedPackage,
  budget: Budget,
): Promise<EvidencePorts> {
  const { archive, decrypted } = granted;
  const { log, layout, store, trust } = archive;
  if (log === undefined) {
    throw new ArchiveError('CONFIG_INVALID', 'the archive has no log, so there is nothing to prove with', {
      hint: 'docs/proof.md, "Begin", says what a log needs',
    });
  }
  const seekable = decrypted ? rangePorts(archive) : undefined;
  return {
    ...trust,
    store,
    place: log,
    prover: await openProver(log, layout, budget),
    now: () => state.clock.now(),
    timestampCa: archive.timestampCa,
    ...(seekable === undefined
      ? {}
      : {
          // what is sent is seen: each leaf is compared before it is decrypted
          decrypt: async (opened, name): Promise<PackageFile> => {
            const recording = await openSeekable(seekable, opened.stat.key, budget);
            const whole = { first: 0, last: Math.max(0, recording.bytes - 1) };
            const body = recording.bytes === 0 ? new Uint8Array(0) : recording.read(whole, budget);
            return { name: `media/${name}.${extensionOf(opened)}`, body };
          },
        }),
  };
}

/** Streams the package; what fails before its first byte is a status, and later the file has no end. */
async function sendPackage(call: Call) {
  const { state, session, params, budget } = call;
  const granted = state.evidence.take(params['id'] ?? '', session, state.clock.now());
  const ports = await portsOf(call, granted, budget);
  const keys = granted.located.flatMap(({ rows }) => rows.map(({ key }) => key));
  const body = await Outpour.begin(async (write) => {
    const zip = createZipWriter(write, 'the package');
    const target = {
      write: (file: PackageFile) => zip.write(file),
      commit: () => zip.finish(),
      abandon: () => Promise.resolve(),
    };
    await collectEvidence(ports, keys, { target }, budget);
  });
  const name = `evidence-${dayOf(state.clock.now())}.zip`;
  return {
    status: 200,
    headers: { 'content-type': 'application/zip', 'content-disposition': `attachment; filename="${name}"` },
    body,
  };
}

export const EVIDENCE_ROUTES: readonly Route[] = [
  route(
    {
      method: 'POST',
      path: '/api/evidence',
      needs: 'export',
      summary: 'grants a package of recordings that verifies without this program; a reason is required',
      body: evidenceBody,
      answers: [{ status: 201, shape: evidenceGranted }],
      entry: 'export',
    },
    async (call) => {
      const { state, archive, session, body, budget } = call;
      const { recordings, reason, decrypted } = body;
      if (reason.trim() === '')
        throw new ArchiveError('REASON_REQUIRED', 'say why these recordings are exported');
      const now = state.clock.now();
      state.evidence.requireRoom(session, now);
      const located = await locateAll(archive, session, recordings, budget);
      const granted = { session, archive, located, decrypted, until: now + GRANTED_MS };
      // what cannot be made is refused before it is on record
      await portsOf(call, granted, budget);
      const query = decrypted ? 'decrypted' : 'encrypted';
      // an entry each: the package has those of its own recordings, and names no other
      for (const { recordingId: recording } of located)
        await state.access.write(archive, session, { action: 'export', recording, reason, query });
      const id = state.evidence.add(granted);
      return jsonAnswer(201, {
        evidence: id,
        download: `/api/evidence/${id}`,
        expiresInS: GRANTED_MS / 1_000,
      });
    },
  ),
  route(
    {
      method: 'GET',
      path: '/api/evidence/:id',
      needs: 'export',
      summary: 'the package, once, as a ZIP file that is made while it is sent',
      answers: [
        {
          status: 200,
          meaning: '`application/zip`; one that breaks off has no directory, and opens nowhere',
        },
      ],
    },
    sendPackage,
  ),
];
