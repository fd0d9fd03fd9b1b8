// Who goes first in the pool.
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

void each_once() {
  for (const Workers workers : {Workers{1}, Workers{3}, Workers{2, 7}}) {
    std::vector<std::atomic<int>> done(1000);
    parallel_for(1000, workers, [&](int i) { ++done[static_cast<std::size_t>(i)]; });
    for (int i = 0; i < 1000; ++i)
      CHECK(done[static_cast<std::size_t>(i)] == 1, "%d: %d times", i, done[static_cast<std::size_t>(i)].load());
  }
}

// A thread of the pool is in the middle of a call of priority 5 when others come, which have to wait until its task is done.
void lowest_turn_first() {
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
    CHECK(order[i] == expected[i], "task %zu began for priority %d instead of %d", i, order[i], expected[i]);
  }
}

// Of a call that is cancelled, what has begun ends, and the rest is left out.
void cancelled() {
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
  CHECK(begun == 2, "%d tasks", begun.load());
  each_once();
}

// Many callers, priorities in any order: every call returns.
void all_return() {
  std::atomic<int> done{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 16; ++i) {
    callers.emplace_back([&, i] {
      for (int j = 0; j < 200; ++j) parallel_for(5, Workers{2, (i * 7 + j * 3) % 11}, [&](int) { ++done; });
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(done == 16 * 200 * 5, "%d tasks", done.load());
}

}  // namespace

int main() {
  lowest_turn_first();  // before the pool has more than one thread
  each_once();
  cancelled();
  all_return();
}
