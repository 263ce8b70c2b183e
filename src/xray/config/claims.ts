import { MARKER_PREFIX } from './validate.js';

/** Whom a core that nobody here has started works for: as much as an outbound's name tells. */
export interface Claim {
  /** Of several the highest holds: counters of outbounds, by which claims are seen, outlive the outbound. */
  order: number;
  /** Eight hexadecimal digits that name the installation. */
  panel: string;
  nodeId: number;
  /** Tells one process from another: claims end with their process. */
  nonce: string;
}

const CLAIM = /^claim_(\d{1,9})_([0-9a-f]{8})_(\d{1,10})_([0-9a-f]+)$/;

/** The tag of the outbound that says so. */
export function claimTag({ order, panel, nodeId, nonce }: Claim): string {
  return `${MARKER_PREFIX}claim_${order}_${panel}_${nodeId}_${nonce}`;
}

/** What the outbounds of a core tell of it. */
export interface Markers {
  /** What tells its process from others; undefined for a core of which nobody has said anything. */
  process: string | undefined;
  /** What its config is known by, see `configMark`. */
  config: string | undefined;
  claim: Claim | undefined;
}

/** Reads the tags of outbounds, in any order. */
export function readMarkers(tags: Iterable<string>): Markers {
  const markers = [...tags].filter((tag) => tag.startsWith(MARKER_PREFIX)).sort();
  const claims = markers.flatMap((tag) => readClaim(tag) ?? []);
  const claim = claims.reduce<Claim | undefined>(
    (top, other) => (top === undefined || isAbove(other, top) ? other : top),
    undefined,
  );
  const plain = markers.find((tag) => !readClaim(tag));
  return {
    process: claim ? claimTag(claim) : plain,
    config: plain?.slice(MARKER_PREFIX.length).split('_')[0],
    claim,
  };
}

function readClaim(tag: string): Claim | undefined {
  const match = CLAIM.exec(tag.slice(MARKER_PREFIX.length));
  if (!match) return undefined;
  const [, order, panel, nodeId, nonce] = match;
  return { order: Number(order), panel: panel!, nodeId: Number(nodeId), nonce: nonce! };
}

/** Two that claim a core at once get the same order; then the text decides, for both alike. */
function isAbove(a: Claim, b: Claim): boolean {
  return a.order !== b.order ? a.order > b.order : claimTag(a) > claimTag(b);
}
