export type { UnusableHost } from './entries.js';
export { unusableHosts } from './entries.js';
export { compileShareLinks } from './share-links.js';
export { isTemplate } from './template.js';
export type { Dice, Host, PublishedInbounds, Subscriber, SubscriberStatus, Surroundings } from './types.js';
