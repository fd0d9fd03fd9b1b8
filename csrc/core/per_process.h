// One object per process, made when it is first needed and made anew in a forked child.
#pragma once

#include <atomic>

#include "core/platform.h"

namespace pixfeed {

// NOTE [fork]: a child inherits the parent's memory but none of its threads. A lock that one of them held stays locked
// forever, and a pool would wait for threads that do not exist. So a child leaves the parent's object alone and makes
// its own. Objects are never destroyed, because threads may outlive static destructors.
template <class T>
T& per_process() {
  static std::atomic<T*> current{nullptr};
  static const bool registered = (platform::in_forked_child([] { current.store(nullptr); }), true);
  (void)registered;
  T* object = current.load(std::memory_order_acquire);
  if (object != nullptr) return *object;
  T* fresh = new T;
  if (current.compare_exchange_strong(object, fresh)) return *fresh;
  delete fresh;
  return *object;
}

}  // namespace pixfeed
