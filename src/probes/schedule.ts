/** A binary heap ordered by due time, so that a thousand probes need only one timer. */
export class Schedule<Item extends { readonly due: number }> {
  readonly #heap: Item[] = [];

  constructor(items: readonly Item[]) {
    this.#heap.push(...items.toSorted((a, b) => a.due - b.due)); // a sorted array is a heap
  }

  /** The item that is due first; undefined if the schedule is empty. */
  get first(): Item | undefined {
    return this.#heap[0];
  }

  /** Restores the order. Call this after you moved the first item's due time to a later moment. */
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
