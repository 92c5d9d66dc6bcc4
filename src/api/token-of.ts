/** A program that knows only an address, such as gh-ost, gives the token as the password in it. */
const passwordIn = (authorization: string): string | undefined => {
  const encoded = /^Basic ([A-Za-z0-9+/=]{1,1024})$/i.exec(authorization)?.[1];
  return encoded === undefined
    ? undefined
    : /^[^:]*:(\S{1,512})$/.exec(Buffer.from(encoded, 'base64').toString('latin1'))?.[1];
};

/** The token in the value of an Authorization header. */
export const tokenOf = (authorization: string): string | undefined =>
  /^Bearer (\S{1,512})$/i.exec(authorization)?.[1] ?? passwordIn(authorization);
