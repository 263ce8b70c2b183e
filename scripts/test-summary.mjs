// Prints `N passed, N failed` from vitest's JSON report; exits with 1 unless all passed. A file that could not be
// loaded counts as one failure, and so does a report that is missing: a check before the tests failed.
import { existsSync, readFileSync } from 'node:fs';

const path = process.argv[2] ?? '';
let passed = 0;
let failed = 1;
if (existsSync(path)) {
  const report = JSON.parse(readFileSync(path, 'utf8'));
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  passed = report.numPassedTests;
  failed = report.numFailedTests + broken.length;
  if (failed === 0 && !report.success) failed = 1;
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
