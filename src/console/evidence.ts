import { openSeekable } from '../audit/read-range.ts';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { collectEvidence, type EvidencePorts } from '../proof/evidence/collect-evidence.ts';
import { extensionOf } from '../proof/evidence/decrypted-media.ts';
import type { PackageFile } from '../proof/evidence/package-file.ts';
import { createZipWriter } from '../proof/evidence/zip.ts';
import { openProver } from '../proof/prove/prove-entry.ts';
import { dayOf } from '../recording/time.ts';
import { evidenceBody, evidenceGranted } from './api-keeping-schema.ts';
import type { ConsoleArchive } from './console-archive.ts';
import { jsonAnswer } from './exchange.ts';
import { MAX_GRANT_LENGTH, newGrantId } from './grants-sealer.ts';
import { type Located, locateAll } from './locate.ts';
import { rangePorts } from './open-recording.ts';
import { Outpour } from './outpour.ts';
import { type Call, route, type Route } from './routes/route.ts';

/** ms in which a package is fetched. */
export const GRANTED_MS = 15 * 60_000;

interface GrantedPackage {
  readonly archive: ConsoleArchive;
  readonly located: readonly Located[];
  readonly decrypted: boolean;
}

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
    // what is sent is seen: each leaf is compared before it is decrypted
    decrypt:
      seekable &&
      (async (opened, name): Promise<PackageFile> => {
        const recording = await openSeekable(seekable, opened.stat.key, budget);
        const whole = { first: 0, last: Math.max(0, recording.bytes - 1) };
        const body = recording.bytes === 0 ? new Uint8Array(0) : recording.read(whole, budget);
        return { name: `media/${name}.${extensionOf(opened)}`, body };
      }),
  };
}

/**
 * What an address grants, once: that it is fetched is an entry of the access log whose name follows from the grant, so a second one finds
 * it there, whichever process it reaches.
 *
 * @throws `OBJECT_NOT_FOUND` also for a package of another session, and for one that was fetched.
 */
async function takeGrant({ state, session, params, budget }: Call): Promise<GrantedPackage> {
  const grant = state.grants.open('evidence', params['id'] ?? '', { session, now: state.clock.now() });
  const named = state.archives.find((one) => (one.name ?? null) === grant?.archive);
  if (grant === undefined || named === undefined) throw noPackage();
  const archive = await state.archiveFor(session, named, budget);
  const { id, from, decrypted } = grant;
  const located = await locateAll(archive, session, grant.recordings, budget);
  const isFirst = await state.access.claim(
    archive,
    session,
    { action: 'exported', subject: id },
    { at: new Date(from).toISOString(), random: id },
  );
  if (!isFirst) throw noPackage();
  return { archive, located, decrypted };
}

function noPackage(): ArchiveError {
  return new ArchiveError('OBJECT_NOT_FOUND', 'there is no such package in this session', {
    hint: 'a package is fetched once, within 15 minutes; ask for it again',
  });
}

/** @throws `REQUEST_INVALID` where a package is larger than its way to the browser takes. */
function requireSize({ located }: GrantedPackage, limit: number | undefined): void {
  const bytes = located.flatMap(({ rows }) => rows).reduce((sum, row) => sum + Number(row.bytes ?? 0), 0);
  if (limit === undefined || bytes <= limit) return;
  const most = Math.floor(limit / 1_000_000);
  throw new ArchiveError('REQUEST_INVALID', `the package would be larger than ${most} MB`, {
    hint: 'export fewer recordings at once, or use `genesys-archive evidence`',
  });
}

/** Streams the package; what fails before its first byte is a status, and later the file has no end. */
async function sendPackage(call: Call) {
  const { state, budget } = call;
  const granted = await takeGrant(call);
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
      const located = await locateAll(archive, session, recordings, budget);
      const granted = { archive, located, decrypted };
      // what cannot be made is refused before it is on record
      await portsOf(call, granted, budget);
      requireSize(granted, state.maxPackageBytes);
      const from = state.clock.now();
      const id = newGrantId();
      const sealed = state.grants.seal('evidence', {
        id,
        session: session.id,
        archive: archive.name ?? null,
        from,
        until: from + GRANTED_MS,
        recordings: located.map(({ recordingId }) => recordingId),
        decrypted,
      });
      if (sealed.length > MAX_GRANT_LENGTH) {
        throw new ArchiveError(
          'REQUEST_INVALID',
          'the ids of these recordings are too long for one package',
          {
            hint: 'export fewer recordings at once',
          },
        );
      }
      const query = decrypted ? 'decrypted' : 'encrypted';
      // an entry each: the package has those of its own recordings, and names no other
      for (const { recordingId: recording } of located)
        await state.access.write(archive, session, {
          action: 'export',
          recording,
          subject: id,
          reason,
          query,
        });
      return jsonAnswer(201, {
        evidence: sealed,
        download: `/api/evidence/${sealed}`,
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
