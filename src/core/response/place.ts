/** A machine, from one boot to the next. */
export interface Place {
  readonly host: string;
  /** The kernel's id of the boot. Another id means an earlier boot, or another machine with the same name. */
  readonly bootId: string;
}
