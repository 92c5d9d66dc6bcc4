import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

import { canonical } from './canonical.ts';
import { type Hash, hash } from './ids.ts';

/** SHA-256 over the canonical JSON: what approvals and evidence are bound to. */
export const hashOf = (value: unknown): Hash => hash(`sha256:${bytesToHex(sha256(utf8ToBytes(canonical(value))))}`);
