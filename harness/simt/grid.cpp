// SPDX-License-Identifier: Apache-2.0
// The blocks of a grid, one after another or shared between OS threads.
#include <atomic>
#include <mutex>
#include <numeric>

#include "harness/data/error.hpp"
#include "harness/simt/block_runner.hpp"
#include "harness/simt/check_mode.hpp"
#include "harness/simt/os_threads.hpp"
#include "harness/simt/stack_overflow.hpp"

namespace lockstep::simt {
namespace {

/// The order of the blocks: also between blocks nothing may depend on it. A random order walks the grid with a stride
/// that has no common factor with the number of blocks, so every block is met once without a list of them.
class BlockOrder {
 public:
  BlockOrder(std::int64_t count, const Settings& settings) : count_(count) {
    if (settings.order == Order::reverse) {
      start_ = count - 1;
      stride_ = count - 1;  // -1, modulo the count
    } else if (settings.order == Order::random) {
      const std::uint64_t bits = (settings.seed + 1) * 0x9e3779b97f4a7c15ull;
      start_ = static_cast<std::int64_t>((bits >> 1) % static_cast<std::uint64_t>(count));
      stride_ = static_cast<std::int64_t>((bits >> 33) % static_cast<std::uint64_t>(count));
      while (std::gcd(stride_, count) != 1) ++stride_;
    }
  }
  std::int64_t block_at(std::int64_t position) const {
    return static_cast<std::int64_t>((start_ + static_cast<__int128>(position) * stride_) % count_);
  }

 private:
  std::int64_t count_, start_ = 0, stride_ = 1;
};

/// The failure of the block that comes first in the order, whichever OS thread met it.
class FirstFailure {
 public:
  bool precedes(std::int64_t position) const { return position_.load(std::memory_order_relaxed) < position; }
  void record(std::int64_t position, std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (position_ <= position) return;
    position_ = position;
    failure_ = std::move(failure);
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::atomic<std::int64_t> position_ = INT64_MAX;
  std::exception_ptr failure_;
  std::mutex mutex_;
};

}  // namespace

void run_grid(const LaunchShape& shape, KernelBody body, const void* bound_arguments) {
  check_launch_shape(shape);
  if (this_thread != nullptr)
    throw_launch_failure(shape, "a kernel launched a kernel, which the emulator does not run");
  const Settings settings = current_settings();
  const std::int64_t count = shape.grid.product();
  const BlockOrder order(count, settings);
  catch_stack_overflows();
  if (settings.os_threads == 1 || count == 1 || check::kIsOn) {
    BlockRunner& runner = BlockRunner::of_this_thread();
    const auto run_blocks = [&] {
      runner.begin_launch(shape, settings, body, bound_arguments);
      for (std::int64_t position = 0; position < count; ++position) runner.run(order.block_at(position));
    };
    if constexpr (check::kIsOn)
      check::run_launch(runner, settings, run_blocks);
    else
      run_blocks();
    return;
  }
  std::atomic<std::int64_t> next_position = 0;
  FirstFailure failure;
  run_on_os_threads(static_cast<int>(std::min<std::int64_t>(settings.os_threads, count)), [&] {
    std::int64_t position = 0;
    try {
      catch_stack_overflows();
      BlockRunner& runner = BlockRunner::of_this_thread();
      runner.begin_launch(shape, settings, body, bound_arguments);
      for (;;) {
        position = next_position.fetch_add(1, std::memory_order_relaxed);
        if (position >= count || failure.precedes(position)) return;
        runner.run(order.block_at(position));
      }
    } catch (...) {
      failure.record(position, std::current_exception());
    }
  });
  failure.rethrow();
}

}  // namespace lockstep::simt
