/** Texts of servers, programs and errors end as they like; these two let them stand in sentences of ours. */

/** With an end, and no second one. */
export const sentence = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`);

/** Without its full stop: more of the same sentence follows. */
export const clause = (text: string): string => text.replace(/(?<!\.)\.$/, '');
