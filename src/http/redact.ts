/**
 * A URL as it may be printed: scheme, host, port and path. User info, query and fragment, where signatures and tokens live,
 * are dropped; so is everything when it is not a URL at all.
 */
export function redactUrl(url: string | URL): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname}`;
  } catch {
    return '(not a URL)';
  }
}
