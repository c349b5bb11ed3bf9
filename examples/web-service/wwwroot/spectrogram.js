const fftLength = 1024;
const hopLength = 256;
const floorDb = -100;
const loudestDb = -25;
const frameBudgetMs = 6;

/** Draws the spectrogram of speech that arrives in pieces, on a canvas of one column a hop that the style stretches. */
export class Spectrogram {
  #canvas;
  #samples = new Float32Array(1 << 16);
  #count = 0;
  #columns = 0;
  #image = document.createElement("canvas");
  #window = Float32Array.from({ length: fftLength }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / fftLength));

  constructor(canvas) {
    this.#canvas = canvas;
    this.#image.width = 4096;
    this.#image.height = fftLength / 2;
  }

  /** Takes samples, to be drawn later. */
  push(samples) {
    if (this.#count + samples.length > this.#samples.length) {
      const larger = new Float32Array(2 * (this.#count + samples.length));
      larger.set(this.#samples.subarray(0, this.#count));
      this.#samples = larger;
    }
    this.#samples.set(samples, this.#count);
    this.#count += samples.length;
  }

  /**
   * Draws more columns, as many as leave sound and page their time, and a line at the sample that is heard.
   * @returns whether all that has come is drawn.
   */
  draw(heardSamples) {
    const columns = Math.max(0, Math.floor((this.#count - fftLength) / hopLength) + 1);
    if (columns > this.#image.width) this.#widen(columns);
    const columnPaint = this.#image.getContext("2d");
    for (const start = performance.now(); this.#columns < columns && performance.now() - start < frameBudgetMs; this.#columns++)
      columnPaint.putImageData(this.#column(this.#columns * hopLength), this.#columns, 0);

    const { width, height } = this.#canvas;
    const paint = this.#canvas.getContext("2d");
    paint.clearRect(0, 0, width, height);
    if (this.#columns > 0) paint.drawImage(this.#image, 0, 0, this.#columns, this.#image.height, 0, 0, width, height);
    if (heardSamples > 0 && heardSamples < this.#count) {
      paint.fillStyle = "#fff";
      paint.fillRect((width * heardSamples) / this.#count, 0, 2, height);
    }
    return this.#columns === columns;
  }

  #widen(columns) {
    const larger = document.createElement("canvas");
    larger.width = 2 * columns;
    larger.height = this.#image.height;
    larger.getContext("2d").drawImage(this.#image, 0, 0);
    this.#image = larger;
  }

  #column(start) {
    const real = this.#samples.slice(start, start + fftLength).map((sample, i) => sample * this.#window[i]);
    const imag = new Float32Array(fftLength);
    transform(real, imag);
    const pixels = new ImageData(1, fftLength / 2);
    for (let bin = 0; bin < fftLength / 2; bin++) {
      const power = (real[bin] ** 2 + imag[bin] ** 2) / (fftLength / 4) ** 2;
      const loudness = Math.min(1, Math.max(0, 1 - (10 * Math.log10(power + 1e-12) - loudestDb) / (floorDb - loudestDb)));
      const at = 4 * (fftLength / 2 - 1 - bin);
      // Black, blue, orange, white.
      pixels.data[at] = 255 * Math.min(1, Math.max(0, 2.2 * loudness - 0.8));
      pixels.data[at + 1] = 255 * Math.max(0, 1.6 * loudness - 0.6);
      pixels.data[at + 2] = 255 * Math.min(1, Math.max(Math.min(1.4 * loudness, 1.5 - 1.6 * loudness), 3 * loudness - 2));
      pixels.data[at + 3] = 255;
    }
    return pixels;
  }
}

/** Fourier transform in place, of a power of two. */
function transform(real, imag) {
  const n = real.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) [real[i], real[j], imag[i], imag[j]] = [real[j], real[i], imag[j], imag[i]];
  }
  for (let size = 2; size <= n; size <<= 1) {
    const half = size / 2;
    for (let k = 0; k < half; k++) {
      const cos = Math.cos((-2 * Math.PI * k) / size);
      const sin = Math.sin((-2 * Math.PI * k) / size);
      for (let i = k; i < n; i += size) {
        const j = i + half;
        const re = real[j] * cos - imag[j] * sin;
        const im = real[j] * sin + imag[j] * cos;
        real[j] = real[i] - re;
        imag[j] = imag[i] - im;
        real[i] += re;
        imag[i] += im;
      }
    }
  }
}
