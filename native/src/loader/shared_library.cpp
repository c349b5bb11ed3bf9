#include "loader/shared_library.h"

#include <dlfcn.h>
#include <link.h>

#include <filesystem>

#include "core/boundary.h"

namespace trtv {
namespace {

// What was loaded may lie elsewhere than what was asked for: links and the loader's own search.
std::string loaded_path(void* handle, const std::string& asked) {
    link_map* map = nullptr;
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr && map->l_name != nullptr && *map->l_name != '\0')
        return map->l_name;
    return asked;
}

}  // namespace

void* SharedLibrary::find(const char* symbol) const noexcept { return dlsym(handle, symbol); }

std::vector<std::string> copy_candidates(const char* const* candidates, int count, const char* name) {
    require_range(count, 0, 1000, (std::string(name) + "_count").c_str());
    std::vector<std::string> result;
    if (count > 0) require(candidates, name);
    for (int i = 0; i < count; ++i) result.emplace_back(&require(candidates[i], name));
    return result;
}

std::vector<std::string> expand_candidates(const std::vector<std::string>& candidates,
                                           const std::vector<std::string>& names) {
    if (candidates.empty()) return names;
    std::vector<std::string> result;
    for (const std::string& candidate : candidates) {
        std::error_code ignored;
        if (!candidate.empty() && std::filesystem::is_directory(candidate, ignored)) {
            for (const std::string& name : names) result.push_back((std::filesystem::path(candidate) / name).string());
        } else {
            result.push_back(candidate);
        }
    }
    return result;
}

SharedLibrary open_library(const std::string& path, std::vector<Attempt>& attempts) {
    SharedLibrary library;
    library.path = path;
    // dlopen("") would give the program itself.
    library.handle = path.empty() ? nullptr : dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library.handle == nullptr) {
        const char* reason = path.empty() ? "an empty path" : dlerror();
        attempts.push_back({path, reason == nullptr ? "not loadable" : reason});
    } else {
        library.path = loaded_path(library.handle, path);
    }
    return library;
}

std::string find_file(const std::string& path) {
    std::error_code ignored;
    if (path.find('/') != std::string::npos) return std::filesystem::is_regular_file(path, ignored) ? path : "";
    void* self = dlopen(nullptr, RTLD_NOW);
    Dl_serinfo size{};
    if (self == nullptr || dlinfo(self, RTLD_DI_SERINFOSIZE, &size) != 0) return "";
    std::vector<char> memory(size.dls_size);
    auto* folders = reinterpret_cast<Dl_serinfo*>(memory.data());
    if (dlinfo(self, RTLD_DI_SERINFOSIZE, folders) != 0 || dlinfo(self, RTLD_DI_SERINFO, folders) != 0) return "";
    for (unsigned int i = 0; i < folders->dls_cnt; ++i) {
        const std::string file = (std::filesystem::path(folders->dls_serpath[i].dls_name) / path).string();
        if (std::filesystem::is_regular_file(file, ignored)) return file;
    }
    return "";
}

std::string describe(const std::vector<Attempt>& attempts) {
    std::string result;
    for (const Attempt& attempt : attempts) {
        // The loader repeats the path at the start of most of its messages.
        std::string reason = attempt.reason;
        const std::string prefix = attempt.path + ": ";
        if (reason.rfind(prefix, 0) == 0) reason.erase(0, prefix.size());
        result += (result.empty() ? "" : ", ") + attempt.path + " (" + reason + ")";
    }
    return result;
}

}  // namespace trtv
