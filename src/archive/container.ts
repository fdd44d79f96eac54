/**
 * What the bytes of a recording say about their own length. The only defence against a close-delimited response that ends
 * early, which every HTTP client reports as success. Pure.
 */

export interface Container {
  readonly name: string;
  /** Bytes of the whole file as its own header states them; `undefined` where the header leaves it open. */
  readonly totalBytes: number | undefined;
}

/** A detector looks at the first {@link HEAD_BYTES} bytes (fewer only when the file is shorter). */
export type ContainerDetector = (head: Buffer) => Container | undefined;

/** Enough for every detector here: RF64 keeps its 64-bit size at offset 20. */
export const HEAD_BYTES = 64;

/** Live recorders write one of these and patch it later, or never. */
const isOpenLength = (size: number) => size === 0 || size === 0xffff_ffff;

/** RIFF: `RIFF`, uint32le size of what follows, form type. https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html */
function riff(head: Buffer): Container | undefined {
  if (head.length < 12 || head.toString('latin1', 0, 4) !== 'RIFF') return undefined;
  const size = head.readUInt32LE(4);
  return { name: 'RIFF', totalBytes: isOpenLength(size) ? undefined : size + 8 };
}

/** RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088): the 32-bit size is −1 and a `ds64` chunk holds the 64-bit one. */
function rf64(head: Buffer): Container | undefined {
  if (head.length < 12) return undefined;
  const name = head.toString('latin1', 0, 4);
  if (name !== 'RF64' && name !== 'BW64') return undefined;
  // a file that ends inside its own header is shorter than that header
  if (head.length < 28) return { name, totalBytes: 28 };
  if (head.toString('latin1', 12, 16) !== 'ds64') return { name, totalBytes: undefined };
  const size = head.readBigUInt64LE(20);
  const open = size === 0n || size > BigInt(Number.MAX_SAFE_INTEGER - 8);
  return { name, totalBytes: open ? undefined : Number(size) + 8 };
}

/** Other containers are added here. */
export const CONTAINERS: readonly ContainerDetector[] = [riff, rf64];

export function detectContainer(head: Buffer): Container | undefined {
  for (const detect of CONTAINERS) {
    const container = detect(head);
    if (container !== undefined) return container;
  }
  return undefined;
}

/** The longest tag below, and what follows it. */
const TAG_BYTES = 16;

/**
 * Reports whether the file begins like a web page or an XML document: no recording format does. Looks at blanks and one tag, not at all
 * of `head`.
 */
export function looksLikeMarkup(head: Buffer): boolean {
  let start = head.toString('latin1', 0, 3) === '\u00ef\u00bb\u00bf' ? 3 : 0;
  while (isBlank(head[start])) start += 1;
  const text = head.toString('latin1', start, start + TAG_BYTES).toLowerCase();
  return /^<(!doctype|html|head|body|script|\?xml|error>|!--)/.test(text);
}

/** A blank of Latin-1; `undefined` is the end. */
const isBlank = (byte: number | undefined) =>
  byte !== undefined && ((byte >= 0x09 && byte <= 0x0d) || byte === 0x20 || byte === 0xa0);
