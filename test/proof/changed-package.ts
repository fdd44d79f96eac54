import { createHash } from 'node:crypto';
import { cp, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

const MANIFEST = 'MANIFEST.sha256';

/** An evidence package in a folder, to be changed. */
export class ChangedPackage {
  readonly out: string;

  constructor(out: string) {
    this.out = out;
  }

  static async copyOf(whole: string, out: string): Promise<ChangedPackage> {
    await cp(whole, out, { recursive: true });
    return new ChangedPackage(out);
  }

  at(name: string): string {
    return path.join(this.out, name);
  }

  async files(): Promise<string[]> {
    const entries = await readdir(this.out, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(this.out, path.join(entry.parentPath, entry.name)))
      .filter((name) => name !== MANIFEST)
      .sort();
  }

  /** Makes the list of hashes fit what is there: whoever changes a package does that, too. */
  async fit(): Promise<void> {
    const lines = await Promise.all(
      (await this.files()).map(async (name) => {
        const hash = createHash('sha256').update(await readFile(this.at(name)));
        return `${hash.digest('hex')}  ${name}\n`;
      }),
    );
    await writeFile(this.at(MANIFEST), lines.join(''));
  }

  async edit(name: string, change: (text: string) => string): Promise<void> {
    await writeFile(this.at(name), change(await readFile(this.at(name), 'latin1')), 'latin1');
  }

  async swap(one: string, other: string): Promise<void> {
    await rename(this.at(one), this.at('swapped'));
    await rename(this.at(other), this.at(one));
    await rename(this.at('swapped'), this.at(other));
  }
}
