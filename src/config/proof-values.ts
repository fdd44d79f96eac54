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
