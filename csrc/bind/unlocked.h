// The GIL, let go of for as long as this object lives.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <thread>

// pybind11's gil_scoped_release with another end. A daemon thread that wants the GIL back while Python shuts down is
// ended by Python before 3.14, by unwinding its stack: through C++ that means std::terminate, and a process that aborts
// after its work was done. Here it stays where it is until the process has ended, as Python 3.14 does it.
class Stay {
 public:
  ~Stay() {
    while (!back_) std::this_thread::sleep_for(std::chrono::hours(1));
  }
  void is_back() { back_ = true; }

 private:
  bool back_ = false;
};

class Unlocked {
 public:
  Unlocked() : state_(PyEval_SaveThread()) {}
  Unlocked(const Unlocked&) = delete;
  ~Unlocked() noexcept(false) {
    Stay stay;
    PyEval_RestoreThread(state_);
    stay.is_back();
  }

 private:
  PyThreadState* state_;
};

// The GIL again, for a moment, in the thread that has let go of it.
class Relocked {
 public:
  Relocked() {
    Stay stay;
    state_ = PyGILState_Ensure();
    stay.is_back();
  }
  Relocked(const Relocked&) = delete;
  ~Relocked() { PyGILState_Release(state_); }

 private:
  PyGILState_STATE state_;
};
