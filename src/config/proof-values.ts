import { checked } from './checked.ts';

const problem = (text: string) => ({ problem: text }) as const;

/** Name of a log: https://c2sp.org/signed-note, key names. */
export const logOrigin = checked((text) =>
  /^[^\s+\p{Cc}]{1,255}$/u.test(text) && !text.includes('://') && !text.startsWith('genesys-media-archive/')
    ? { value: text }
    : problem('must be a name without scheme, spaces and plus signs'),
);

const VKEY = /^[^\s+,]{1,255}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/;

/** Public keys of a log or of witnesses. */
export const vkeyList = checked((text) => {
  const keys = text.split(',').map((key) => key.trim());
  return keys.every((key) => VKEY.test(key))
    ? { value: keys }
    : problem('must be public keys as NAME+ID+KEY, comma-separated');
});

/** One key file, or two while one takes the place of the other. */
export const keyFiles = checked((text) => {
  const files = text.split(',').map((file) => file.trim());
  const isPath = (file: string) => file !== '' && !file.includes('\0');
  return files.length <= 2 && files.every(isPath) ? { value: files } : problem('must name one file, or two');
});

/** Time-stamping authorities; many of them answer on http only, which the signature of their answer makes good. */
export const timestampUrls = checked((text) => {
  const urls = text.split(',').map((url) => url.trim());
  const areUrls = urls.every((url) => {
    const parsed = URL.parse(url);
    return (
      parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.username === '' && parsed.hash === ''
    );
  });
  return areUrls && urls.length <= 2 ? { value: urls } : problem('must be one http or https URL, or two');
});

/** One of those who cosign, as `ARCHIVE_PROOF_WITNESSES` names it. */
export interface WitnessSetting {
  readonly vkey: string;
  /** `undefined` of one whose cosignatures are checked, and that is not asked. */
  readonly url: string | undefined;
}

/** Signatures that are made one after another; each costs a request at every seal. */
const MAX_WITNESSES = 8;

/** Witnesses: a public key, and the address that is asked for a cosignature. */
export const witnessList = checked((text) => {
  const witnesses = text.split(',').map((each): WitnessSetting | undefined => {
    const [vkey = '', url, ...rest] = each.trim().split(/ +/);
    const isKnown = VKEY.test(vkey) && rest.length === 0 && (url === undefined || isWitnessUrl(url));
    return isKnown ? { vkey, url } : undefined;
  });
  const known = witnesses.filter((witness) => witness !== undefined);
  if (known.length !== witnesses.length || known.length > MAX_WITNESSES)
    return problem(
      `must be up to ${MAX_WITNESSES} witnesses as NAME+ID+KEY, a space and an http or https URL, comma-separated`,
    );
  const isTwice = new Set(known.map(({ vkey }) => vkey)).size < known.length;
  return isTwice ? problem('names one witness twice') : { value: known };
});

function isWitnessUrl(url: string): boolean {
  const { protocol, username, search, hash } = URL.parse(url) ?? {};
  return /^https?:$/.test(protocol ?? '') && username === '' && search === '' && hash === '';
}
