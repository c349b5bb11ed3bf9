// trtv_runtime_*: nvinfer1::IRuntime.
#include "runtime.h"

#include "core/boundary.h"

int32_t trtv_runtime_create(trtv_library* library, trtv_runtime** runtime) noexcept {
    return trtv::guard([&] {
        trtv::require(runtime, "runtime") = nullptr;
        const std::shared_ptr<trtv::Nvidia>& nvidia = trtv::require(library, "library").state;
        auto state = std::make_shared<trtv::Runtime>(trtv::Runtime{nvidia, nvidia->create_runtime()});
        *runtime = new trtv_runtime{std::move(state)};
    });
}

void trtv_runtime_destroy(trtv_runtime* runtime) noexcept { delete runtime; }

int32_t trtv_runtime_allow_host_code(trtv_runtime* runtime, int32_t allowed) noexcept {
    return trtv::guard([&] {
        trtv::require_range(allowed, 0, 1, "allowed");
        trtv::require(runtime, "runtime").state->runtime->setEngineHostCodeAllowed(allowed != 0);
    });
}
