import type { CataloguedRecording } from './catalogue.ts';
import { stableUuid } from './catalogue.ts';
import type { OAuthClient } from './oauth.ts';
import type { PastOptions } from './past/past.ts';
import type { ScriptedConversation } from './published/recordings/scripted.ts';
import { RecordingsWorld } from './published/recordings/world.ts';
import { transcriptFile } from './published/transcripts.ts';
import { uploadReportFile } from './published/uploads.ts';
import type { Orphan, PlatformBehaviour } from './published/world-state.ts';
import { SimulatorError } from './simulator-error.ts';
import { present } from './present.ts';

/** What an organization of the published API holds. */
export interface OrganizationContents {
  /** Conversations of the published API; default none. */
  readonly conversations?: readonly ScriptedConversation[];
  /** Recordings of days that are over, made by formula; default none. */
  readonly past?: PastOptions;
  /** Recordings that have lost their conversation; default none. */
  readonly orphans?: readonly Partial<Orphan>[];
  /** How the platform behaves, e.g. how far its data lake is behind. */
  readonly behaviour?: Partial<PlatformBehaviour>;
}

/** A further organization in the same simulator. */
export interface OrganizationOptions extends OrganizationContents {
  readonly name: string;
  /** Default: from the name. */
  readonly id?: string;
  /** At least one. */
  readonly clients: readonly OAuthClient[];
}

export interface SimulatedOrganization {
  readonly name: string;
  readonly clients: readonly OAuthClient[];
  /** What the published API serves. */
  readonly world: RecordingsWorld;
}

export interface OrganizationsOptions {
  readonly first: OrganizationContents & {
    readonly clients: readonly OAuthClient[];
    readonly organizationId?: string;
  };
  readonly others: readonly OrganizationOptions[];
  readonly seed: number;
  readonly now: () => number;
  readonly link: (fileId: string) => string;
  readonly requestsPerMinute: number | undefined;
}

export interface Organizations {
  readonly list: readonly SimulatedOrganization[];
  readonly clients: readonly OAuthClient[];
  /** The organization of an OAuth client. */
  worldOf(clientId: string): RecordingsWorld;
  /** What the media host serves under an id, of any organization. */
  file(id: string): CataloguedRecording | undefined;
}

/** @throws SimulatorError when two OAuth clients have the same id, or an organization has none. */
export function createOrganizations(options: OrganizationsOptions): Organizations {
  const { first, others, seed, now, link, requestsPerMinute } = options;
  const make = (contents: OrganizationContents, at: number, identity: { id?: string; name?: string }) => {
    const world = new RecordingsWorld({
      seed: at === 0 ? seed : seed * 31 + at,
      now,
      link,
      requestsPerMinute,
      past: contents.past,
      orphans: contents.orphans,
      behaviour: contents.behaviour,
      ...present({ organizationId: identity.id, organizationName: identity.name }),
    });
    for (const script of contents.conversations ?? []) world.add(script);
    return world;
  };
  const home = make(first, 0, present({ id: first.organizationId }));
  const list: SimulatedOrganization[] = [
    { name: home.organizationName, clients: first.clients, world: home },
    ...others.map((other, at) => ({
      name: other.name,
      clients: other.clients,
      world: make(other, at + 1, {
        id: other.id ?? stableUuid(`organization/${other.name}`),
        name: other.name,
      }),
    })),
  ];
  const byClient = new Map<string, RecordingsWorld>();
  for (const { name, clients, world } of list) {
    if (clients.length === 0) throw new SimulatorError(`the organization ${name} has no OAuth client`);
    for (const { clientId } of clients) {
      if (byClient.has(clientId)) throw new SimulatorError(`there are two OAuth clients ${clientId}`);
      byClient.set(clientId, world);
    }
  }
  return {
    list,
    clients: list.flatMap(({ clients }) => clients),
    worldOf: (clientId) => byClient.get(clientId) ?? home,
    file(id) {
      for (const { world } of list) {
        const file = world.file(id) ?? transcriptFile(world, id) ?? uploadReportFile(world, id);
        if (file !== undefined) return file;
      }
      return undefined;
    },
  };
}
