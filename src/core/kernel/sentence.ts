/** Messages of servers, programs and errors end in various ways; these functions fit them into our sentences. */

/** Adds a full stop unless the text has an end. */
export function sentence(text: string): string {
  const said = text.trimEnd();
  return said === '' || /[.!?…]$/.test(said) ? said : `${said}.`;
}

export const firstUpper = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

const mostSaid = 3;

/** `a; b; c; and 4 more`: the first three of many. */
export function sayFirst<Item>(items: readonly Item[], say: (item: Item) => string): string {
  const more = items.length - mostSaid;
  return `${items.slice(0, mostSaid).map(say).join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

/** Removes the full stop, because the sentence continues. */
export const clause = (text: string): string => text.trimEnd().replace(/(?<!\.)\.$/, '');
