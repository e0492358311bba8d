// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "harness/simt/kernel_fault.hpp"

namespace lockstep::simt {

/// The copies of a block that were started and not waited for. A copy is carried out as late as CUDA allows, when its
/// thread waits for it, and its destination is poisoned with 0xFF until then: so a forgotten wait shows in every order.
class AsyncCopies {
 public:
  void start(unsigned thread, void* shared, const void* global, std::size_t bytes, std::size_t zeros,
             SourcePlace place);
  void commit(unsigned thread);
  /// Carries out the thread's groups but for the newest `pending`.
  void wait(unsigned thread, std::size_t pending);

  /// Over all threads of the block.
  std::size_t unfinished() const { return unfinished_; }
  /// Where the thread's oldest unfinished copy was started, or null.
  const SourcePlace* first_unfinished(unsigned thread) const;
  void forget();

 private:
  struct Copy {
    void* shared;
    const void* global;
    std::size_t bytes, zeros;
    std::size_t group;
    SourcePlace place;
  };
  struct Queue {
    std::vector<Copy> copies;  // oldest first
    std::size_t groups = 0;    // committed so far
  };

  std::vector<Queue> queues_;  // by thread
  std::size_t unfinished_ = 0;
};

}  // namespace lockstep::simt
