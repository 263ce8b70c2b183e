import { bigInt, int, int32, type Kind, list, map, oneOf, text, time } from '../../../shared/http/fields.js';
import { Invalid, isObject } from '../../../shared/http/coercion.js';
import { type Protocol, PROTOCOLS, type TagsByProtocol } from '../../../xray/config/types.js';
import { LATEST_EXPIRE, RESET_STRATEGIES } from '../domain/user.js';
import { proxyType } from './proxies.kind.js';

const undocumentedLimits = <T>({ read }: Kind<T>): Kind<T> => ({ read, schema: () => ({ type: 'integer' }) });

/** Unix seconds that a date can hold, or as many seconds of time; 0 means never, or none. */
export const unixSeconds = undocumentedLimits(int({ min: 0, max: LATEST_EXPIRE }));

/** Bytes of a next plan; 0 means unlimited. */
export const planLimit = undocumentedLimits(bigInt({ min: 0 }));

export const days = int32();

export const strategy = oneOf(RESET_STRATEGIES, 'UserDataLimitResetStrategy');

/** An instant; `false` and 0 both are the start of Unix time and mean none. */
export const timeOrNone: Kind<Date> = {
  read: (value) => time().read(value === false ? 0 : value),
  schema: () => time().schema(),
};

/** Null is read as well, but not documented: it means the same as leaving the field out. */
export function nullIsAbsent<T>({ read, schema }: Kind<T>): Kind<T | undefined> {
  return { read: (value) => (value === null ? undefined : read(value)), schema };
}

const tags = list(text());
const tagsByProtocol = map(proxyType, tags) as Kind<TagsByProtocol>;

/** The inbounds to leave open, by protocol. */
export const inboundChoice: Kind<TagsByProtocol> = tagsByProtocol;

/**
 * The inbounds of a new user, by protocol. Unknown protocols are skipped; null or nothing in the list means all.
 */
export const newInboundChoice: Kind<TagsByProtocol> = {
  read(value) {
    if (!isObject(value)) return tagsByProtocol.read(value);
    const isKnown = ([key, chosen]: [string, unknown]) =>
      (PROTOCOLS as readonly string[]).includes(key as Protocol) && chosen !== null;
    const choice = tagsByProtocol.read(Object.fromEntries(Object.entries(value).filter(isKnown)));
    if (choice instanceof Invalid) return choice;
    return Object.fromEntries(Object.entries(choice).filter(([, chosen]) => chosen.length > 0));
  },
  schema: () => tagsByProtocol.schema(),
};
