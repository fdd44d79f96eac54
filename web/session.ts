import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Grant, Me } from './api-types.ts';
import { formatRoute, type Page } from './route.ts';

export interface Session {
  readonly me: Me;
  /** Of several archives the one that is looked at; `undefined` where there is only one. */
  readonly archive: string | undefined;
  readonly can: (grant: Grant) => boolean;
  /** The address of a page of the same archive. */
  readonly to: (page: Page, id?: string, query?: URLSearchParams) => string;
}

export const SessionContext = createContext<Session | undefined>(undefined);

export function sessionOf(me: Me, archive: string | undefined): Session {
  return {
    me,
    archive,
    can: (grant) => me.grants.includes(grant),
    to: (page, id, query) => {
      const named = new URLSearchParams(query);
      if (archive !== undefined) named.set('archive', archive);
      return formatRoute(page, id, named);
    },
  };
}

/** The session of the page; pages are drawn only within one. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error('no session');
  return session;
}
