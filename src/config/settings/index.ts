import { API } from './api.js';
import { JOBS } from './jobs.js';
import { NOTIFICATIONS } from './notifications.js';
import { DATABASE, PROCESS } from './process.js';
import type { Settings } from './setting.js';
import { SUBSCRIPTION } from './subscription.js';
import { NODES, XRAY } from './xray.js';

/** All settings under the headings of the documents, in their order. */
export const SECTIONS: readonly (readonly [title: string, settings: Settings])[] = [
  ['Process', PROCESS],
  ['Database', DATABASE],
  ['API', API],
  ['Xray', XRAY],
  ['Nodes', NODES],
  ['Subscriptions', SUBSCRIPTION],
  ['Jobs', JOBS],
  ['Notifications', NOTIFICATIONS],
];

export const SETTINGS = {
  ...PROCESS,
  ...DATABASE,
  ...API,
  ...XRAY,
  ...NODES,
  ...SUBSCRIPTION,
  ...JOBS,
  ...NOTIFICATIONS,
};

type All = typeof SETTINGS;

/** The names of the settings that hold this. */
export type NameOf<Part> = { [Name in keyof All]: All[Name] extends Part ? Name : never }[keyof All];
