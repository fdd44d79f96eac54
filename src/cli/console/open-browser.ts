import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface OpenedBrowser {
  readonly outcome: 'opened' | 'failed';
  /** Removes the file that the browser was sent through. */
  forget(): Promise<void>;
}

/**
 * Opens an address in the person's browser. Its token must not stand on a command line, which other users of the machine can list, so
 * the browser is given a file that only its owner can read, and that sends it on.
 */
export async function openBrowser(url: string): Promise<OpenedBrowser> {
  const folder = await mkdtemp(path.join(tmpdir(), 'genesys-archive-console-'));
  const file = path.join(folder, 'open.html');
  const page = `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0; url=${url}"><title>console</title>`;
  await writeFile(file, page, { mode: 0o600 });
  const forget = () => rm(folder, { recursive: true, force: true });
  return { outcome: (await started(file)) ? 'opened' : 'failed', forget };
}

function started(file: string): Promise<boolean> {
  const [program, ...first] =
    process.platform === 'darwin'
      ? ['open']
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '""']
        : ['xdg-open'];
  return new Promise((resolve) => {
    const child = spawn(program ?? '', [...first, file], { stdio: 'ignore', detached: true });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}
