import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { parseForeignJson } from '../json.ts';
import type { Licence } from './console-state.ts';

const licencesSchema = z.array(z.object({ name: z.string(), version: z.string(), licence: z.string() }));

/** What the build wrote of the packages that are published with this one; empty where it wrote nothing. */
export async function readLicences(folder: string): Promise<readonly Licence[]> {
  const text = await readFile(path.join(folder, 'licences.json'), 'utf8').catch(() => '');
  const parsed = licencesSchema.safeParse(parseForeignJson(text));
  return parsed.success ? parsed.data : [];
}
