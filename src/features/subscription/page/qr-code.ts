import { create } from 'qrcode';
import { Markup, markup } from './markup.js';

/** Light modules around the code, as its standard demands. */
const QUIET_ZONE = 4;
/** About the side of a code on the page, in CSS pixels. */
const SIDE = 340;
/** Pixels of a module that a camera can still tell apart. */
const MIN_SCALE = 3;

/** What the largest QR code holds, as bytes and with the least correction. */
const MOST_BYTES = 2953;

/** Whether any QR code can hold the text. */
export function fitsQrCode(text: string): boolean {
  return Buffer.byteLength(text) <= MOST_BYTES;
}

/** The text as a QR code inside the page; undefined for one that no QR code can hold. */
export function qrCode(text: string, label: string): Markup | undefined {
  if (!fitsQrCode(text)) return undefined;
  const { width, side, content } = draw(text);
  return markup`<svg
    class="qr"
    width="${width}"
    role="img"
    aria-label="${label}"
    viewBox="0 0 ${side} ${side}"
    shape-rendering="crispEdges"
  >${content}</svg>`;
}

/** The same as a picture of its own, which says nothing but the code. For a text that fits. */
export function qrPicture(text: string): string {
  const { width, side, content } = draw(text);
  return markup`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${width}"
    viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges">${content}</svg>`.text;
}

function draw(text: string): { width: number; side: number; content: Markup } {
  const modules = encode(text);
  const side = modules.size + 2 * QUIET_ZONE;
  // Whole pixels where there is room: on a coarse screen, modules of unequal size are hard to read.
  const scale = Math.max(MIN_SCALE, Math.floor(SIDE / side));
  const content = markup`<path fill="#fff" d="M0 0h${side}v${side}H0z" /><path stroke="#000" d="${darkRuns(modules)}" />`;
  return { width: side * scale, side, content };
}

type Modules = ReturnType<typeof create>['modules'];

/**
 * As bytes throughout: to look for stretches that take fewer bits costs five times as much. A screen has no stains, so
 * with the least correction, as few modules as can be.
 */
function encode(text: string): Modules {
  return create([{ data: Buffer.from(text), mode: 'byte' }], { errorCorrectionLevel: 'L' }).modules;
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
