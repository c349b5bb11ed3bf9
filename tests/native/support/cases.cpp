#include "cases.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace cases {
namespace {

constexpr int kFailed = 1;
constexpr int kSkipped = 77;

struct Case {
    std::string name;
    std::function<void()> body;
};

std::vector<Case>& all() {
    static std::vector<Case> list;
    return list;
}

int failures = 0;

// Runs in the child. Never returns: the parent's destructors are not the child's business.
[[noreturn]] void run_here(const Case& test) {
    int result = 0;
    try {
        test.body();
        result = failures > 0 ? kFailed : 0;
    } catch (const Skip& skip) {
        std::printf("      %s\n", skip.reason.c_str());
        result = kSkipped;
    } catch (const std::exception& error) {
        std::printf("      threw: %s\n", error.what());
        result = kFailed;
    }
    std::fflush(stdout);
    _exit(result);
}

int run_apart(const Case& test) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) run_here(test);
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) std::printf("      ended by signal %d\n", WTERMSIG(status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : kFailed;
}

}  // namespace

Registration::Registration(const char* name, std::function<void()> body) { all().push_back({name, std::move(body)}); }

void fail(const char* file, int line, const std::string& what) {
    ++failures;
    std::printf("      %s:%d: %s\n", file, line, what.c_str());
}

void check_contains(const std::string& text, const std::string& part, const char* file, int line) {
    if (text.find(part) == std::string::npos) fail(file, line, "'" + part + "' is not in '" + text + "'");
}

int run_all() {
    int passed = 0;
    int failed = 0;
    int skipped = 0;
    const char* const part = std::getenv("TRTV_TEST_CASES");
    for (const Case& test : all()) {
        if (part != nullptr && test.name.find(part) == std::string::npos) continue;
        const int result = run_apart(test);
        const char* word = result == 0 ? "pass" : result == kSkipped ? "skip" : "FAIL";
        ++(result == 0 ? passed : result == kSkipped ? skipped : failed);
        std::printf("%s  %s\n", word, test.name.c_str());
    }
    std::printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed > 0 || passed + skipped == 0 ? 1 : 0;
}

}  // namespace cases
