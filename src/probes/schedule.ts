/** What is due when: a binary heap over the due times, so that a thousand probes need one timer. */
export class Schedule<Item extends { readonly due: number }> {
  readonly #heap: Item[] = [];

  constructor(items: readonly Item[]) {
    this.#heap.push(...items.toSorted((a, b) => a.due - b.due)); // a sorted array is a heap
  }

  /** The item that is due first; undefined when there is none. */
  get first(): Item | undefined {
    return this.#heap[0];
  }

  /** Call it after the first item's due time was moved back: another may come before it now. */
  firstMoved(): void {
    const heap = this.#heap;
    const item = heap[0];
    if (item === undefined) return;
    let place = 0;
    for (;;) {
      const left = heap[2 * place + 1];
      const right = heap[2 * place + 2];
      const child = right !== undefined && left !== undefined && right.due < left.due ? right : left;
      if (child === undefined || child.due >= item.due) break;
      heap[place] = child;
      place = 2 * place + (child === left ? 1 : 2);
    }
    heap[place] = item;
  }
}
