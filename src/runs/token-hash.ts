import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 random bits with a prefix that secret scanners recognise. */
export const newToken = (): string => `rip_${randomBytes(32).toString('base64url')}`;

/** The form in which a plan stores a token. A plain hash is enough, because the token is random and too long to guess. */
export const hashToken = (token: string): string => `sha256:${createHash('sha256').update(token).digest('hex')}`;

/** Takes as long for a wrong token as for the right one. */
export function tokenMatches(token: string, hash: string): boolean {
  const [ours, theirs] = [Buffer.from(hashToken(token)), Buffer.from(hash)];
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}
