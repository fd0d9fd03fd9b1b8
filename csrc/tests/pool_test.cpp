// The pool: which call goes first, what cancelling leaves out, and that every task runs once.
#include "core/pool.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/check.h"

using pixfeed::parallel_for;
using pixfeed::Workers;

namespace {

TEST_CASE("pool: each task once") {
  for (const Workers& workers : {Workers{1}, Workers{3}, Workers{2, 7, 0}}) {
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
    parallel_for(3, Workers{1, 5, 0}, [&](int) {
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
      parallel_for(2, Workers{1, priority, 0}, [&, priority](int) { note(priority); });
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
    parallel_for(100, Workers{2, 9, 0}, [&](int) {
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
  parallel_for(10, Workers{2, 9, 0}, [&](int) { ++after; });
  EXPECT(after == 10, "%d tasks of a later call", after.load());
}

// Many callers, priorities in any order: every call returns.
TEST_CASE("pool: every call returns") {
  std::atomic<int> done{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 16; ++i) {
    callers.emplace_back([&, i] {
      for (int j = 0; j < 200; ++j) parallel_for(5, Workers{2, (i * 7 + j * 3) % 11, i % 3}, [&](int) { ++done; });
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
        parallel_for(n, Workers{1 + number % 4, priority, caller % 4},
                     [&](int i) { ++done[static_cast<std::size_t>(i)]; });
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

// Most tasks that were at work at a time.
class Most {
 public:
  void enter() {
    const int now = ++working_;
    for (int most = most_; now > most && !most_.compare_exchange_weak(most, now);) {
    }
  }
  void leave() { --working_; }
  int most() const { return most_; }

 private:
  std::atomic<int> working_{0}, most_{0};
};

// However many calls a crew has, and however many threads others have left behind.
TEST_CASE("pool: no more threads of a crew than it may have") {
  std::atomic<int> others{0};
  parallel_for(8, Workers{8, 1, 100}, [&](int) {
    ++others;
    while (others < 8) std::this_thread::yield();  // all eight at a time
  });
  Most most[2];
  std::vector<std::thread> callers;
  for (int i = 0; i < 6; ++i) {
    callers.emplace_back([&, i] {
      const int crew = i % 2;
      parallel_for(40, Workers{1 + crew, i, crew}, [&](int) {
        most[crew].enter();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        most[crew].leave();
      });
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT(most[0].most() == 1, "%d threads of one", most[0].most());
  EXPECT(most[1].most() == 2, "%d threads of two", most[1].most());
}

// Also if each of its calls needs but one.
TEST_CASE("pool: as many threads of a crew as it may have") {
  std::atomic<int> begun{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&, i] {
      parallel_for(1, Workers{3, i, 7}, [&](int) {
        ++begun;
        while (begun < 3) std::this_thread::yield();  // all three at a time
      });
    });
  }
  for (std::thread& caller : callers) caller.join();
}

// A crew whose threads hang keeps nobody else waiting.
TEST_CASE("pool: crews do not wait for each other") {
  std::atomic<bool> go_on{false}, begun{false};
  std::thread hanging([&] {
    parallel_for(1, Workers{1, 1, 1}, [&](int) {
      begun = true;
      while (!go_on) std::this_thread::yield();
    });
  });
  while (!begun) std::this_thread::yield();
  int done = 0;
  parallel_for(3, Workers{1, 2, 2}, [&](int) { ++done; });
  EXPECT(done == 3, "%d tasks", done);
  go_on = true;
  hanging.join();
}

std::atomic<bool> signalled{false};
bool is_signalled() { return signalled; }

Workers interruptible(int threads) {
  signalled = false;
  Workers workers{threads};
  workers.interrupted = &is_signalled;
  return workers;
}

// Whoever works: the caller between two tasks, or while others have the last ones.
TEST_CASE("pool: an interrupted call leaves out what has not begun") {
  for (const int threads : {1, 3}) {
    const Workers workers = interruptible(threads);
    std::atomic<int> begun{0}, ended{0};
    const bool done = parallel_for(1000, workers, [&](int) {
      ++begun;
      signalled = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      ++ended;
    });
    EXPECT(!done, "with %d threads", threads);
    EXPECT((begun <= 2 * threads && begun == ended), "%d tasks have begun, %d ended", begun.load(), ended.load());
  }
  CHECK(parallel_for(10, interruptible(2), [](int) {}));
}

// The tasks that hang go on. What they own is there as long as they need it.
TEST_CASE("pool: a caller leaves reads that hang, and the next one gets other threads") {
  const auto go_on = std::make_shared<std::atomic<bool>>(false);
  const auto ended = std::make_shared<std::atomic<int>>(0);
  std::weak_ptr<int> owned;
  {
    const auto value = std::make_shared<int>(7);
    owned = value;
    const Workers workers = interruptible(2);
    CHECK(!pixfeed::parallel_for_reads(4, workers, [go_on, ended, value](int) {
      signalled = true;
      while (!*go_on) std::this_thread::yield();
      *ended += *value;
    }));
  }
  CHECK(!owned.expired());
  std::atomic<int> done{0};
  CHECK(pixfeed::parallel_for_reads(4, interruptible(2), [&](int) { ++done; }));
  EXPECT(done == 4, "%d tasks", done.load());
  *go_on = true;
  while (!owned.expired()) std::this_thread::yield();
  EXPECT((*ended == 7 || *ended == 14), "%d", ended->load());  // one or two of them had begun
}

// Of one that the caller runs itself, and of one that a thread runs for it.
TEST_CASE("pool: a task that waits learns that it is unwanted") {
  for (const int n : {1, 2}) {
    const Workers workers = interruptible(1);
    signalled = true;
    CHECK(!pixfeed::parallel_for_reads(n, workers, [](int) {
      while (!pixfeed::unwanted()) std::this_thread::yield();
    }));
  }
  CHECK(!pixfeed::unwanted());
}

}  // namespace
