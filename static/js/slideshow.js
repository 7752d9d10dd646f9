/** Goes on to the next photo by itself. Its button tells whether it runs. */

const SLIDE_MS = 5000;

export class Slideshow {
  #button;
  #goOn;
  #timer = 0;

  /** @param goOn shows the next photo; gives a Promise of whether there is one more. */
  constructor(button, goOn) {
    this.#button = button;
    this.#goOn = goOn;
  }

  toggle() {
    if (this.#timer) return this.stop();
    this.#tell(true);
    this.#wait();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#tell(false);
  }

  #wait() {
    this.#timer = setTimeout(async () => {
      const goesOn = await this.#goOn();
      if (!this.#timer) return;
      if (goesOn) this.#wait();
      else this.stop();
    }, SLIDE_MS);
  }

  #tell(isRunning) {
    this.#button.setAttribute("aria-pressed", String(isRunning));
  }
}
