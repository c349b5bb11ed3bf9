#include "model.h"

#include <filesystem>

#include "memory_report.h"

namespace trtv::triton {
namespace {

ModelConfig read_config(TRITONBACKEND_Model* model) {
    TRITONSERVER_Message* message = nullptr;
    check(TRITONBACKEND_ModelConfig(model, 1, &message));
    const std::unique_ptr<TRITONSERVER_Message, void (*)(TRITONSERVER_Message*)> owner(
        message,
        [](TRITONSERVER_Message* held) { log_if_failed(TRITONSERVER_MessageDelete(held), "a model's configuration"); });
    const char* json = nullptr;
    size_t size = 0;
    check(TRITONSERVER_MessageSerializeToJson(message, &json, &size));
    return ModelConfig::parse(std::string(json, size));
}

/** The model's file in the version's folder. */
std::string find_model(const std::string& folder, const std::string& named) {
    if (!named.empty()) return folder + "/" + named;
    for (const char* const name : {"model.engine", "model.plan", "model.onnx"}) {
        const std::string path = folder + "/" + name;
        std::error_code error;
        if (std::filesystem::exists(path, error)) return path;
    }
    throw Failure(TRITONSERVER_ERROR_NOT_FOUND,
                  folder +
                      " holds no model.engine, model.plan or model.onnx; put one there, or name another file as "
                      "default_model_filename in config.pbtxt.");
}

}  // namespace

Model::Model(TRITONBACKEND_Model* model) : handle_(model) {
    const char* text = nullptr;
    check(TRITONBACKEND_ModelName(model, &text));
    name_ = text;
    check(TRITONBACKEND_ModelVersion(model, &version_));
    TRITONBACKEND_ArtifactType type{};
    check(TRITONBACKEND_ModelRepository(model, &type, &text));
    config_ = read_config(model);
    path_ = find_model(std::string(text) + "/" + std::to_string(version_), config_.file);
}

Model* Model::find(TRITONBACKEND_Model* model) {
    void* state = nullptr;
    check(TRITONBACKEND_ModelState(model, &state));
    return static_cast<Model*>(state);
}

std::shared_ptr<const LoadedVocoder> Model::load(TRITONSERVER_InstanceGroupKind kind, int32_t device) {
    const std::lock_guard lock(mutex_);
    if (auto loaded = loaded_[device].lock()) return loaded;
    const VocoderLibrary& library = VocoderLibrary::instance();
    trtvocoder_options options = config_.options;
    options.device = device;
    options.windows = config_.windows.empty() ? nullptr : config_.windows.c_str();
    options.library_folder = config_.library_folder.empty() ? nullptr : config_.library_folder.c_str();
    trtvocoder_vocoder* vocoder = nullptr;
    library.check(library.vocoder_load_file(path_.c_str(), &options, &vocoder));
    auto loaded = std::make_shared<LoadedVocoder>();
    loaded->handle.reset(vocoder);
    loaded->info.struct_size = sizeof(loaded->info);
    library.check(library.vocoder_get_info(vocoder, &loaded->info));
    const trtvocoder_info& info = loaded->info;

    const bool is_engine = info.takes_device_pointers != 0;
    if (is_engine && kind == TRITONSERVER_INSTANCEGROUPKIND_CPU) {
        throw Failure(TRITONSERVER_ERROR_INVALID_ARG,
                      path_ +
                          " is an engine, which runs on a GPU, but its instance_group is KIND_CPU: write KIND_GPU "
                          "in config.pbtxt, or take an .onnx model.");
    }
    if (!is_engine && kind == TRITONSERVER_INSTANCEGROUPKIND_GPU) {
        throw Failure(TRITONSERVER_ERROR_INVALID_ARG,
                      path_ +
                          " is an ONNX model, which runs on the CPU here, but its instance_group is KIND_GPU: write "
                          "KIND_CPU in config.pbtxt, or build an engine of it.");
    }
    if (config_.mel_count >= 0 && config_.mel_count != info.mel_count) {
        throw Failure(TRITONSERVER_ERROR_INVALID_ARG,
                      "config.pbtxt: the input " + config_.input + " has " + std::to_string(config_.mel_count) +
                          " mels, " + path_ + " takes " + std::to_string(info.mel_count) + ": write dims: [ " +
                          std::to_string(info.mel_count) + ", -1 ].");
    }
    loaded_[device] = loaded;
    report_memory();
    return loaded;
}

/** Tells the core what the weights take, which are most of the file. */
void Model::report_memory() noexcept {
    log_if_failed(guard([&] {
                      const auto bytes = static_cast<int64_t>(std::filesystem::file_size(path_));
                      MemoryReport report;
                      for (const auto& [device, weak] : loaded_) {
                          const auto loaded = weak.lock();
                          if (loaded == nullptr) continue;
                          const bool is_engine = loaded->info.takes_device_pointers != 0;
                          report.add(is_engine ? TRITONSERVER_MEMORY_GPU : TRITONSERVER_MEMORY_CPU,
                                     is_engine ? device : 0, bytes);
                      }
                      report.tell(handle_);
                  }),
                  "the memory of a model");
}

}  // namespace trtv::triton
