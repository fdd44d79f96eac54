/**
 * The ports of the heart (`archive/`). Adapters (`genesys/`, `envelope/`, `store/`) implement them and import nothing from
 * each other. All byte streams are async iterables of chunks; no method ever takes or returns a whole recording.
 */
export * from './ports/anchor.ts';
export * from './ports/analytics.ts';
export * from './ports/archived.ts';
export * from './ports/envelope.ts';
export * from './ports/expired-objects.ts';
export * from './ports/inventory.ts';
export * from './ports/key-records.ts';
export * from './ports/media.ts';
export * from './ports/platform-audits.ts';
export * from './ports/quarantine.ts';
export * from './ports/source-inventory.ts';
export * from './ports/source-keeper.ts';
export * from './ports/store.ts';
export * from './ports/table.ts';
export * from './ports/transcripts.ts';
export * from './ports/versions.ts';
