/**
 * Entry of the guest: the one file that a sandboxed process opens. It holds no plugin until the host binds one.
 */
import { runGuest } from './runtime.ts';

void runGuest();
