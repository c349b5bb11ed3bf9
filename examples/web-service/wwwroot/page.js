import { WavStream } from "./speech-stream.js";
import { Spectrogram } from "./spectrogram.js";

const element = id => document.getElementById(id);
const mebibytes = bytes => (bytes / 2 ** 20).toFixed(1);
const milliseconds = ms => `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;

const model = fetch("model").then(answer => answer.json());
let audio;
let playing;

element("form").addEventListener("submit", event => {
  event.preventDefault();
  speak(element("file").files[0]);
});
element("stop").addEventListener("click", () => playing?.abort());
// What fails here is said when it is needed.
element("file").addEventListener("change", () => openAudio().catch(() => {}));
model.then(
  ({ backend, melCount, hopLength, sampleRate }) =>
    (element("model").textContent = `${backend} · ${melCount} mels · hop ${hopLength} · ${sampleRate} Hz`),
  () => enter("failed", "The service does not answer."),
);

/** Opens the sound card, once, at the model's rate, so that nothing is resampled. */
function openAudio() {
  audio ??= (async () => {
    const context = new AudioContext({ sampleRate: (await model).sampleRate, latencyHint: "interactive" });
    if (!context.audioWorklet) throw new Error("The browser plays only where the page comes by https or from localhost.");
    await context.audioWorklet.addModule("player-worklet.js");
    return context;
  })();
  return audio;
}

/** Makes what plays one utterance. */
async function openPlayer() {
  const context = await openAudio();
  await context.resume();
  const player = new AudioWorkletNode(context, "player", { numberOfInputs: 0, outputChannelCount: [1] });
  player.connect(context.destination);
  return player;
}

async function speak(file) {
  const clicked = performance.now();
  const ending = (playing = new AbortController());
  enter("busy", `${file.name} is sent …`);
  const spectrogram = new Spectrogram(element("spectrogram"));
  const received = [];
  const latency = {};
  let heardAt = null;
  let player;
  showLatency(latency);
  requestAnimationFrame(draw);
  try {
    const { maxRequestBytes } = await model;
    if (file.size > maxRequestBytes)
      throw new Error(`${file.name} has ${mebibytes(file.size)} MiB; the service takes at most ${mebibytes(maxRequestBytes)}.`);
    const answer = fetch("speech", { method: "POST", body: file, signal: ending.signal });
    answer.then(() => (latency.firstByte = performance.now() - clicked), () => {});
    player = await openPlayer();
    const response = await answer;
    if (!response.ok) throw new Error(await whyNot(response));
    Object.assign(latency, serverParts(response));
    showLatency(latency);
    enter("playing", `${file.name} is spoken …`);

    const heard = new Promise(done => {
      player.port.onmessage = ({ data }) => {
        if (data.first) {
          heardAt = performance.now();
          latency.firstAudio = heardAt - clicked;
          showLatency(latency);
        }
        if (data.done) done(data);
      };
    });
    const wav = new WavStream();
    let count = 0;
    for await (const bytes of chunksOf(response.body)) {
      received.push(bytes);
      const samples = wav.push(bytes);
      if (samples.length === 0) continue;
      count += samples.length;
      player.port.postMessage({ samples });
      spectrogram.push(samples);
      element("duration").textContent = `${(count / wav.sampleRate).toFixed(2)} s`;
    }
    latency.total = performance.now() - clicked;
    showLatency(latency);
    offer(received, file.name);
    player.port.postMessage({ end: true });
    const result = await Promise.race([heard, stopped(ending.signal)]);
    Object.assign(document.body.dataset, { samples: count, played: result.played, gaps: result.gaps, peak: result.peak });
    const waits = result.gaps === 0 ? "playback never waited" : `playback waited ${result.gaps} times`;
    enter("done", `${file.name}: ${(count / wav.sampleRate).toFixed(2)} s of speech, ${waits}.`);
  } catch (error) {
    if (error.name === "AbortError") enter("stopped", `${file.name} was stopped.`);
    else enter("failed", error instanceof TypeError ? "The connection to the service broke off." : error.message);
    ending.abort();
  }
  player?.port.postMessage({ stop: true });
  player?.disconnect();
  playing = null;

  /** Draws until nothing more comes. */
  function draw() {
    if (playing !== null && playing !== ending) return;
    const heard = playing === null || heardAt === null ? 0 : ((performance.now() - heardAt) / 1000) * player.context.sampleRate;
    if (!spectrogram.draw(heard) || playing !== null) requestAnimationFrame(draw);
  }
}

/** Fails when the user stops. */
function stopped(signal) {
  return new Promise((_, refuse) => signal.addEventListener("abort", () => refuse(signal.reason)));
}

async function* chunksOf(stream) {
  const reader = stream.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
}

/** The sentence of an answer that is not speech. */
async function whyNot(response) {
  const problem = await response.json().catch(() => ({}));
  return problem.detail ?? problem.title ?? `The service answered ${response.status}.`;
}

/** What the service says of its own share, in ms: upload, mel, wait, decode. */
function serverParts(response) {
  const header = response.headers.get("Server-Timing") ?? "";
  return Object.fromEntries([...header.matchAll(/(\w+);dur=([\d.]+)/g)].map(([, name, ms]) => [name, Number(ms)]));
}

/** Shows what is known by now. */
function showLatency({ upload, mel, wait, decode, firstByte, firstAudio, total }) {
  const text = ms => (ms === undefined ? "–" : milliseconds(ms));
  element("upload").textContent = text(upload);
  element("first-byte").textContent = text(firstByte);
  element("server-parts").textContent =
    `from the click; of these mel ${text(mel)}, wait for a session ${text(wait)}, first part ${text(decode)}`;
  element("first-audio").textContent = text(firstAudio);
  element("total").textContent = text(total);
  const spans = [];
  let from = 0;
  for (const [until, name] of [[upload, "upload"], [firstByte, "decode"], [firstAudio, "sound"], [total, "rest"]]) {
    if (until === undefined) continue;
    const span = document.createElement("span");
    span.style.flexGrow = Math.max(0, until - from);
    span.style.background = `var(--${name})`;
    spans.push(span);
    from = Math.max(from, until);
  }
  element("bar").replaceChildren(...spans);
}

/** Lets the user keep what was heard, with the lengths that a stream's header does not know. */
function offer(received, name) {
  const size = received.reduce((sum, bytes) => sum + bytes.length, 0);
  const whole = new Uint8Array(size);
  received.reduce((at, bytes) => (whole.set(bytes, at), at + bytes.length), 0);
  const view = new DataView(whole.buffer);
  view.setUint32(4, size - 8, true);
  view.setUint32(40, size - 44, true);
  const link = element("save");
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([whole], { type: "audio/wav" }));
  link.download = name.replace(/\.\w+$/, "") + ".speech.wav";
  link.hidden = false;
}

function enter(state, message) {
  document.body.dataset.state = state;
  element("message").textContent = message;
  element("speak").disabled = state === "busy" || state === "playing";
  element("stop").disabled = !element("speak").disabled;
}
