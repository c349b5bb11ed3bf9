// A WAV of unknown length, as it arrives: 16-bit samples as floats, with the rate of its header.
export class WavStream {
  #head = new Uint8Array(0);
  #odd = null;
  sampleRate = 0;

  /** Takes the next bytes and gives the samples that they complete. */
  push(bytes) {
    if (this.sampleRate === 0) {
      this.#head = join(this.#head, bytes);
      const start = this.#findData();
      if (start < 0) return new Float32Array(0);
      bytes = this.#head.subarray(start);
    }
    if (this.#odd !== null) bytes = join(Uint8Array.of(this.#odd), bytes);
    const count = bytes.length >> 1;
    this.#odd = bytes.length & 1 ? bytes[bytes.length - 1] : null;
    const view = new DataView(bytes.buffer, bytes.byteOffset, 2 * count);
    return Float32Array.from({ length: count }, (_, i) => view.getInt16(2 * i, true) / 32768);
  }

  /** Where the samples begin; -1 where the header is not whole yet. */
  #findData() {
    const view = new DataView(this.#head.buffer, this.#head.byteOffset, this.#head.length);
    const name = at => String.fromCharCode(...this.#head.subarray(at, at + 4));
    let rate = 0;
    for (let at = 12; at + 8 <= view.byteLength; ) {
      if (name(at) === "data") {
        this.sampleRate = rate;
        return at + 8;
      }
      if (name(at) === "fmt " && at + 24 <= view.byteLength) rate = view.getUint32(at + 12, true);
      at += 8 + view.getUint32(at + 4, true);
    }
    return -1;
  }
}

function join(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
