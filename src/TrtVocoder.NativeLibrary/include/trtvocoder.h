/*
 * TrtVocoder in C: mel spectrograms to speech by TensorRT engines and ONNX models, inside the calling process. C11 and
 * C++17. One shared library, libtrtvocoder.so, which needs no .NET; what it needs beside it tells docs/c-api.md.
 *
 * Rules that hold for every function, unless it says otherwise:
 *   Errors       Returns 0 (TRTVOCODER_OK) or a negative trtvocoder_status, whose meaning never changes;
 *                trtvocoder_get_last_error then tells more on the same thread. On failure out parameters are set to 0
 *                or NULL and objects are as before; audio may have been written in part. A NULL that is not said to be
 *                allowed, a handle that was destroyed or is of another kind, and a struct_size that is not the
 *                struct's, are TRTVOCODER_ERROR_INVALID_ARGUMENT. No function throws or calls exit.
 *   Threads      A vocoder and a scheduler may be used by any number of threads at once. A session and a stream may be
 *                used by one thread at a time; a second one gets TRTVOCODER_ERROR_BUSY, never wrong audio. Threads need
 *                not be registered.
 *   Blocking     Returns without waiting for a GPU or a file.
 *   Ownership    *_create and *_load_* give the caller a handle, to be given back by the *_destroy of its kind: NULL is
 *                fine, it never fails, and the order does not matter, since each keeps alive what it needs of its
 *                vocoder. Arguments are read during the call only. Strings are UTF-8 and end in 0; those handed out
 *                live as long as the handle they came from, unless said otherwise.
 *   Processes    After fork the library works in the process that first called it only: in the child every function
 *                that can fail is TRTVOCODER_ERROR_FORKED. Start children before, or let them exec. The library is not
 *                unloaded by dlclose.
 *   Environment  The variables of docs/architecture.md are read as they stood when the library was first called.
 */
#ifndef TRTVOCODER_H
#define TRTVOCODER_H

#include <stdint.h>

