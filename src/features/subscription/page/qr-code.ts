import { create } from 'qrcode';
import { Markup, markup } from './markup.js';

/** Light modules around the code, as its standard demands. */
const QUIET_ZONE = 4;
/** About the side of a code on the page, in CSS pixels. */
const SIDE = 340;
/** Pixels of a module that a camera can still tell apart. */
const MIN_SCALE = 3;

/** The text as a QR code in SVG; undefined for one that no QR code can hold. */
export function qrCode(text: string, label: string): Markup | undefined {
  const modules = encode(text);
  if (!modules) return undefined;
  const side = modules.size + 2 * QUIET_ZONE;
  // Whole pixels where there is room: on a coarse screen, modules of unequal size are hard to read.
  const scale = Math.max(MIN_SCALE, Math.floor(SIDE / side));
  return markup`<svg
    class="qr"
    width="${side * scale}"
    role="img"
    aria-label="${label}"
    viewBox="0 0 ${side} ${side}"
    shape-rendering="crispEdges"
  >
    <path fill="#fff" d="M0 0h${side}v${side}H0z" />
    <path stroke="#000" d="${darkRuns(modules)}" />
  </svg>`;
}

type Modules = ReturnType<typeof create>['modules'];

function encode(text: string): Modules | undefined {
  try {
    return create(text, { errorCorrectionLevel: 'L' }).modules; // a screen has no stains, so as few modules as can be
  } catch {
    return undefined;
  }
}

/** Horizontal strokes over the dark modules of each row. */
function darkRuns({ size, data }: Modules): string {
  let path = '';
  for (let y = 0; y < size; y++) {
    path += `M${QUIET_ZONE} ${y + QUIET_ZONE}.5`;
    for (let x = 0; x < size;) {
      const dark = data[y * size + x] === 1;
      const start = x;
      while (x < size && (data[y * size + x] === 1) === dark) x++;
      if (dark) path += `h${x - start}`;
      else if (x < size) path += `m${x - start} 0`;
    }
  }
  return path;
}
