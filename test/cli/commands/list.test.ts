import { copyFile, writeFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { receiptKey } from '../../../src/record/object-key.ts';
import { canonicalJson } from '../../../src/record/canonical-json.ts';
import { type ArchiveFixture, FIRST, makeArchive, SECOND, THIRD } from '../archive-fixture.ts';
import { runHere } from '../run-here.ts';

let archive: ArchiveFixture;
beforeEach(async () => {
  archive = await makeArchive();
});
afterEach(() => archive.remove());
const list = (...args: string[]) => runHere(['list', ...args], { env: archive.env });

/** A receipt beside the object of `id`. */
async function putReceipt(id: string, recorded: string, more: object = {}): Promise<void> {
  const place = path.join(archive.dir, 'archive-store', receiptKey(archive.keys[id] ?? ''));
  await mkdir(path.dirname(place), { recursive: true });
  const receipt = {
    schema: 'genesys-media-archive/receipt/v1',
    kind: 'archived',
    ids: { conversation: 'c0000000-0000-4000-8000-000000000000', recording: id },
    times: { recorded, issued: '2026-05-23T00:00:00.000Z' },
    tool: { name: 'genesys-media-archive', version: '0.1.0' },
    ...more,
  };
  await writeFile(place, `${canonicalJson(receipt)}\n`);
}

describe('list', () => {
  it('shows conversation and kind of a recording as its receipt states them', async () => {
    const source = { contentType: 'audio/wav', resumes: 0, restarts: 0 };
    await putReceipt(FIRST, '2026-05-20T23:30:00.000Z', { source });
    await putReceipt(SECOND, '2026-05-21T23:30:00.000Z', { kind: 'adopted' });
    const lines = (await list()).stdout.trimEnd().split('\n');
    expect(lines).toEqual([
      `2026-05-20   97.7 KiB  ${archive.keys[FIRST]}  audio  conversation c0000000-0000-4000-8000-000000000000`,
      `2026-05-21   97.7 KiB  ${archive.keys[SECOND]}  conversation c0000000-0000-4000-8000-000000000000  receipt adopted`,
      `2026-05-22   97.7 KiB  ${archive.keys[THIRD]}`,
    ]);
    const [first] = (await list('--json')).records();
    expect(first).toMatchObject({
      recordingId: FIRST,
      conversationId: 'c0000000-0000-4000-8000-000000000000',
      kind: 'audio',
      recordedAt: '2026-05-20T23:30:00.000Z',
      receipt: 'archived',
    });
  });

  it('goes on past a receipt that is none, and says so', async () => {
    await putReceipt(FIRST, 'no time');
    const { code, stdout } = await list();
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toBe(`2026-05-20   97.7 KiB  ${archive.keys[FIRST]}  receipt unreadable`);
  });

  it('--brief reads no receipt', async () => {
    await putReceipt(FIRST, '2026-05-20T23:30:00.000Z');
    expect((await list('--brief')).stdout).not.toContain('conversation');
  });

  it('a time in --from or --to means that time, and not its whole day', async () => {
    await putReceipt(FIRST, '2026-05-20T08:00:00.000Z');
    await putReceipt(SECOND, '2026-05-21T12:00:00.000Z');
    await putReceipt(THIRD, '2026-05-22T23:30:00.000Z');
    const idsOf = async (...args: string[]) =>
      (await list('--json', ...args)).records().map(({ recordingId }) => recordingId);
    expect(await idsOf('--from', '2026-05-20T09:00:00Z')).toEqual([SECOND, THIRD]);
    expect(await idsOf('--from', '2026-05-20T08:00:00Z')).toEqual([FIRST, SECOND, THIRD]);
    expect(await idsOf('--to', '2026-05-21T11:59:59Z')).toEqual([FIRST]);
    expect(await idsOf('--to', '2026-05-21T14:00:00+02:00')).toEqual([FIRST, SECOND]);
    expect(await idsOf('--from', '2026-05-21', '--to', '2026-05-22T23:00:00Z')).toEqual([SECOND]);
    expect(await idsOf('--from', '2026-05-20T09:00:00Z', '--to', '2026-05-21')).toEqual([SECOND]);
  });

  it('says that recordings without a receipt have no time to compare', async () => {
    const { stdout, stderr } = await list('--from', '2026-05-22T01:00:00Z');
    expect(stdout).toContain(archive.keys[THIRD]);
    expect(stderr).toContain('warning: 1 recording without a receipt, whose time is not known');
    expect((await list('--brief', '--from', '2026-05-22T01:00:00Z')).code).toBe(2);
  });

  it('shows kind and duration of the sidecar in the layout of the export', async () => {
    const organization = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
    const store = path.join(archive.dir, 'export');
    const { exportKey, sidecarKey } = await import('../../../src/record/genesys-export.ts');
    const key = exportKey({
      organizationId: organization,
      conversationId: 'c0000000-0000-4000-8000-000000000000',
      recordingId: FIRST,
      startedAt: Date.UTC(2026, 4, 20, 10),
      extension: 'wav',
    });
    await mkdir(path.dirname(path.join(store, key)), { recursive: true });
    await writeFile(path.join(store, key), 'x');
    await writeFile(
      path.join(store, sidecarKey(key)),
      JSON.stringify({ mediaType: 'Screen', durationMs: 185_000 }),
    );
    const env = {
      ARCHIVE_STORE: `file:${store}`,
      ARCHIVE_LAYOUT: 'genesys-export',
      GENESYS_ORGANIZATION_ID: organization,
    };
    const { stdout } = await runHere(['list'], { env });
    expect(stdout).toContain(`${key}  screen  3 min 5 s`);
    await writeFile(path.join(store, sidecarKey(key)), 'no JSON');
    expect((await runHere(['list'], { env })).code).toBe(0);
    expect(await readFile(path.join(store, key), 'utf8')).toBe('x');
  });
});

describe('list, of a recording that was archived again', () => {
  it('marks the current version: the highest one whose receipt names its predecessor', async () => {
    const first = archive.keys[FIRST] ?? '';
    const again = (version: number) => first.replace(/\.enc$/, `.v${version}.enc`);
    const store = path.join(archive.dir, 'archive-store');
    for (const version of [2, 3]) {
      await copyFile(path.join(store, first), path.join(store, again(version)));
      await copyFile(
        path.join(store, `${first}.metadata.json`),
        path.join(store, `${again(version)}.metadata.json`),
      );
    }
    // the third has no receipt: each writer of the bucket could have put it there
    const receipt = {
      schema: 'genesys-media-archive/receipt/v1',
      kind: 'archived',
      ids: { conversation: 'c0000000-0000-4000-8000-000000000000', recording: FIRST },
      object: { key: again(2), store: 'file:archive-store' },
      predecessor: { key: first },
      reason: 'the source has changed',
      times: { recorded: '2026-05-20T23:30:00.000Z', issued: '2026-05-23T00:00:00.000Z' },
      tool: { name: 'genesys-media-archive', version: '0.1.0' },
    };
    const place = path.join(store, receiptKey(again(2)));
    await mkdir(path.dirname(place), { recursive: true });
    await writeFile(place, `${canonicalJson(receipt)}\n`);
    const { records } = await list('--json');
    const marks = records()
      .filter(({ type }) => type === 'recording')
      .map(({ key, version, current }) => [key, version, current]);
    expect(marks).toEqual([
      [first, undefined, false],
      [again(2), 2, true],
      [again(3), 3, false],
      [archive.keys[SECOND], undefined, undefined],
      [archive.keys[THIRD], undefined, undefined],
    ]);
    const lines = (await list()).stdout.split('\n');
    expect(lines[0]).toContain('version 1');
    expect(lines[1]).toContain('version 2  current');
    expect(lines.slice(2).join('\n')).not.toContain('current');
  });
});
