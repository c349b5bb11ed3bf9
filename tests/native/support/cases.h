// A test runner of one page: each case runs in a process of its own, so that what one loads or crashes does not touch
// the next.
#pragma once

#include <functional>
#include <sstream>
#include <string>

namespace cases {

struct Registration {
    Registration(const char* name, std::function<void()> body);
};

struct Skip {
    std::string reason;
};

/** Notes a failure and goes on. */
void fail(const char* file, int line, const std::string& what);

template <typename Actual, typename Expected>
void check_equal(const Actual& actual, const Expected& expected, const char* text, const char* file, int line) {
    if (actual == expected) return;
    std::ostringstream message;
    message << text << " is " << actual << ", expected " << expected;
    fail(file, line, message.str());
}

void check_contains(const std::string& text, const std::string& part, const char* file, int line);

/** Runs every case, or those with the text of TRTV_TEST_CASES in their names; prints a line each and a closing 'N
 * passed, N failed, N skipped'. */
int run_all();

}  // namespace cases

#define CASES_JOIN_(a, b) a##b
#define CASES_JOIN(a, b) CASES_JOIN_(a, b)
// By a counter, not by the line: joined files have lines of the same number.
#define CASES_NUMBERED(name, number)                                                                     \
    static void CASES_JOIN(case_, number)();                                                             \
    static const cases::Registration CASES_JOIN(registration_, number)(name, CASES_JOIN(case_, number)); \
    static void CASES_JOIN(case_, number)()
#define CASE(name) CASES_NUMBERED(name, __COUNTER__)
#define CHECK(condition) ((condition) ? void() : cases::fail(__FILE__, __LINE__, #condition))
#define CHECK_EQUAL(actual, expected) cases::check_equal(actual, expected, #actual, __FILE__, __LINE__)
#define CHECK_CONTAINS(text, part) cases::check_contains(text, part, __FILE__, __LINE__)
