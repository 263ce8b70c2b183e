export type { UnusableHost } from './entries.js';
export { unusableHosts } from './entries.js';
export { compileEntries, type DrawEntries, type Entry } from './entry.js';
export { type DocumentFormat, writeDocument } from './formats.js';
export { compileShareLinks } from './share-links.js';
export { isTemplate } from './template.js';
export { DEFAULT_TEMPLATES, type Templates } from './templates.js';
export type { Dice, Host, PublishedInbounds, Subscriber, SubscriberStatus, Surroundings } from './types.js';
