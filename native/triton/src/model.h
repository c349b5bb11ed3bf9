// A version of a model: its configuration, its file, and what is loaded of it on each device.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "model_config.h"
#include "vocoder_library.h"

namespace trtv::triton {

/** What is loaded on one device. Shared by the instances there. */
struct LoadedVocoder {
    VocoderHandle handle;
    trtvocoder_info info{};
};

class Model {
public:
    explicit Model(TRITONBACKEND_Model* model);

    /** The state of a model that the core has; NULL where its making failed. */
    static Model* find(TRITONBACKEND_Model* model);

    const std::string& name() const noexcept { return name_; }
    uint64_t version() const noexcept { return version_; }
    const ModelConfig& config() const noexcept { return config_; }

    /** Loads the model for an instance, or gives what another instance on that device has loaded. */
    std::shared_ptr<const LoadedVocoder> load(TRITONSERVER_InstanceGroupKind kind, int32_t device);

private:
    void report_memory() noexcept;

    TRITONBACKEND_Model* const handle_;
    std::string name_;
    uint64_t version_ = 0;
    ModelConfig config_;
    std::string path_;
    std::mutex mutex_;
    std::map<int32_t, std::weak_ptr<const LoadedVocoder>> loaded_;
};

}  // namespace trtv::triton