#ifdef __cplusplus
#define TRTVOCODER_NOEXCEPT noexcept
extern "C" {
#else
#define TRTVOCODER_NOEXCEPT
#endif

/** Version of this header's ABI; trtvocoder_get_abi_version gives the library's. They must be equal. */
#define TRTVOCODER_ABI_VERSION 1

/** What a call came to. */
typedef enum trtvocoder_status {
    /** Done. */
    TRTVOCODER_OK = 0,
    /** An argument is missing, out of range, or does not fit the model. */
    TRTVOCODER_ERROR_INVALID_ARGUMENT = -1,
    /** Not enough host memory. */
    TRTVOCODER_ERROR_OUT_OF_MEMORY = -2,
    /** A file is missing or cannot be read. */
    TRTVOCODER_ERROR_FILE_SYSTEM = -3,
    /** A model or a mel that cannot be used: damaged, foreign, not finite. */
    TRTVOCODER_ERROR_BAD_DATA = -4,
    /** A native library is missing or unusable (the message lists where it was looked for), or there is no GPU. */
    TRTVOCODER_ERROR_MISSING_LIBRARY = -5,
    /** The CUDA driver failed; native_code is its CUresult. */
    TRTVOCODER_ERROR_CUDA = -6,
    /** TensorRT refused or failed. */
    TRTVOCODER_ERROR_TENSORRT = -7,
    /** Another thread is using the session or the stream, or a scheduler has no room. */
    TRTVOCODER_ERROR_BUSY = -8,
    /** Another failure of the model or of what runs it: the output is not finite, the input too short. */
    TRTVOCODER_ERROR_MODEL = -9,
    /** The call was made in a child process after fork. */
    TRTVOCODER_ERROR_FORKED = -10,
    /** This model or its backend has no such feature. */
    TRTVOCODER_ERROR_UNSUPPORTED = -11,
    /** A fault of this library; the message says which, please report it. */
    TRTVOCODER_ERROR_INTERNAL = -12,
    /** A request was cancelled, or its scheduler destroyed, before it was done. */
    TRTVOCODER_ERROR_CANCELLED = -13,
    /** A stream's utterance is over: complete, or a push of it failed. */
    TRTVOCODER_ERROR_INVALID_STATE = -14,
} trtvocoder_status;

/** How grave a log message is. */
typedef enum trtvocoder_severity {
    /** A fault inside TensorRT. */
    TRTVOCODER_SEVERITY_INTERNAL_ERROR = 0,
    /** A call failed. */
    TRTVOCODER_SEVERITY_ERROR = 1,
    /** Something worth changing. */
    TRTVOCODER_SEVERITY_WARNING = 2,
    /** What is going on. */
    TRTVOCODER_SEVERITY_INFO = 3,
    /** Everything. */
    TRTVOCODER_SEVERITY_VERBOSE = 4,
} trtvocoder_severity;

/** What a network puts out. */
typedef enum trtvocoder_signal {
    /** Spectra; the inverse STFT follows. */
    TRTVOCODER_SIGNAL_SPECTRUM = 0,
    /** Samples. */
    TRTVOCODER_SIGNAL_WAVEFORM = 1,
} trtvocoder_signal;

/** How an STFT pads. */
typedef enum trtvocoder_padding {
    /** By n_fft / 2 on both sides: F frames are (F - 1) * hop samples. */
    TRTVOCODER_PADDING_CENTER = 0,
    /** By (n_fft - hop) / 2 on both sides: F frames are F * hop samples. */
    TRTVOCODER_PADDING_SAME = 1,
} trtvocoder_padding;

/** Memory order of a mel. */
typedef enum trtvocoder_layout {
    /** [mel_count, frames]: all frames of band 0, then of band 1, and so on, as networks take it. */
    TRTVOCODER_LAYOUT_BANDS_MAJOR = 0,
    /** [frames, mel_count]: all bands of frame 0, then of frame 1, and so on, as most acoustic models put it out. */
    TRTVOCODER_LAYOUT_FRAME_MAJOR = 1,
} trtvocoder_layout;

/** What elements are, on the GPU. */
typedef enum trtvocoder_element_type {
    /** IEEE single precision. */
    TRTVOCODER_ELEMENT_FLOAT = 0,
    /** IEEE half precision. */
    TRTVOCODER_ELEMENT_HALF = 1,
} trtvocoder_element_type;

/** The memory that an engine's mel and result go through. */
typedef enum trtvocoder_buffers {
    /** As the GPU is: mapped where it shares the host's memory (Jetson), else pinned. */
    TRTVOCODER_BUFFERS_AUTO = 0,
    /** Pinned host memory and GPU memory, with copies. */
    TRTVOCODER_BUFFERS_PINNED = 1,
    /** Host memory that the GPU reads and writes. */
    TRTVOCODER_BUFFERS_MAPPED = 2,
} trtvocoder_buffers;

/** Which of NVIDIA's runtimes loads an engine. */
typedef enum trtvocoder_runtime {
    /** The one that built it. */
    TRTVOCODER_RUNTIME_AUTO = 0,
    /** TensorRT. */
    TRTVOCODER_RUNTIME_TENSORRT = 1,
    /** TensorRT-RTX. */
    TRTVOCODER_RUNTIME_TENSORRT_RTX = 2,
} trtvocoder_runtime;

/** Where spectra are turned into samples. */
typedef enum trtvocoder_inverse_stft {
    /** On the GPU behind an engine's network, where it can; else on the host. */
    TRTVOCODER_INVERSE_STFT_AUTO = 0,
    /** On the GPU; a model whose spectra it cannot take is TRTVOCODER_ERROR_INVALID_ARGUMENT. */
    TRTVOCODER_INVERSE_STFT_GPU = 1,
    /** On the host, by FFTW. */
    TRTVOCODER_INVERSE_STFT_HOST = 2,
} trtvocoder_inverse_stft;

/** What a thread does while it waits for the GPU. */
typedef enum trtvocoder_waiting {
    /** It spins, and sleeps where more threads wait than there are cores. */
    TRTVOCODER_WAITING_AUTO = 0,
    /** It spins: awake at once, and a core is busy. */
    TRTVOCODER_WAITING_SPINS = 1,
    /** It sleeps: the core is others', and it wakes some ten microseconds late. */
    TRTVOCODER_WAITING_SLEEPS = 2,
} trtvocoder_waiting;

/** A loaded model and how to decode with it. */
typedef struct trtvocoder_vocoder trtvocoder_vocoder;

/** Decoders and buffers for one thread at a time. */
typedef struct trtvocoder_session trtvocoder_session;

/** Decodes many requests together, on threads of its own. */
typedef struct trtvocoder_scheduler trtvocoder_scheduler;

/** Decodes one mel after another as it arrives, in pieces. */
typedef struct trtvocoder_stream trtvocoder_stream;

/**
 * Takes a log message. May be called from any thread, several at a time, and must not call this library. source is
 * "TensorRT" or "trtvocoder"; both strings live during the call only.
 */
typedef void (*trtvocoder_log_callback)(void* user, int32_t severity, const char* source, const char* message);

/**
 * Takes what becomes of a request: the samples [first_sample, first_sample + count) of its audio, in order and without
 * a gap. Called on the scheduler's threads, for one request one call at a time; exactly one, the last, has is_last 1.
 * Its status is TRTVOCODER_OK, or why the request ended early: then message is one clear sentence, samples is NULL and
 * count 0, and what came before is right. Every other call has status 0, message "" and is_last 0. samples and message
 * live during the call only. It may call functions of the scheduler but those that wait: trtvocoder_scheduler_destroy,
 * _warm_up, _wait_for_room and _get_memory; while it runs one of the scheduler's threads decodes nothing.
 */
typedef void (*trtvocoder_request_callback)(void* user, int32_t status, const char* message, const float* samples,
                                            int32_t first_sample, int32_t count, int32_t is_last);

/** The last error on a thread. */
typedef struct trtvocoder_error {
    /** sizeof(trtvocoder_error). */
    uint32_t struct_size;
    /** What went wrong: trtvocoder_status; 0 where no call has failed yet. */
    int32_t status;
    /** Number of the failure's kind in .NET (TrtVocoder.FailureKind): what a caller can do; 0 where nothing more is to
     * be told. */
    int32_t kind;
    /** The CUresult of TRTVOCODER_ERROR_CUDA, else 0. */
    int32_t native_code;
    /** One clear sentence; "" where no call has failed yet. Valid until the thread's next failing call. */
    const char* message;
} trtvocoder_error;

/** How to load a model and decode with it. All 0 but struct_size: the defaults. */
typedef struct trtvocoder_options {
    /** sizeof(trtvocoder_options). That of a header without inverse_stft and what follows is accepted too. */
    uint32_t struct_size;
    /** The GPU's number. */
    int32_t device;
    /** Threads of models that run on the CPU; 0: the backend chooses. */
    int32_t threads;
    /** Threads of a session's inverse STFT; 0: up to 6. */
    int32_t inverse_stft_threads;
    /** Windows and batches under way at the same time; 0: the backend chooses. */
    int32_t runs_in_flight;
    /** The most frames of one run of the network; longer inputs are decoded in windows. 0: the model's limit, at most
     * 1024. */
    int32_t max_window_frames;
    /** Lengths of windows: "auto", "off", or frames like "64,128,256"; NULL: "auto". */
    const char* windows;
    /** 1: samples are not looked through for NaN and infinity. */
    int32_t skips_output_check;
    /** An engine's optimisation profile, from 0. */
    int32_t profile;
    /** trtvocoder_buffers. */
    int32_t buffers;
    /** 1: no CUDA graphs. */
    int32_t without_graphs;
    /** 1: version-compatible engines may be loaded, which carry executable code: only for engines that are trusted. */
    int32_t allows_host_code;
    /** trtvocoder_runtime. */
    int32_t runtime;
    /** Folder of NVIDIA's libraries; NULL: what TRTV_TENSORRT_DIR or TRTV_TENSORRT_RTX_DIR names, else where the
     * system's loader looks. */
    const char* library_folder;
    /** Of a model that does not say it: mel bands; 0: by the input's shape. */
    int32_t mel_count;
    /** The same: sample rate in Hz; 0: 24000. */
    int32_t sample_rate;
    /** The same: n_fft in samples; 0: by the outputs. */
    int32_t fft_length;
    /** The same: hop in samples; 0: n_fft / 4. */
    int32_t hop_length;
    /** The same: trtvocoder_padding. */
    int32_t padding;
    /** The same: frames to each side that an output frame depends on; 0: unknown. */
    int32_t receptive_field_frames;
    /** The same: the floor under mel amplitudes before the logarithm; 0: 1e-7. */
    float mel_floor;
    /** Not used; 0. */
    int32_t reserved;
    /** Name of the output with the real parts; NULL: found. Goes together with imag_output. */
    const char* real_output;
    /** Name of the output with the imaginary parts. */
    const char* imag_output;
    /** Name of the output with samples; NULL: found. */
    const char* audio_output;
    /** Where spectra are turned into samples: trtvocoder_inverse_stft. */
    int32_t inverse_stft;
    /** How a thread waits for the GPU: trtvocoder_waiting. */
    int32_t waiting;
    /** 1: bandwidth_id is told. */
    int32_t has_bandwidth_id;
    /** Of a network made for several bandwidths: which one, from 0. */
    int32_t bandwidth_id;
} trtvocoder_options;

/** Facts about a loaded model. */
typedef struct trtvocoder_info {
    /** sizeof(trtvocoder_info). That of a header without device_mel_frame_major and what follows is accepted too. */
    uint32_t struct_size;
    /** Sample rate of the audio in Hz. */
    int32_t sample_rate;
    /** Mel bands. */
    int32_t mel_count;
    /** n_fft in samples. */
    int32_t fft_length;
    /** Hop in samples. */
    int32_t hop_length;
    /** trtvocoder_padding. */
    int32_t padding;
    /** The floor under mel amplitudes before the logarithm. */
    float mel_floor;
    /** Frames to each side that an output frame depends on; -1: unknown. */
    int32_t receptive_field_frames;
    /** The fewest frames of a mel. */
    int32_t min_frames;
    /** The most frames of one run; INT32_MAX: no limit. Longer mels are decoded in windows. */
    int32_t max_frames;
    /** The most items of one run; INT32_MAX: no limit. */
    int32_t max_batch;
    /** What the network puts out: trtvocoder_signal. */
    int32_t signal;
    /** 1: an engine on a GPU, which decodes from device pointers unless it keeps_state. */
    int32_t takes_device_pointers;
    /** What an engine's mel is on the GPU: trtvocoder_element_type; -1 where there is no GPU. */
    int32_t device_mel_type;
    /** What an engine's result is on the GPU: trtvocoder_element_type; -1 where there is no GPU. */
    int32_t device_output_type;
    /** 1: an engine's spectrum is [batch, frames, bins]; 0: [batch, bins, frames]. */
    int32_t device_output_frame_major;
    /** What runs it, for people: "ONNX Runtime 1.23.2 (CPU)". */
    const char* backend;
    /** What was guessed or assumed of the model, a sentence a line; "" for nothing. */
    const char* notes;
    /** 1: an engine's mel is [batch, frames, mel_count] on the GPU; 0: [batch, mel_count, frames]. In host memory it is
     * the latter for every model. */
    int32_t device_mel_frame_major;
    /** 1: exported for streaming: state goes from run to run, so that a stream computes each frame once; an engine
     * keeps it in memory of its own, and takes no device pointers. */
    int32_t keeps_state;
} trtvocoder_info;

/** How a stream takes its pieces. All 0 but struct_size: the defaults. */
typedef struct trtvocoder_stream_options {
    /** sizeof(trtvocoder_stream_options). */
    uint32_t struct_size;
    /** trtvocoder_layout of what is pushed. */
    int32_t layout;
} trtvocoder_stream_options;

/** Facts about a stream, and where it is. */
typedef struct trtvocoder_stream_info {
    /** sizeof(trtvocoder_stream_info). */
    uint32_t struct_size;
    /** By how many frames samples come after the mel: 29 for the published model. */
    int32_t lookahead_frames;
    /** Frames until the first samples come, unless the utterance ends earlier: 30 for the published model. */
    int32_t first_sample_frames;
    /** Frames pushed whose samples wait for frames to come; 0 once complete. */
    int32_t held_frames;
    /** Finished samples that were not read. */
    int32_t available_samples;
    /** 1: the utterance is complete. */
    int32_t is_complete;
    /** Frames pushed since the utterance began. */
    int64_t pushed_frames;
} trtvocoder_stream_info;

/** How a scheduler shares runs of the network. All 0 but struct_size: the defaults. */
typedef struct trtvocoder_scheduler_options {
    /** sizeof(trtvocoder_scheduler_options). That of a header without tells_start is accepted too. */
    uint32_t struct_size;
    /** The most windows of one run; 0: an engine's own limit, at most 16, and 1 on the CPU, where batches save nothing.
     */
    int32_t batch;
    /** The most frames of a window; 0: chosen, as docs/hosts.md tells. */
    int32_t window_frames;
    /** Runs under way at the same time, each on a thread of its own; 0: chosen. At most 64. */
    int32_t lanes;
    /** The most windows that wait; a request beyond them is TRTVOCODER_ERROR_BUSY. 0: 4096. */
    int32_t max_queued_windows;
    /** 1: the callback comes for each part of a request as soon as it is ready; 0: once, with everything. */
    int32_t sends_parts;
    /** 1: the callback also comes, with count 0, when a run begins that has the first of a request's windows. */
    int32_t tells_start;
} trtvocoder_scheduler_options;

/** What a scheduler has done since it was made, and what it is at. */
typedef struct trtvocoder_scheduler_statistics {
    /** sizeof(trtvocoder_scheduler_statistics). */
    uint32_t struct_size;
    /** The most windows of one run. */
    int32_t batch;
    /** Runs under way at the same time. */
    int32_t lanes;
    /** Windows that wait now. */
    int32_t queued_windows;
    /** Windows in runs that are under way now. */
    int32_t running_windows;
    /** Requests that were accepted and have not ended. */
    int32_t open_requests;
    /** Requests accepted. */
    int64_t requests_submitted;
    /** Requests that ended with TRTVOCODER_OK. */
    int64_t requests_completed;
    /** Requests that ended with an error other than TRTVOCODER_ERROR_CANCELLED. */
    int64_t requests_failed;
    /** Requests that ended with TRTVOCODER_ERROR_CANCELLED. */
    int64_t requests_cancelled;
    /** Requests refused with TRTVOCODER_ERROR_BUSY, not counted as submitted. */
    int64_t requests_refused;
    /** Runs of the network. */
    int64_t batches_run;
    /** Windows in them. */
    int64_t windows_run;
    /** Windows that would have been in them, had each been full: windows_run / slots_offered is the batch fill. */
    int64_t slots_offered;
    /** Frames that the network computed, windows' overlaps and empty slots included. */
    int64_t frames_run;
    /** Frames of the accepted requests' mels. */
    int64_t frames_asked;
} trtvocoder_scheduler_statistics;

/* ---- library ---- */

/** Gives the ABI version of the library: TRTVOCODER_ABI_VERSION of its header. Never fails. */
int32_t trtvocoder_get_abi_version(void) TRTVOCODER_NOEXCEPT;

/** Gives the library's version, "0.1.0". Never fails. Ownership: the library's, for as long as the process lives. */
const char* trtvocoder_get_version(void) TRTVOCODER_NOEXCEPT;

/**
 * Tells about the last call that failed on this thread. Errors: invalid argument. Ownership: the message is the
 * library's, until the thread's next failing call.
 */
int32_t trtvocoder_get_last_error(trtvocoder_error* error) TRTVOCODER_NOEXCEPT;

/**
 * Sends log messages at least as grave as severity to callback; NULL stops it. For the whole process; the last caller
 * wins. Errors: invalid argument. Threads: any; a message that is under way may still arrive after the call.
 * Ownership: callback and user must live until another was set and no message is under way.
 */
int32_t trtvocoder_log_set_callback(trtvocoder_log_callback callback, void* user, int32_t severity) TRTVOCODER_NOEXCEPT;

/* ---- vocoder ---- */

/**
 * Loads an ONNX model or a TensorRT engine, told apart by content; an engine's sidecar is found beside it. options may
 * be NULL. Errors: invalid argument, file system, bad data, missing library, CUDA, TensorRT, out of memory.
 * Blocking: reads the file; engines take a second. Ownership: the caller's, trtvocoder_vocoder_destroy.
 */
int32_t trtvocoder_vocoder_load_file(const char* path, const trtvocoder_options* options,
                                     trtvocoder_vocoder** vocoder) TRTVOCODER_NOEXCEPT;

/**
 * The same of size bytes, at most 2 GiB, without what lies beside a file. name (NULL is allowed) is what messages call
 * it. The bytes are not needed afterwards.
 */
int32_t trtvocoder_vocoder_load_memory(const void* model, int64_t size, const char* name,
                                       const trtvocoder_options* options,
                                       trtvocoder_vocoder** vocoder) TRTVOCODER_NOEXCEPT;

/** Gives the handle back; sessions go on. Threads: one, once; other calls with this handle end first. */
void trtvocoder_vocoder_destroy(trtvocoder_vocoder* vocoder) TRTVOCODER_NOEXCEPT;

/** Tells about the model. Errors: invalid argument. Ownership: strings are the vocoder's. */
int32_t trtvocoder_vocoder_get_info(trtvocoder_vocoder* vocoder, trtvocoder_info* info) TRTVOCODER_NOEXCEPT;

/** Gives the samples that a mel of frames frames decodes to. Errors: invalid argument. */
int32_t trtvocoder_vocoder_get_sample_count(trtvocoder_vocoder* vocoder, int32_t frames,
                                            int32_t* samples) TRTVOCODER_NOEXCEPT;

/**
 * Copies size bytes of a GPU's memory to the host's, for callers that have no CUDA of their own. device is the GPU's
 * number, which need not be the vocoder's; source is a CUdeviceptr in its primary context, of what is written already:
 * no stream is waited for. The thread's current context stays. Errors: invalid argument (also: no such GPU),
 * unsupported (no engine), CUDA (no such memory; native_code tells), missing library. Blocking: until it is copied;
 * the first copy from or to another GPU than the vocoder's may have to make its context.
 */
int32_t trtvocoder_vocoder_copy_from_device(trtvocoder_vocoder* vocoder, int32_t device, uint64_t source,
                                            void* destination, int64_t size) TRTVOCODER_NOEXCEPT;

/** Copies size bytes of the host's memory to a GPU's. Errors, blocking and the rest: as above. */
int32_t trtvocoder_vocoder_copy_to_device(trtvocoder_vocoder* vocoder, int32_t device, const void* source,
                                          uint64_t destination, int64_t size) TRTVOCODER_NOEXCEPT;

/* ---- session ---- */

/**
 * Makes a session. profile_capacity: how many decodes it keeps the times of, for trtvocoder_session_get_profile; 0
 * measures nothing and costs nothing. Errors: invalid argument, CUDA, TensorRT, out of memory.
 * Blocking: an engine's takes about 50 ms. Ownership: the caller's, trtvocoder_session_destroy.
 */
int32_t trtvocoder_session_create(trtvocoder_vocoder* vocoder, int32_t profile_capacity,
                                  trtvocoder_session** session) TRTVOCODER_NOEXCEPT;

/** Gives the handle back. Threads: one, once; a decode on another thread ends first. Blocking: waits for runs from
 * device pointers. */
void trtvocoder_session_destroy(trtvocoder_session* session) TRTVOCODER_NOEXCEPT;

/**
 * Makes every window ready, so that no decode pays for a new shape. Errors: busy, CUDA, TensorRT, model.
 * Blocking: some 50 ms a window and run in flight on a GPU.
 */
int32_t trtvocoder_session_warm_up(trtvocoder_session* session) TRTVOCODER_NOEXCEPT;

/** Makes the shapes ready that a decode of batch items of frames frames uses. Errors and blocking: as above; invalid
 * argument. */
int32_t trtvocoder_session_warm_up_shape(trtvocoder_session* session, int32_t batch,
                                         int32_t frames) TRTVOCODER_NOEXCEPT;

/**
 * Decodes batch mels of one length: mel is [batch, mel_count, frames] of natural-log amplitudes, audio takes [batch,
 * samples] and has room for capacity values. samples (NULL is allowed) is how many samples each item has:
 * trtvocoder_vocoder_get_sample_count. Errors: invalid argument, bad data (NaN or infinity), model, busy, CUDA,
 * TensorRT. Blocking: until the samples are there. Ownership: mel and audio are the caller's and must not overlap.
 */
int32_t trtvocoder_session_decode(trtvocoder_session* session, const float* mel, int32_t batch, int32_t frames,
                                  float* audio, int64_t capacity, int32_t* samples) TRTVOCODER_NOEXCEPT;

/**
 * Gives how many values each output of trtvocoder_session_decode_on_device has: batch * bins * frames of a spectrum,
 * batch * samples of a waveform. Errors: invalid argument (the engine does not take the shape), unsupported (no
 * engine), busy, CUDA, TensorRT.
 */
int32_t trtvocoder_session_get_device_output_length(trtvocoder_session* session, int32_t batch, int32_t frames,
                                                    int64_t* length) TRTVOCODER_NOEXCEPT;

/**
 * Enqueues one run from and to the caller's GPU memory on the caller's stream: nothing is copied, nothing is checked
 * for NaN, and there are no windows. Addresses are CUdeviceptrs aligned to 256 bytes, their elements of the types that
 * trtvocoder_info tells. mel: [batch, mel_count, frames], or [batch, frames, mel_count] where device_mel_frame_major is
 * 1. An engine that puts out spectra writes their real and imaginary parts; the inverse STFT is the caller's. One that
 * puts out samples writes them to real_or_audio, and imag is 0. stream: a CUstream (cudaStream_t) of the GPU's primary
 * context, not the default stream. Runs of a session do not overlap on the GPU, whatever stream they are on. Errors:
 * invalid argument, unsupported (no engine, one that keeps state, or planes that are not real and imaginary parts),
 * busy, CUDA, TensorRT. Blocking: milliseconds where the shape is another than the last one's. Ownership: the memory is
 * the caller's and must live until the stream has done the work.
 */
int32_t trtvocoder_session_decode_on_device(trtvocoder_session* session, uint64_t mel, int32_t batch, int32_t frames,
                                            uint64_t real_or_audio, uint64_t imag, void* stream) TRTVOCODER_NOEXCEPT;

/**
 * The same down to samples, of mels of any length: audio takes [batch, samples] in FP32 (of an engine that puts out
 * samples itself in its own type), samples being trtvocoder_vocoder_get_sample_count. Addresses are multiples of an
 * element's size. Shapes that trtvocoder_session_warm_up made ready run by their graphs, in memory of the session's,
 * between two copies; longer mels and batches than one run takes run in several. A spectrum stays in memory of the
 * session's, and the inverse STFT runs behind the network on the same stream. NaN is looked for nowhere. Into a stream
 * that is being captured the runs are recorded; launch that graph apart from all other decodes of the session, and
 * never again once the session decoded another length or was destroyed. Errors: invalid argument, bad data (longer than
 * the model's windows reach), unsupported (no engine, or one that keeps state; the inverse STFT was left to the host,
 * or the GPU cannot do it: compute capability below 8.0, n_fft of other factors than 2, 3 and 5), busy, CUDA, TensorRT.
 * Blocking: as above.
 */
int32_t trtvocoder_session_decode_audio_on_device(trtvocoder_session* session, uint64_t mel, int32_t batch,
                                                  int32_t frames, uint64_t audio, void* stream) TRTVOCODER_NOEXCEPT;

/**
 * Gives the frames that the mel of count samples has. Errors: invalid argument, bad data (too few samples), busy.
 */
int32_t trtvocoder_session_get_frame_count(trtvocoder_session* session, int32_t count,
                                           int32_t* frames) TRTVOCODER_NOEXCEPT;

/**
 * Computes the mel that the model takes of count samples at its sample rate: mel takes [mel_count, frames] and has room
 * for capacity values. frames (NULL is allowed) is trtvocoder_session_get_frame_count. Errors: invalid argument, bad
 * data (too few samples), busy. Blocking: computes.
 */
int32_t trtvocoder_session_compute_mel(trtvocoder_session* session, const float* audio, int32_t count, float* mel,
                                       int64_t capacity, int32_t* frames) TRTVOCODER_NOEXCEPT;

/**
 * Tells the times of the session's decodes as JSON: {"decodes": n, "parts": {"endToEnd": {"count", "minMs", "meanMs",
 * "medianMs", "p90Ms", "p95Ms", "p99Ms", "maxMs"}, …}, "last": {"batch", "frames", "windows", …}}. Decodes that paid
 * for a new shape are left out of the parts and counted in "shapeChanges". Errors: invalid argument, unsupported (the
 * session was made with a profile_capacity of 0), busy. Ownership: the session's, until the next such call on it.
 */
int32_t trtvocoder_session_get_profile(trtvocoder_session* session, const char** json) TRTVOCODER_NOEXCEPT;

/* ---- stream ---- */

/**
 * Makes a stream: frames go in, and samples come out as soon as no later frame can change them. However a mel is cut,
 * they are those of trtvocoder_session_decode of the whole, up to the rounding of other shapes, and exactly as many. A
 * network exported for streaming computes each frame once; of any other the frames around a push are decoded again. The
 * stream has decoders and buffers of its own, as a session has. options may be NULL. Errors: invalid argument (the
 * longest window is too short), bad data (the model does not tell its receptive field), CUDA,
 * TensorRT, model, out of memory. Blocking: an engine's takes about 50 ms; a model by others may be asked for its
 * receptive field. Ownership: the caller's, trtvocoder_stream_destroy.
 */
int32_t trtvocoder_stream_create(trtvocoder_vocoder* vocoder, const trtvocoder_stream_options* options,
                                 trtvocoder_stream** stream) TRTVOCODER_NOEXCEPT;

/** Gives the handle back. Threads: one, once; a call on another thread ends first. */
void trtvocoder_stream_destroy(trtvocoder_stream* stream) TRTVOCODER_NOEXCEPT;

/**
 * Makes every shape ready that pushes of up to chunk_frames frames use, so that none pays for one, and begins another
 * utterance. Of a network exported for streaming, runs on a GPU have chunk_frames frames from then on, and what is
 * short of them waits for the next push or the end. Errors: invalid argument (chunk_frames is below 1), busy, CUDA,
 * TensorRT, model. Blocking: some 50 ms a shape on a GPU; a chunk of 10 frames of the published model has 64, or one of
 * a network exported for streaming.
 */
int32_t trtvocoder_stream_warm_up(trtvocoder_stream* stream, int32_t chunk_frames) TRTVOCODER_NOEXCEPT;

/**
 * Adds the utterance's next frames, 0 or more, and decodes what they complete: mel is in the stream's layout, of
 * natural-log amplitudes. available (NULL is allowed) is how many finished samples can be read now. Errors: invalid
 * argument, bad data (NaN or infinity) and busy take nothing; invalid state (the utterance is over); model, CUDA and
 * TensorRT end the utterance: trtvocoder_stream_reset begins the next. Blocking: until the samples are there.
 */
int32_t trtvocoder_stream_push(trtvocoder_stream* stream, const float* mel, int32_t frames,
                               int32_t* available) TRTVOCODER_NOEXCEPT;

/**
 * Ends the utterance: decodes what waited for frames to come. Done already: does nothing. available (NULL is allowed)
 * is how many finished samples can be read now. Errors: invalid state (a push failed), busy, model (also: the mel is
 * too short), CUDA, TensorRT. Blocking: until the samples are there.
 */
int32_t trtvocoder_stream_complete(trtvocoder_stream* stream, int32_t* available) TRTVOCODER_NOEXCEPT;

/**
 * Takes finished samples out, the earliest first: as many as there are and fit into capacity values. samples is how
 * many were written; 0 is no error. Errors: invalid argument, busy.
 */
int32_t trtvocoder_stream_read(trtvocoder_stream* stream, float* audio, int64_t capacity,
                               int32_t* samples) TRTVOCODER_NOEXCEPT;

/** Begins another utterance, whatever became of the last; its samples that were not read are lost. Errors: busy. */
int32_t trtvocoder_stream_reset(trtvocoder_stream* stream) TRTVOCODER_NOEXCEPT;

/** Tells about the stream. Errors: invalid argument, busy. */
int32_t trtvocoder_stream_get_info(trtvocoder_stream* stream, trtvocoder_stream_info* info) TRTVOCODER_NOEXCEPT;

/* ---- scheduler ---- */

/**
 * Makes a scheduler: mels of any lengths are cut into windows, windows of different requests share runs of the network,
 * and each request is answered as soon as its last window is done, with the samples that a session gives. Requests are
 * served in turn; one with more windows than a run takes waits behind the others for each further run. Nothing is held
 * back in the hope of a fuller run. options may be NULL. Errors: invalid argument (the model does not take such
 * windows), CUDA, TensorRT, model, out of memory. Blocking: an engine's lanes take about 50 ms
 * each. Ownership: the caller's, trtvocoder_scheduler_destroy; it keeps alive what it needs of the vocoder.
 */
int32_t trtvocoder_scheduler_create(trtvocoder_vocoder* vocoder, const trtvocoder_scheduler_options* options,
                                    trtvocoder_scheduler** scheduler) TRTVOCODER_NOEXCEPT;

/**
 * Refuses new requests, ends those that have windows waiting with TRTVOCODER_ERROR_CANCELLED, waits for the runs under
 * way, and gives the handle back: every accepted request has had its last callback when this returns. Threads: one,
 * once, and not a callback of this scheduler; other calls with this handle end first. Blocking: as said.
 */
void trtvocoder_scheduler_destroy(trtvocoder_scheduler* scheduler) TRTVOCODER_NOEXCEPT;

/**
 * Makes every shape ready on every lane, so that no request pays for a new one. To be called before the first request;
 * later it waits for the runs under way. Errors: busy (called from a callback of this scheduler), CUDA, TensorRT,
 * model. Blocking: some 50 ms a shape and lane on a GPU.
 */
int32_t trtvocoder_scheduler_warm_up(trtvocoder_scheduler* scheduler) TRTVOCODER_NOEXCEPT;

/**
 * Accepts a request: mel is [mel_count, frames] of natural-log amplitudes, copied during the call. callback gets the
 * samples, trtvocoder_vocoder_get_sample_count of frames; it may run before this returns. ticket (NULL is allowed)
 * names the request for trtvocoder_scheduler_cancel, never 0. On failure the callback is never called. Errors: invalid
 * argument, bad data (NaN or infinity), model (too long for it), busy (max_queued_windows), CUDA (the GPU's context is
 * lost: all that follow fail), out of memory. Blocking: copies. Ownership: callback and user must live until the last
 * callback has returned.
 */
int32_t trtvocoder_scheduler_submit(trtvocoder_scheduler* scheduler, const float* mel, int32_t frames,
                                    trtvocoder_request_callback callback, void* user,
                                    int64_t* ticket) TRTVOCODER_NOEXCEPT;

/**
 * Ends a request with TRTVOCODER_ERROR_CANCELLED, by its last callback, which may come after this returns: windows that
 * wait are dropped, windows in a run are waited for. One that has ended, or is about to, is left as it is, which is no
 * error. Errors: invalid argument (no such ticket was ever given).
 */
int32_t trtvocoder_scheduler_cancel(trtvocoder_scheduler* scheduler, int64_t ticket) TRTVOCODER_NOEXCEPT;

/**
 * Waits until windows more (0: 1) may wait, or nothing waits, so that a request of so many is accepted if nobody else
 * is faster. timeout_ms: -1 waits for ever. Errors: invalid argument, busy (there was no room in time), CUDA (the GPU's
 * context is lost). Blocking: as said.
 */
int32_t trtvocoder_scheduler_wait_for_room(trtvocoder_scheduler* scheduler, int32_t windows,
                                           int32_t timeout_ms) TRTVOCODER_NOEXCEPT;

/** Gives how many windows a mel of frames frames is cut into. Errors: invalid argument, model (too long for it). */
int32_t trtvocoder_scheduler_get_window_count(trtvocoder_scheduler* scheduler, int32_t frames,
                                              int32_t* windows) TRTVOCODER_NOEXCEPT;

/**
 * Gives the bytes of memory that the scheduler's lanes hold: on the GPU the buffers and what the engine works in, on
 * the host what the GPU sees; 0 and 0 of a model on the CPU. They grow with shapes that no warm-up made ready. Not in
 * them: the engine's weights, and what the driver keeps for contexts, graphs and kernels. Errors: invalid argument,
 * busy (from a callback). Blocking: waits for the runs under way.
 */
int32_t trtvocoder_scheduler_get_memory(trtvocoder_scheduler* scheduler, int64_t* device_bytes,
                                        int64_t* host_bytes) TRTVOCODER_NOEXCEPT;

/** Tells what the scheduler has done. The numbers are of one moment. Errors: invalid argument. */
int32_t trtvocoder_scheduler_get_statistics(trtvocoder_scheduler* scheduler,
                                            trtvocoder_scheduler_statistics* statistics) TRTVOCODER_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
