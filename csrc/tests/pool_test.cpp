// Who goes first in the pool.
#include "core/pool.h"

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "check.h"

using pixfeed::Crew;
using pixfeed::parallel_for;

namespace {

void each_once() {
  for (const Crew crew : {Crew{1}, Crew{3}, Crew{2, 7}}) {
    std::vector<std::atomic<int>> done(1000);
    parallel_for(1000, crew, [&](int i) { ++done[static_cast<std::size_t>(i)]; });
    for (int i = 0; i < 1000; ++i)
      CHECK(done[static_cast<std::size_t>(i)] == 1, "%d: %d times", i, done[static_cast<std::size_t>(i)].load());
  }
}

// A thread of the pool is in the middle of a call of turn 5 when others come, which have to wait until its task is done.
void lowest_turn_first() {
  std::mutex mutex;
  std::vector<int> order;  // turns, as their tasks begin
  std::atomic<bool> begun{false}, go_on{false};
  const auto note = [&](int turn) {
    std::lock_guard lock(mutex);
    order.push_back(turn);
  };
  std::vector<std::thread> callers;
  callers.emplace_back([&] {
    parallel_for(3, Crew{1, 5}, [&](int) {
      note(5);
      begun = true;
      while (!go_on) std::this_thread::yield();
    });
  });
  while (!begun) std::this_thread::yield();
  std::atomic<int> called{0};
  for (const int turn : {6, 3, 4}) {
    callers.emplace_back([&, turn] {
      ++called;
      parallel_for(2, Crew{1, turn}, [&, turn](int) { note(turn); });
    });
  }
  while (called < 3) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));  // now they wait
  go_on = true;
  for (std::thread& caller : callers) caller.join();
  const std::vector<int> expected{5, 3, 3, 4, 4, 5, 5, 6, 6};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(order[i] == expected[i], "task %zu began for turn %d instead of %d", i, order[i], expected[i]);
  }
}

// Of a call that is cancelled, what has begun ends, and the rest is left out.
void cancelled() {
  std::atomic<int> begun{0};
  std::atomic<bool> go_on{false};
  std::thread caller([&] {
    parallel_for(100, Crew{2, 9}, [&](int) {
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

// Many callers, turns in any order: every call returns.
void all_return() {
  std::atomic<int> done{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 16; ++i) {
    callers.emplace_back([&, i] {
      for (int j = 0; j < 200; ++j) parallel_for(5, Crew{2, (i * 7 + j * 3) % 11}, [&](int) { ++done; });
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
