// The threads, and the queue of calls that they work on by priority.
#include "core/pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "core/per_process.h"

namespace pixfeed {
namespace {

struct Call {
  Call(int n, std::int64_t priority, const std::function<void(int)>& task) : n(n), priority(priority), task(&task) {}

  // Runs tasks until none is left to start, or until a call with a lower priority number waits: `first` is the lowest
  // of those. True for the thread that finished the last task.
  bool work(const std::atomic<std::int64_t>& first) {
    int finished = 0;
    while (first.load(std::memory_order_relaxed) >= priority) {
      const int i = next.fetch_add(1, std::memory_order_relaxed);
      if (i >= n) break;
      if (!cancelled.load(std::memory_order_relaxed)) (*task)(i);
      ++finished;
    }
    return finished > 0 && done.fetch_add(finished, std::memory_order_acq_rel) + finished == n;
  }
  bool has_more() const { return next.load(std::memory_order_relaxed) < n; }

  const int n;
  const std::int64_t priority;
  const std::function<void(int)>* task;  // the caller's; valid until `done` reaches n
  std::atomic<int> next{0}, done{0};
  std::atomic<bool> cancelled{false};
};

class Pool {
 public:
  void run(int n, int helpers, std::int64_t priority, const std::function<void(int)>& task) {
    auto call = std::make_shared<Call>(n, priority, task);
    bool caller_works = priority == Workers::kNoPriority;
    {
      std::lock_guard lock(mutex_);
      grow(helpers);
      caller_works |= size_ == 0;  // no thread could be had
      for (int i = 0; i < helpers; ++i) push(call);
      if (!caller_works) waited_for_.push_back(call.get());
    }
    if (helpers == 1) {
      called_.notify_one();
    } else {
      called_.notify_all();
    }
    if (caller_works && call->work(kNobody)) return;
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [&] { return call->done.load(std::memory_order_acquire) == n; });
    std::erase(waited_for_, call.get());
  }

  void cancel(std::int64_t priority) {
    std::lock_guard lock(mutex_);
    for (Call* call : waited_for_) {
      if (call->priority == priority) call->cancelled = true;
    }
  }

 private:
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
      called_.wait(lock, [&] { return !calls_.empty(); });
      std::shared_ptr<Call> call = pop();
      lock.unlock();
      const bool finished = call->work(first_);
      lock.lock();  // also so that the waiter cannot miss the call between its test and its sleep
      const bool left = call->has_more();
      if (left) push(std::move(call));
      lock.unlock();
      if (left) called_.notify_one();  // this thread goes on with another call, and there may be an idle one
      if (finished) finished_.notify_all();
    }
  }

  static constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  static inline const std::atomic<std::int64_t> kNobody{kLast};

  std::mutex mutex_;
  std::condition_variable called_, finished_;
  std::deque<std::shared_ptr<Call>> calls_;  // an entry for each thread that may work on it, the lowest priority first
  std::atomic<std::int64_t> first_{kLast};   // that priority
  std::vector<Call*> waited_for_;            // by callers that do not work
  int size_ = 0;
};

}  // namespace

void parallel_for(int n, Workers workers, const std::function<void(int)>& task) {
  const int helpers = std::min(n, workers.threads) - (workers.priority == Workers::kNoPriority ? 1 : 0);
  if (helpers <= 0) {
    for (int i = 0; i < n; ++i) task(i);
  } else {
    per_process<Pool>().run(n, helpers, workers.priority, task);
  }
}

void cancel(std::int64_t priority) { per_process<Pool>().cancel(priority); }

}  // namespace pixfeed
