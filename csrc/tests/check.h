// What the tests add to doctest: a check with a printf-style explanation that costs nothing while it holds, because
// some loops check millions of values; and a loop over CPU targets.
#pragma once

#include <doctest/doctest.h>
#include <hwy/targets.h>

#include <cstdint>
#include <cstdio>
#include <string>

// Sanitizers make everything several times slower, so the longest loops do a part of their rounds with them. (The
// fuzzer has sanitizers, too, and no end.)
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PIXFEED_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PIXFEED_SANITIZED 1
#endif
#endif
#ifndef PIXFEED_SANITIZED
#define PIXFEED_SANITIZED 0
#endif

// Ends the test case where the condition does not hold.
#define EXPECT(condition, ...)                                            \
  do {                                                                    \
    if (!(condition)) {                                                   \
      char explanation[200];                                              \
      std::snprintf(explanation, sizeof(explanation), __VA_ARGS__);       \
      FAIL(#condition, " (", static_cast<const char*>(explanation), ")"); \
    }                                                                     \
  } while (false)

namespace pixfeed::testing {

inline constexpr bool kSanitized = PIXFEED_SANITIZED != 0;

// The test case has failed, and goes on.
inline void fail(const std::string& what) { FAIL_CHECK(what); }

// Runs `test` with the name of each CPU target that was built and that this CPU has; the core uses that one meanwhile.
template <class Test>
void for_each_target(const Test& test) {
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    test(hwy::TargetName(target));
  }
  hwy::SetSupportedTargetsForTest(0);
}

}  // namespace pixfeed::testing
