// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/os_threads.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace lockstep::simt {
namespace {

class Crew {
 public:
  ~Crew() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    begin_.notify_all();
    for (std::thread& helper : helpers_) helper.join();
  }

  void run(int count, const std::function<void()>& work) {
    const std::lock_guard one_at_a_time(turn_);
    const auto wanted = static_cast<std::size_t>(count - 1);
    while (helpers_.size() < wanted) helpers_.emplace_back([this, index = helpers_.size()] { serve(index); });
    {
      const std::lock_guard lock(mutex_);
      work_ = &work;
      wanted_ = unfinished_ = wanted;
      ++generation_;
    }
    begin_.notify_all();
    work();
    std::unique_lock lock(mutex_);
    end_.wait(lock, [this] { return unfinished_ == 0; });
  }

 private:
  void serve(std::size_t index) {
    std::size_t served = 0;
    std::unique_lock lock(mutex_);
    for (;;) {
      // A helper that this call does not want lets its generation pass.
      begin_.wait(lock, [&] { return ending_ || (generation_ != served && index < wanted_); });
      if (ending_) return;
      served = generation_;
      lock.unlock();
      (*work_)();
      lock.lock();
      if (--unfinished_ == 0) end_.notify_one();
    }
  }

  std::mutex turn_, mutex_;
  std::condition_variable begin_, end_;
  std::vector<std::thread> helpers_;
  const std::function<void()>* work_ = nullptr;
  std::size_t wanted_ = 0, unfinished_ = 0, generation_ = 0;
  bool ending_ = false;
};

}  // namespace

void run_on_os_threads(int count, const std::function<void()>& work) {
  static Crew crew;
  crew.run(count, work);
}

}  // namespace lockstep::simt
