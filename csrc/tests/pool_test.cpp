// The pool: which call goes first, what cancelling leaves out, and that every task runs once.
#include "core/pool.h"

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/check.h"

using pixfeed::parallel_for;
using pixfeed::Workers;

namespace {

TEST_CASE("pool: each task once") {
  for (const Workers workers : {Workers{1}, Workers{3}, Workers{2, 7}}) {
    std::vector<std::atomic<int>> done(1000);
    parallel_for(1000, workers, [&](int i) { ++done[static_cast<std::size_t>(i)]; });
    for (int i = 0; i < 1000; ++i)
      EXPECT(done[static_cast<std::size_t>(i)] == 1, "%d: %d times", i, done[static_cast<std::size_t>(i)].load());
  }
}

// A thread of the pool is in the middle of a call of priority 5 when others come, which have to wait until its task is
// done.
TEST_CASE("pool: the lowest priority goes first") {
  std::mutex mutex;
  std::vector<int> order;  // priorities, as their tasks begin
  std::atomic<bool> begun{false}, go_on{false};
  const auto note = [&](int priority) {
    std::lock_guard lock(mutex);
    order.push_back(priority);
  };
  std::vector<std::thread> callers;
  callers.emplace_back([&] {
    parallel_for(3, Workers{1, 5}, [&](int) {
      note(5);
      begun = true;
      while (!go_on) std::this_thread::yield();
    });
  });
  while (!begun) std::this_thread::yield();
  std::atomic<int> called{0};
  for (const int priority : {6, 3, 4}) {
    callers.emplace_back([&, priority] {
      ++called;
      parallel_for(2, Workers{1, priority}, [&, priority](int) { note(priority); });
    });
  }
  while (called < 3) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));  // now they wait
  go_on = true;
  for (std::thread& caller : callers) caller.join();
  const std::vector<int> expected{5, 3, 3, 4, 4, 5, 5, 6, 6};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT(order[i] == expected[i], "task %zu began for priority %d instead of %d", i, order[i], expected[i]);
  }
}

// Of a call that is cancelled, what has begun ends, and the rest is left out.
TEST_CASE("pool: a cancelled call leaves out what has not begun") {
  std::atomic<int> begun{0};
  std::atomic<bool> go_on{false};
  std::thread caller([&] {
    parallel_for(100, Workers{2, 9}, [&](int) {
      ++begun;
      while (!go_on) std::this_thread::yield();
    });
  });
  while (begun < 2) std::this_thread::yield();
  pixfeed::cancel(8);
  pixfeed::cancel(9);
  go_on = true;
  caller.join();
  EXPECT(begun == 2, "%d tasks", begun.load());
  std::atomic<int> after{0};
  parallel_for(10, Workers{2, 9}, [&](int) { ++after; });
  EXPECT(after == 10, "%d tasks of a later call", after.load());
}

// Many callers, priorities in any order: every call returns.
TEST_CASE("pool: every call returns") {
  std::atomic<int> done{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 16; ++i) {
    callers.emplace_back([&, i] {
      for (int j = 0; j < 200; ++j) parallel_for(5, Workers{2, (i * 7 + j * 3) % 11}, [&](int) { ++done; });
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT(done == 16 * 200 * 5, "%d tasks", done.load());
}

// Callers with and without a priority, and a thread that cancels the even ones all the time. What tasks write is plain
// memory: the thread sanitizer sees if a caller comes back too early, or if two threads run one task.
TEST_CASE("pool: many callers, priorities and cancelling") {
  constexpr int kCallers = 6, kCalls = 300;
  std::atomic<bool> over{false};
  std::thread canceller([&] {
    for (std::int64_t priority = 0; !over; priority = (priority + 2) % 10) {
      pixfeed::cancel(priority);
      std::this_thread::yield();
    }
  });
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&wrong, caller] {
      for (int call = 0; call < kCalls; ++call) {
        const int number = caller * 7 + call * 3;
        const std::int64_t priority = number % 5 == 0 ? Workers::kNoPriority : number % 10;
        const int n = 1 + number % 23;
        std::vector<int> done(static_cast<std::size_t>(n));
        parallel_for(n, Workers{1 + number % 4, priority}, [&](int i) { ++done[static_cast<std::size_t>(i)]; });
        const bool may_be_cancelled = priority >= 0 && priority % 2 == 0;
        for (const int times : done) wrong += times > 1 || (times == 0 && !may_be_cancelled);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  over = true;
  canceller.join();
  EXPECT(wrong == 0, "%d tasks", wrong.load());
}

}  // namespace
