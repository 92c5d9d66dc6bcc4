/** A machine by its name, since it was started last. */
export interface Place {
  readonly host: string;
  /** Of the kernel, other after each restart: what has another one ran before that, or on another machine of that name. */
  readonly bootId: string;
}
