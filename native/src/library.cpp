// trtv_library_*: NVIDIA's libraries, loaded.
#include "core/boundary.h"
#include "loader/nvidia.h"

int32_t trtv_library_create(const trtv_library_options* options, trtv_library** library) noexcept {
    return trtv::guard([&] {
        trtv::require(library, "library") = nullptr;
        *library = new trtv_library{std::make_shared<trtv::Nvidia>(trtv::require_struct(options, "options"))};
    });
}

void trtv_library_destroy(trtv_library* library) noexcept { delete library; }

int32_t trtv_library_load_parser(trtv_library* library) noexcept {
    return trtv::guard([&] { trtv::require(library, "library").state->load_parser(); });
}

int32_t trtv_library_get_info(trtv_library* library, trtv_library_info* info) noexcept {
    return trtv::guard(
        [&] { trtv::require(library, "library").state->describe_to(trtv::require_struct(info, "info")); });
}
