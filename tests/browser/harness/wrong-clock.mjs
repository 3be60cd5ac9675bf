/** A device whose date is wrong. */

/** Runs in the page before its own scripts: shifts the date that scripts see, but not the time that passes. */
function shift(offMs) {
  const Real = Date;
  class Shifted extends Real {
    constructor(...given) {
      if (given.length === 0) super(Real.now() + offMs);
      else super(...given);
    }

    static now() {
      return Real.now() + offMs;
    }
  }
  window.Date = Shifted;
}

/** The script, as text. */
export const wrongClock = (offMs) => `(${shift})(${offMs})`;
