// Plays what it is sent, sample by sample, on the audio thread; says when the first one leaves, when it ran dry, and when all have left.
class Player extends AudioWorkletProcessor {
  constructor() {
    super();
    this.parts = [];
    this.offset = 0;
    this.played = 0;
    this.gaps = 0;
    this.peak = 0;
    this.ended = false;
    this.waiting = false;
    this.port.onmessage = ({ data }) => {
      if (data.samples) this.parts.push(data.samples);
      if (data.stop) this.parts = [];
      if (data.end || data.stop) this.ended = true;
    };
  }

  process(_, [[output]]) {
    let at = 0;
    while (at < output.length && this.parts.length > 0) {
      const part = this.parts[0];
      const count = Math.min(output.length - at, part.length - this.offset);
      for (let i = 0; i < count; i++) {
        const sample = part[this.offset + i];
        output[at + i] = sample;
        this.peak = Math.max(this.peak, Math.abs(sample));
      }
      at += count;
      this.offset += count;
      if (this.offset === part.length) {
        this.parts.shift();
        this.offset = 0;
      }
    }
    if (at > 0 && this.played === 0) this.port.postMessage({ first: true });
    this.played += at;
    if (at === output.length) {
      this.waiting = false;
      return true;
    }
    if (this.ended) {
      this.port.postMessage({ done: true, played: this.played, gaps: this.gaps, peak: this.peak });
      return false;
    }
    if (this.played > 0 && !this.waiting) {
      this.waiting = true;
      this.gaps++;
    }
    return true;
  }
}

registerProcessor("player", Player);
