// The threads of crews, and the queues of calls that they work on by priority.
#include "core/pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/per_process.h"

namespace pixfeed {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kAskEvery = std::chrono::milliseconds(50);  // whether the caller is interrupted
constexpr auto kPatience = std::chrono::milliseconds(500);

// What a thread works on: how its tasks learn that they are unwanted. The caller's own thread asks whether it is
// interrupted.
class Wanted {
 public:
  Wanted(std::atomic<bool>& cancelled, bool (*interrupted)())
      : cancelled_(cancelled), interrupted_(interrupted), before_(std::exchange(current, this)) {}
  Wanted(const Wanted&) = delete;
  ~Wanted() { current = before_; }

  bool stops() {
    if (interrupted_ != nullptr && !cancelled_ && Clock::now() >= ask_at_) {
      if (interrupted_()) cancelled_ = true;
      ask_at_ = Clock::now() + kAskEvery;
    }
    return cancelled_.load(std::memory_order_relaxed);
  }

  static inline thread_local Wanted* current = nullptr;

 private:
  std::atomic<bool>& cancelled_;
  bool (*interrupted_)();
  Wanted* before_;  // a signal handler may decode something in the middle of a call
  Clock::time_point ask_at_ = Clock::now() + kAskEvery;
};

struct Call {
  Call(int n, const Workers& workers, std::function<void(int)> task)
      : n(n), priority(workers.priority), interrupted(workers.interrupted), task(std::move(task)) {}

  // Runs tasks until none is left to start, or until a call with a lower priority number waits: `first` is the lowest
  // of those. True for the thread that finished the last task.
  bool work(const std::atomic<std::int64_t>& first, bool is_caller = false) {
    Wanted wanted(cancelled, is_caller ? interrupted : nullptr);
    int finished = 0;
    while (first.load(std::memory_order_relaxed) >= priority) {
      const int i = next.fetch_add(1, std::memory_order_relaxed);
      if (i >= n) break;
      if (!wanted.stops()) task(i);
      ++finished;
    }
    return finished > 0 && done.fetch_add(finished, std::memory_order_acq_rel) + finished == n;
  }
  bool has_more() const { return next.load(std::memory_order_relaxed) < n; }
  bool is_done() const { return done.load(std::memory_order_acquire) == n; }

  const int n;
  const std::int64_t priority;
  bool (*const interrupted)();
  const std::function<void(int)> task;
  std::atomic<int> next{0}, done{0};
  std::atomic<bool> cancelled{false};
};

constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
const std::atomic<std::int64_t> kNobody{kLast};

// The threads of one crew at a time.
class Pool {
 public:
  // Returns when the call is done. False if `may_leave` and the caller has left before that.
  // Starts threads until there are `size`; `most` of them work at a time.
  bool run(const std::shared_ptr<Call>& call, int helpers, int size, int most, bool caller_works, bool may_leave) {
    {
      std::lock_guard lock(mutex_);
      most_ = most;
      grow(size);
      caller_works |= size_ == 0;  // no thread could be had
      for (int i = 0; i < helpers; ++i) push(call);
      waited_for_.push_back(call.get());
    }
    if (helpers == 1) {
      called_.notify_one();
    } else {
      called_.notify_all();
    }
    if (caller_works) call->work(kNobody, true);
    std::unique_lock lock(mutex_);
    const bool done = call->interrupted == nullptr ? wait(*call, lock) : wait_or_leave(*call, lock, may_leave);
    std::erase(waited_for_, call.get());
    return done;
  }

  void cancel(std::int64_t priority) {
    std::lock_guard lock(mutex_);
    for (Call* call : waited_for_) {
      if (call->priority == priority) call->cancelled = true;
    }
  }

  // Of the table of pools, under its lock.
  std::int64_t crew = 0;  // whose threads these are, while it has calls
  int calls = 0;
  bool hangs = false;  // a caller has left, and its tasks may never end

 private:
  bool wait(const Call& call, std::unique_lock<std::mutex>& lock) {
    finished_.wait(lock, [&] { return call.is_done(); });
    return true;
  }

  bool wait_or_leave(Call& call, std::unique_lock<std::mutex>& lock, bool may_leave) {
    Clock::time_point leave_at = Clock::time_point::max();
    while (!finished_.wait_for(lock, kAskEvery, [&] { return call.is_done(); })) {
      if (Clock::now() >= leave_at) return false;
      if (leave_at != Clock::time_point::max()) continue;
      if (!call.cancelled) {
        lock.unlock();
        const bool stop = call.interrupted();
        lock.lock();
        if (stop) call.cancelled = true;
      }
      if (call.cancelled && may_leave) leave_at = Clock::now() + kPatience;
    }
    return true;
  }

