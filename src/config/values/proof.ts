import { checked, hasRepeats } from '../checked.ts';

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
  if (hasRepeats(files)) return problem('names one file twice: two are two keys');
  return files.length <= 2 && files.every(isPath) ? { value: files } : problem('must name one file, or two');
});

/** Many authorities and witnesses answer on http only; the signature of the answer is what is checked. */
function isHttpUrl(url: string): boolean {
  const { protocol = '', username, hash } = URL.parse(url) ?? {};
  return /^https?:$/.test(protocol) && username === '' && hash === '';
}

/** Time-stamping authorities. */
export const timestampUrls = checked((text) => {
  const urls = text.split(',').map((url) => url.trim());
  if (hasRepeats(urls)) return problem('names one authority twice: two are two owners');
  return urls.every(isHttpUrl) && urls.length <= 2
    ? { value: urls }
    : problem('must be one http or https URL, or two');
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
  const witnesses = text.split(',').map((each): WitnessSetting => {
    const [vkey = '', url, ...rest] = each.trim().split(' ');
    return { vkey: rest.length === 0 ? vkey : '', url };
  });
  if (hasRepeats(witnesses.map(({ vkey }) => vkey))) return problem('names one witness twice');
  const areKnown = witnesses.every(
    ({ vkey, url }) => VKEY.test(vkey) && (url === undefined || isHttpUrl(url)),
  );
  return areKnown && witnesses.length <= MAX_WITNESSES
    ? { value: witnesses }
    : problem('must be up to 8 witnesses as NAME+ID+KEY URL, comma-separated');
});

/** How long objects of the log are locked: as `init --object-lock`. */
export const logLock = checked((text) => {
  const [, mode, days] = /^(governance|compliance):([1-9]\d{0,4})$/.exec(text) ?? [];
  return mode === 'governance' || mode === 'compliance'
    ? { value: { mode, days: Number(days) } as const }
    : problem('must be governance:DAYS or compliance:DAYS');
});
