/** `{NAME}` with an optional conversion and text format, doubled braces, and any other text. */
const VARIABLES =
  /^(?:[^{}]|\{\{|\}\}|\{(?!\d+[}!:])[^{}!:.[\]]+(?:![sra])?(?::(?:[^{}]?[<>^])?0?\d*(?:\.\d+)?s?)?\})*$/u;

const FRAGMENT = /^\d{1,4}(?:-\d{1,4})?,\d{1,3}(?:-\d{1,3})?,(?:tlshello|\d(?:-\d)?)$/;

/** The kinds with free text swallow what follows, so only the last item can be one of them. */
const NOISE =
  /^(?:rand:\d{1,4}(?:-\d{1,4})?(?:,\d{1,4}(?:-\d{1,4})?)?&)*(?:rand:\d{1,4}(?:-\d{1,4})?(?:,\d{1,4}(?:-\d{1,4})?)?|(?:str|hex|base64):[^\n]+)$/;

const MAX_NOISE_LENGTH = 2000;

/**
 * Whether the variables in a remark or an address are well-formed; any name will do.
 * Source: Marzban `app/models/proxy.py`, which asks Python's `str.format`; there, names with an attribute or an
 * index fail with a server error, here they are malformed.
 */
export function hasValidVariables(text: string): boolean {
  return VARIABLES.test(text);
}

/** Whether `setting` is `length,interval,packets`, the first two as numbers or ranges. */
export function isFragmentSetting(setting: string): boolean {
  return FRAGMENT.test(setting);
}

/**
 * Whether `setting` is a list of `kind:packet,delay` joined by `&`. The same language as Marzban's expression, which
 * could take exponential time.
 */
export function isNoiseSetting(setting: string): boolean {
  return NOISE.test(setting);
}

export function isNoiseTooLong(setting: string): boolean {
  return setting.length > MAX_NOISE_LENGTH && [...setting].length > MAX_NOISE_LENGTH;
}
