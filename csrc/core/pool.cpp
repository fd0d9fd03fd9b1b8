#include "pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "per_process.h"

namespace pixfeed {
namespace {

struct Job {
  Job(int n, const std::function<void(int)>& task) : n(n), task(&task) {}

  // Works until no index is left. True for whoever finished the last one.
  bool work() {
    int finished = 0;
    for (int i; (i = next.fetch_add(1, std::memory_order_relaxed)) < n; ++finished) (*task)(i);
    return finished > 0 && done.fetch_add(finished, std::memory_order_acq_rel) + finished == n;
  }

  const int n;
  const std::function<void(int)>* task;  // the caller's; valid until `done` reaches n
  std::atomic<int> next{0}, done{0};
};

class Pool {
 public:
  void run(int n, int helpers, bool caller_works, const std::function<void(int)>& task) {
    auto job = std::make_shared<Job>(n, task);
    {
      std::lock_guard lock(mutex_);
      grow(helpers);
      caller_works |= size_ == 0;  // no thread could be had
      for (int i = 0; i < helpers; ++i) calls_.push_back(job);
    }
    if (helpers == 1) {
      called_.notify_one();
    } else {
      called_.notify_all();
    }
    if (caller_works && job->work()) return;
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [&] { return job->done.load(std::memory_order_acquire) == n; });
  }

 private:
  // With the lock held. If the system gives no more threads, those that are there (or the caller alone) do the work.
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

  [[noreturn]] void loop() {
    for (;;) {
      std::unique_lock lock(mutex_);
      called_.wait(lock, [&] { return !calls_.empty(); });
      std::shared_ptr<Job> job = std::move(calls_.front());
      calls_.pop_front();
      lock.unlock();
      if (job->work()) {
        lock.lock();  // so that the waiter cannot miss the call between its test and its sleep
        lock.unlock();
        finished_.notify_all();
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable called_, finished_;
  std::deque<std::shared_ptr<Job>> calls_;
  int size_ = 0;
};

}  // namespace

void parallel_for(int n, Crew crew, const std::function<void(int)>& task) {
  const int helpers = std::min(n, crew.threads) - (crew.caller_works ? 1 : 0);
  if (helpers <= 0) {
    for (int i = 0; i < n; ++i) task(i);
  } else {
    per_process<Pool>().run(n, helpers, crew.caller_works, task);
  }
}

}  // namespace pixfeed
