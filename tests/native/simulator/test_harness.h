// A few lines instead of a test library: named cases, checks that say what they saw, a closing count.
#pragma once

#include <functional>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace harness {

struct Skip : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Case {
    std::string name;
    std::function<void()> body;
};

inline std::vector<Case>& cases() {
    static std::vector<Case> all;
    return all;
}

struct Registration {
    Registration(const char* name, std::function<void()> body) { cases().push_back({name, std::move(body)}); }
};

template <typename A, typename B>
void equal(const A& actual, const B& expected, const char* what, int line) {
    if (actual == static_cast<A>(expected)) return;
    std::ostringstream text;
    text << "line " << line << ": " << what << " is " << actual << ", expected " << expected;
    throw std::runtime_error(text.str());
}

inline int runAll(const std::function<void()>& beforeEach) {
    int passed = 0, failed = 0, skipped = 0;
    for (const Case& test : cases()) {
        try {
            beforeEach();
            test.body();
            ++passed;
            std::cout << "passed  " << test.name << "\n";
        } catch (const Skip& reason) {
            ++skipped;
            std::cout << "skipped " << test.name << ": " << reason.what() << "\n";
        } catch (const std::exception& failure) {
            ++failed;
            std::cout << "FAILED  " << test.name << ": " << failure.what() << "\n";
        }
    }
    std::cout << passed << " passed, " << failed << " failed, " << skipped << " skipped\n";
    return failed ? 1 : 0;
}

}  // namespace harness

#define TEST(name)                                                    \
    static void name();                                               \
    static const harness::Registration name##Registered(#name, name); \
    static void name()
#define EQUAL(actual, expected) harness::equal((actual), (expected), #actual, __LINE__)
#define CHECK(condition) harness::equal(static_cast<bool>(condition), true, #condition, __LINE__)
