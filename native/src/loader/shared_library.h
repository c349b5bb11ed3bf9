// Opens shared libraries from a list of candidates, keeping an account of every path tried.
#pragma once

#include <string>
#include <vector>

namespace trtv {

/** A path that was tried, and why it did not serve. */
struct Attempt {
    std::string path;
    std::string reason;
};

/** An opened library. It is never closed: CUDA and TensorRT do not survive that. */
struct SharedLibrary {
    void* handle = nullptr;
    std::string path;

    /** A symbol's address, or nullptr. */
    void* find(const char* symbol) const noexcept;
};

/** Copies a caller's list of strings. */
std::vector<std::string> copy_candidates(const char* const* candidates, int count, const char* name);

/** Turns folders among the candidates into the files in them that may be meant; with no candidates gives the names
 * themselves. */
std::vector<std::string> expand_candidates(const std::vector<std::string>& candidates,
                                           const std::vector<std::string>& names);

/** Opens one path; on failure handle is nullptr and the attempt is noted. */
SharedLibrary open_library(const std::string& path, std::vector<Attempt>& attempts);

/** The file that a path or, by the dynamic loader's search folders (not its cache), a bare name stands for; "" if there
 * is none. Loads nothing. */
std::string find_file(const std::string& path);

/** "a.so (not found), b.so (wrong)". */
std::string describe(const std::vector<Attempt>& attempts);

}  // namespace trtv
