// How long a series of runs will still take.

const SECOND_MS = 1000;
const MINUTE_S = 60;

/** Counts runs against those that were planned. */
export class Timetable {
  #planned = 0;
  #done = 0;
  /** @type {number | undefined} */
  #startMs;
  #clock;

  /** @param {() => number} [clock] milliseconds */
  constructor(clock = () => performance.now()) {
    this.#clock = clock;
  }

  /** So many more runs will come. @param {number} runs */
  plan(runs) {
    this.#planned += runs;
  }

  /** One run is over. */
  done() {
    this.#startMs ??= this.#clock();
    this.#done++;
  }

  /** The time that is left, to be put behind a message; nothing while it cannot be known. */
  left() {
    // The first run starts its server and fills it; the clock begins behind it.
    const since = this.#done - 1;
    const rest = this.#planned - this.#done;
    if (this.#startMs === undefined || since < 1 || rest <= 0) return '';
    const seconds = (((this.#clock() - this.#startMs) / since) * rest) / SECOND_MS;
    if (seconds < MINUTE_S) return ', less than a minute left';
    const minutes = Math.round(seconds / MINUTE_S);
    return `, about ${minutes} minute${minutes === 1 ? '' : 's'} left`;
  }
}
