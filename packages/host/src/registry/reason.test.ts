import { ERRORS, LIMITS, isErrorCode, type ErrorCode } from '@bulkhead/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HostError } from '../base/host-error.ts';
import { assertActionable, composeReason, publicReason } from './reason.ts';

const CODES: readonly ErrorCode[] = Object.keys(ERRORS).filter(isErrorCode);
const VAGUE = [
  '',
  ' ',
  'Error',
  'error',
  'failed',
  'Failed!',
  'Error: x',
  'too short',
  'Unknown error',
  'Something went wrong',
  'An unexpected error occurred.',
  'Plugin execution failed',
  'TypeError: undefined',
  'Error: Error: failed',
  '[object Object]',
  'aaaaaaaaaaaaaaaaaaaa',
  '\u0000\u0001 \n\t\u202e          ',
];
const USEFUL = [
  "ImportError: No module named 'torch' (GPU plugin requires PyTorch)",
  'Missing torch (install with: pip install torch)',
  'TypeError: Cannot read properties of undefined (reading "price")',
  'nvidia-smi is not on the PATH',
];

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof HostError ? error.code : 'not a HostError';
  }
}

describe('reasons', () => {
  test.each(VAGUE)('[F001-25] the vague reason %j is refused with REASON_VAGUE', (reason) => {
    expect(codeOf(() => assertActionable(reason))).toBe('REASON_VAGUE');
  });

  test.each(USEFUL)('[F001-25] the useful reason %j is accepted as it is', (reason) => {
    expect(assertActionable(reason)).toBe(reason);
  });

  test('[F001-25] a composed reason has the class, the message and the cause in parentheses', () => {
    const reason = composeReason({
      code: 'PLUGIN_UNAVAILABLE',
      className: 'ImportError',
      message: 'No module named "torch"',
      cause: 'GPU plugin requires PyTorch',
      cure: 'npm install --prefix plugins/gpu torch',
    });
    expect(reason).toBe(
      'ImportError: No module named "torch" (GPU plugin requires PyTorch; permanent: npm install --prefix plugins/gpu torch)',
    );
  });

  test('a vague message of the host itself is joined to the table’s, so that nothing is lost', () => {
    const reason = composeReason({ code: 'GUEST_CRASHED', message: 'failed' });
    expect(reason).toMatch(/^GUEST_CRASHED: the plugin's process died .*, saying only "failed" \(/);
  });

  test('a cause that is given stands in place of the code and the table’s message', () => {
    const reason = composeReason({
      code: 'INIT_FAILED',
      className: 'TypeError',
      message: 'no price',
      cause: 'config lacks "price"',
    });
    expect(reason).toMatch(/^TypeError: no price \(config lacks "price"; temporary: /);
  });

  test('[F001-26] an operator can tell what is temporary from what is permanent', () => {
    expect(composeReason({ code: 'PLUGIN_THREW', className: 'TypeError', message: 'x is not a function' })).toContain(
      'temporary',
    );
    expect(composeReason({ code: 'HOST_SPAWN_FAILED' })).toContain('temporary');
    expect(composeReason({ code: 'PLUGIN_UNAVAILABLE' })).toContain('permanent');
    expect(composeReason({ code: 'REVIEW_REFUSED' })).toContain('permanent');
  });

  test('a reason without a class starts with its code', () => {
    expect(composeReason({ code: 'MANIFEST_INVALID', message: 'field "name" is missing' })).toMatch(
      /^MANIFEST_INVALID: field "name" is missing \(/,
    );
  });

  test.each(['', 'x', 'Error', 'failed'])(
    'a plugin that throws only %j still gets an actionable reason that keeps its text',
    (message) => {
      const reason = composeReason({ code: 'PLUGIN_THREW', className: 'Error', message });
      expect(assertActionable(reason)).toBe(reason);
      expect(reason).toContain(message === '' ? 'gave no message' : JSON.stringify(message));
    },
  );

  test('[F001-47] whatever a plugin throws, the composed reason is actionable, on one line and bounded', () => {
    const text = fc.option(fc.string({ unit: 'binary', maxLength: 1_500 }), { nil: undefined });
    fc.assert(
      fc.property(fc.constantFrom(...CODES), text, text, text, (code, className, message, cure) => {
        const reason = composeReason({
          code,
          ...(className === undefined ? {} : { className }),
          ...(message === undefined ? {} : { message }),
          ...(cure === undefined ? {} : { cure }),
        });
        expect(assertActionable(reason)).toBe(reason);
        expect(reason.length).toBeLessThanOrEqual(LIMITS.reason_characters.value);
        // oxlint-disable-next-line no-control-regex -- Control characters are what must not be there.
        expect(reason).not.toMatch(/[\u0000-\u001f\u202e]/);
        expect(reason).toMatch(/temporary|permanent/);
      }),
    );
  });

  test.each(CODES)('the public reason of %s holds its code, message and hint and is actionable', (code) => {
    const reason = publicReason(code);
    expect(assertActionable(reason)).toBe(reason);
    expect(reason.startsWith(`${code}: ${ERRORS[code].message}`)).toBe(true);
  });
});
