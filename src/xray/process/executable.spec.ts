import { describe, expect, it } from 'vitest';
import { NO_XRAY, parseXrayVersion, xrayCandidates } from './executable.js';

describe('an Xray executable', () => {
  const where = { searchPath: '/usr/bin:bin::/opt/bin', dataDir: '/data' };

  it('is looked for on the path, in absolute folders only, and then where it is installed', () => {
    expect(xrayCandidates(where)).toEqual(['/usr/bin/xray', '/opt/bin/xray', '/data/bin/xray']);
  });

  it('is the one of the setting, or none', () => {
    expect(xrayCandidates({ ...where, executablePath: '/x/xray' })).toEqual(['/x/xray']);
    expect(xrayCandidates({ ...where, executablePath: NO_XRAY })).toEqual([]);
  });

  it.each([
    [
      'Xray 26.3.27 (Xray, Penetrates Everything.) 1234567 (go1.26 linux/amd64)\nA unified platform',
      '26.3.27',
    ],
    ['Xray 1.8.24 (Xray, Penetrates Everything.)', '1.8.24'],
    ['V2Ray 5.0.0', undefined],
    ['', undefined],
  ])('says its version: %s', (output, version) => {
    expect(parseXrayVersion(output)).toBe(version);
  });
});
