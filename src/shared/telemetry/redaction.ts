const HIDDEN = '[hidden]';
const SECRET_PARAMETERS = /([?&](?:token|access_token|password|secret|qr)=)[^&#]*/gi;

/**
 * A request's target without its secrets: the subscription token (the segment after `/<subscriptionPath>/`) and
 * secret query parameters such as `/api/core/logs?token=` and links to draw, `?qr=`.
 */
export function redactUrl(url: string, subscriptionPath: string): string {
  const prefix = `/${subscriptionPath}/`;
  const end = url.startsWith(prefix) ? url.slice(prefix.length).search(/[/?#]/) : -1;
  const path = !url.startsWith(prefix)
    ? url
    : prefix + HIDDEN + (end < 0 ? '' : url.slice(prefix.length + end));
  return path.replace(SECRET_PARAMETERS, `$1${HIDDEN}`);
}

/** Where secrets may stand in what is logged; pino writes `[hidden]` there. */
export const redactedFields = {
  censor: HIDDEN,
  paths: ['password', 'token', 'access_token', 'authorization', 'secret'].flatMap((name) => [
    name,
    `*.${name}`,
    `*.headers.${name}`,
  ]),
};

/** What is logged of an error. Never all its fields: a database error carries the values of its statement. */
export function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, constraint, table } = error as { code?: unknown; constraint?: unknown; table?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    ...(constraint === undefined ? {} : { constraint, table }),
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
