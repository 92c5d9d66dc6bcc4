import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

import { canonical } from './canonical.ts';
import { type Hash, hash } from './ids.ts';

/** SHA-256 of the canonical JSON; approvals and evidence are bound to it. */
export const hashOf = (value: unknown): Hash => hash(`sha256:${bytesToHex(sha256(utf8ToBytes(canonical(value))))}`);
