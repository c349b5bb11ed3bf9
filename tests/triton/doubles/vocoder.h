// First values of mels that make the double of libtrtvocoder.so fail, and its GPU memory.
#pragma once

#include <cstdint>

namespace doubles {

/** The decode ends with TRTVOCODER_ERROR_MODEL. */
constexpr float model_fails = 1001;
/** The GPU's context is lost from then on. */
constexpr float context_is_lost = 1002;
/** The decode waits until it is cancelled, and the others behind it. */
constexpr float never_ends = 1003;
/** A push into a stream waits as long as the gate is shut. */
constexpr float waits_at_gate = 1004;
/** A session's decode shuts the gate, and opens it. */
constexpr float shuts_gate = 1005;
constexpr float opens_gate = 1006;

/** A push into a stream fails for want of GPU memory. */
constexpr float gpu_is_full = 1007;

/** Copies from and to memory of this GPU fail. */
constexpr int64_t gpu_that_fails = 7;
/** They find its context lost. */
constexpr int64_t gpu_that_is_lost = 8;

/** Host memory as an address on a GPU, and back: nobody can read there without knowing. */
constexpr uint64_t gpu_address_bit = uint64_t{1} << 62;

}  // namespace doubles
