import { existsSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { house } from '../support/rooms.ts';

const root = new URL('../../', import.meta.url);
const text = readFileSync(new URL('docs/architecture.md', root), 'utf8');

/** The rows of the table under the heading that ends with the folder's name: the room without its slash, and its state. */
function roomsIn(folder: string): readonly { readonly room: string; readonly now: string }[] {
  const [, section = ''] = text.split(new RegExp(`^### .*\`${folder}\`$`, 'm'));
  const [table = ''] = section.split(/^#/m);
  return [...table.matchAll(/^\| `([\w.-]+)\/?` +\|[^|]*\| ([^|]*?) *\|$/gm)].map(([, room = '', now = '']) => ({
    room,
    now,
  }));
}

test.each([
  { folder: 'src/core/', rooms: house.core },
  { folder: 'src/', rooms: [...house.edge, ...house.entrances] },
])('docs/architecture.md lists the rooms of $folder in the enforced order', ({ folder, rooms }) => {
  const shown = roomsIn(folder);
  expect(shown.map(({ room }) => room)).toEqual(rooms);
  const planned = shown.filter(({ now }) => now === 'planned').map(({ room }) => room);
  expect(planned, 'a room is called planned until it is there').toEqual(
    rooms.filter((room) => !existsSync(new URL(`${folder}${room}`, root))),
  );
});