  // The lock is held. If the system has no more threads, the existing ones (or the caller alone) do the work.
  void grow(int wanted) {
    while (size_ < wanted) {
      try {
        std::thread([this] { loop(); }).detach();
      } catch (const std::system_error&) {
        return;
      }
      ++size_;
    }
  }

  // Queues the call after those of the same priority. The lock is held, as for pop().
  void push(std::shared_ptr<Call> call) {
    const auto later = [](std::int64_t priority, const std::shared_ptr<Call>& other) {
      return priority < other->priority;
    };
    const auto place = std::upper_bound(calls_.begin(), calls_.end(), call->priority, later);
    calls_.insert(place, std::move(call));
    first_ = calls_.front()->priority;
  }
  std::shared_ptr<Call> pop() {
    std::shared_ptr<Call> call = std::move(calls_.front());
    calls_.pop_front();
    first_ = calls_.empty() ? kLast : calls_.front()->priority;
    return call;
  }

  [[noreturn]] void loop() {
    for (;;) {
      std::unique_lock lock(mutex_);
      called_.wait(lock, [&] { return !calls_.empty() && working_ < most_; });
      std::shared_ptr<Call> call = pop();
      ++working_;
      const bool others = !calls_.empty() && working_ < most_;
      lock.unlock();
      if (others) called_.notify_one();  // its wake-up may have come while the crew was complete
      const bool finished = call->work(first_);
      lock.lock();  // also so that the waiter cannot miss the call between its test and its sleep
      --working_;
      if (call->has_more()) push(std::move(call));
      lock.unlock();
      if (finished) finished_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable called_, finished_;
  std::deque<std::shared_ptr<Call>> calls_;  // an entry for each thread that may work on it, the lowest priority first
  std::atomic<std::int64_t> first_{kLast};   // that priority
  std::vector<Call*> waited_for_;            // by their callers
  int size_ = 0;                             // threads
  int working_ = 0, most_ = 0;               // of them: at work, and at most
};

// A crew keeps its pool as long as it has calls. Then the next crew may have it.
class Pools {
 public:
  Pool& begin(std::int64_t crew) {
    std::lock_guard lock(mutex_);
    Pool* found = nullptr;
    for (const auto& pool : pools_) {
      if (pool->hangs) continue;
      if (pool->calls > 0 && pool->crew == crew) found = pool.get();
      if (pool->calls == 0 && found == nullptr) found = pool.get();
    }
    if (found == nullptr) found = pools_.emplace_back(std::make_unique<Pool>()).get();
    found->crew = crew;
    ++found->calls;
    return *found;
  }
  void end(Pool& pool, bool hangs) {
    std::lock_guard lock(mutex_);
    pool.hangs |= hangs;
    --pool.calls;
  }
  void cancel(std::int64_t priority) {
    std::lock_guard lock(mutex_);
    for (const auto& pool : pools_) pool->cancel(priority);
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Pool>> pools_;
};

bool run(int n, const Workers& workers, std::function<void(int)> task, bool may_hang) {
  const bool everybody = workers.priority == Workers::kNoPriority;
  const bool caller_works = everybody && (!may_hang || n == 1);
  const int helpers = std::min(n, std::max(workers.threads, 1)) - (caller_works ? 1 : 0);
  const auto call = std::make_shared<Call>(n, workers, std::move(task));
  if (helpers <= 0) {
    if (n > 0) call->work(kNobody, true);
    return !call->cancelled;
  }
  Pools& pools = per_process<Pools>();
  Pool& pool = pools.begin(everybody ? Workers{}.crew : workers.crew);
  const int most = everybody ? std::numeric_limits<int>::max() : workers.threads;
  const int size = everybody ? helpers : workers.threads;  // a crew may have several calls of one task
  const bool done = pool.run(call, helpers, size, most, caller_works, may_hang);
  pools.end(pool, !done);
  return !(everybody && call->cancelled);
}

}  // namespace

bool parallel_for(int n, const Workers& workers, const std::function<void(int)>& task) {
  return run(n, workers, [&task](int i) { task(i); }, false);
}

bool parallel_for_reads(int n, const Workers& workers, std::function<void(int)> task) {
  return run(n, workers, std::move(task), true);
}

bool unwanted() { return Wanted::current != nullptr && Wanted::current->stops(); }

void cancel(std::int64_t priority) { per_process<Pools>().cancel(priority); }

}  // namespace pixfeed
