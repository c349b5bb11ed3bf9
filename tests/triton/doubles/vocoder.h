// First values of mels that make the double of libtrtvocoder.so fail.
#pragma once

namespace doubles {

/** The decode ends with TRTVOCODER_ERROR_MODEL. */
constexpr float model_fails = 1001;
/** The GPU's context is lost from then on. */
constexpr float context_is_lost = 1002;
/** The decode waits until it is cancelled, and the others behind it. */
constexpr float never_ends = 1003;

}  // namespace doubles
