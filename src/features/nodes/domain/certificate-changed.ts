/** What the message of a node begins with that shows another certificate than the one it is known by. */
export const CERTIFICATE_CHANGED = 'certificate of the node changed';
