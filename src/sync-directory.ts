import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** Makes created, linked and renamed names durable. Windows cannot open directories and keeps names in its journal. */
// Stryker disable next-line BlockStatement: it is for a power cut, which no test here can have
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  // Stryker disable next-line BlockStatement: as above
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
