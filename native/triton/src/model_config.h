// What config.pbtxt says, as far as the backend needs it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "triton/core/tritonserver.h"
#include "trtvocoder.h"

namespace trtv::triton {

/** Of a model whose mels come piece by piece, in sequences of requests. */
struct SequenceConfig {
    /** The most sequences that the core has open in an instance. */
    int32_t slots = 1;
    /** Streams of an instance. */
    int32_t streams = 0;
    /** The most frames of a piece that a stream is made ready for. */
    int32_t chunk_frames = 10;
    /** How long nothing may come of a sequence. */
    std::chrono::microseconds max_idle{};
};

/** A model's configuration, checked. */
struct ModelConfig {
    /** Reads the core's JSON of it; refuses what the backend cannot serve, with what to write instead. */
    static ModelConfig parse(const std::string& json);

    std::string input;
    std::string output;
    /** FP32 or FP16, each. */
    TRITONSERVER_DataType input_type = TRITONSERVER_TYPE_FP32;
    TRITONSERVER_DataType output_type = TRITONSERVER_TYPE_FP32;
    /** Mel bands that the input has; at most -1 where the configuration leaves them open. */
    int64_t mel_count = -1;
    /** Requests have a batch dimension. */
    bool has_batch = false;
    /** Parts of a request are sent as they come. */
    bool decoupled = false;
    /** The model's file; "" where the configuration names none. */
    std::string file;
    /** Of instances that run where the model wants to: the GPU's number. */
    int32_t device = 0;
    std::string windows;
    std::string library_folder;
    /** The strings in it are unset: they are this object's members, which move. */
    trtvocoder_options options{};
    trtvocoder_scheduler_options scheduler{};
    bool warms_up = true;
    std::optional<SequenceConfig> sequences;
};

}  // namespace trtv::triton
