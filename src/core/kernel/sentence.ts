/** Texts of servers, programs and errors end as they like; these two let them stand in sentences of ours. */

/** With an end, and no second one. */
export function sentence(text: string): string {
  const said = text.trimEnd();
  return said === '' || /[.!?…]$/.test(said) ? said : `${said}.`;
}

/** Without its full stop: more of the same sentence follows. */
export const clause = (text: string): string => text.trimEnd().replace(/(?<!\.)\.$/, '');
