// SPDX-License-Identifier: Apache-2.0
// The program `lockstep` over one operator whose implementations have the faults for which a release must be held. They run
// on the CPU everywhere, but for `cuda.order_dependent`, which asks the emulator. The names say what each does.
#include <cmath>
#include <cstdlib>
#include <memory>
#include <thread>

#include "harness/data/error.hpp"
#include "harness/plan/reference_implementation.hpp"
#include "harness/simt/settings.hpp"
#include "reference/operators.hpp"
#include "suites/drivers/cli.hpp"

namespace lockstep {
namespace {

using Afterwards = std::function<void(const Problem& problem, const Tensors& tensors, int launch)>;

/// The float reference, followed by `afterwards`.
Implementation behaving(const std::string& idea, const Afterwards& afterwards) {
  Implementation result = reference_implementation(gelu_operator(), Direction::forward);
  result.idea = idea;
  result.prepare = [inner = result.prepare, afterwards](const Problem& problem, const Tensors& tensors,
                                                        Device& device) {
    return Launch(
        [launch = inner(problem, tensors, device), afterwards, problem, tensors, launches = std::make_shared<int>(0)] {
          launch();
          afterwards(problem, tensors, (*launches)++);
        });
  };
  return result;
}

void change_element(const TensorView& view, std::int64_t index, double by) {
  const std::int64_t offset = offset_of(index, view.shape, view.strides);
  store_element(view.data, view.dtype, offset, load_element(view.data, view.dtype, offset) + by);
}
void change_a_bit(const TensorView& view) {
  auto& element = *static_cast<std::uint8_t*>(view.data);
  element = static_cast<std::uint8_t>(element ^ 1);
}

void do_nothing(const Problem&, const Tensors&, int) {}
void spoil_the_tail_behind_a_warp(const Problem&, const Tensors& tensors, int) {
  const TensorView& view = tensors.outputs[0];
  if (view.count() > 0 && view.shape.back() > 32 && view.shape.back() % 32 == 1)
    change_element(view, view.count() - 1, 1);
}
void spoil_bf16(const Problem& problem, const Tensors& tensors, int) {
  if (problem.dtype == DType::bf16) change_element(tensors.outputs[0], 0, 1);
}
void waver(const Problem&, const Tensors& tensors, int launch) {
  if (tensors.outputs[0].count() > 0 && launch % 3 == 2) change_a_bit(tensors.outputs[0]);
}
void depend_on_the_order(const Problem&, const Tensors& tensors, int) {
  const simt::Settings& settings = simt::current_settings();
  if (tensors.outputs[0].count() > 0 && settings.order == simt::Order::random && settings.seed == 5)
    change_a_bit(tensors.outputs[0]);
}
void take_a_while(const Problem&, const Tensors&, int) { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }

/// Offsets in 32 bits: wrong where rows lie far apart, and nowhere else.
void move_last_row_by_narrow_offset(const Problem&, const Tensors& tensors, int) {
  const TensorView& view = tensors.outputs[0];
  if (view.shape.size() < 2 || view.count() == 0) return;
  const std::int64_t offset = offset_of(view.count() - 1, view.shape, view.strides);
  const auto narrow = static_cast<std::int32_t>(static_cast<std::uint32_t>(offset));
  store_element(view.data, view.dtype, narrow, load_element(view.data, view.dtype, narrow));
}

/// Takes scratch memory and writes `written` bytes of the 64 that it asked for.
Implementation scratching(const std::string& idea, std::size_t written, bool aborts_without) {
  Implementation result = behaving(idea, do_nothing);
  result.prepare = [inner = result.prepare, written, aborts_without](const Problem& problem, const Tensors& tensors,
                                                                     Device& device) {
    std::shared_ptr<DeviceMemory> scratch;
    try {
      scratch = std::make_shared<DeviceMemory>(device, 64);
    } catch (const std::exception&) {
      if (aborts_without) std::abort();
      throw;
    }
    return Launch([launch = inner(problem, tensors, device), scratch, written] {
      for (std::size_t at = 0; at < written; ++at) static_cast<std::uint8_t*>(scratch->get())[at] = 1;
      launch();
    });
  };
  return result;
}

Catalogue releasable_catalogue() {
  Catalogued gelu{.definition = &gelu_operator(), .implementations = {}, .problems = {}};
  auto& list = gelu.implementations;
  for (const Direction direction : {Direction::forward, Direction::backward}) {
    list.push_back(reference_implementation(gelu_operator(), direction));
    list.back().idea = "baseline";
  }
  list.push_back(behaving("good", do_nothing));
  list.push_back(behaving("wrong_tail", spoil_the_tail_behind_a_warp));
  list.push_back(behaving("wrong_in_bf16", spoil_bf16));
  list.push_back(behaving("wavers", waver));
  list.push_back(behaving("slow", take_a_while));
  list.push_back(behaving("narrow_offsets", move_last_row_by_narrow_offset));
  list.push_back(scratching("scratch_overrun", 65, false));
  list.push_back(scratching("scratch_kept", 64, false));
  list.push_back(scratching("no_scratch_aborts", 64, true));

  list.push_back(behaving("refuses", do_nothing));
  list.back().prepare = [inner = list.back().prepare](const Problem& problem, const Tensors& tensors, Device& device) {
    if (problem.dtype == DType::f16) throw Refused("not in f16");
    return inner(problem, tensors, device);
  };
  list.push_back(behaving("declines", do_nothing));
  list.back().unsupported = [](const Problem& problem, const Device&) {
    return problem.dtype == DType::bf16 ? std::optional<std::string>("no bf16 yet") : std::nullopt;
  };
  list.push_back(behaving("silent", do_nothing));
  list.back().unsupported = [](const Problem& problem, const Device&) {
    return problem.dtype == DType::bf16 ? std::optional<std::string>("") : std::nullopt;
  };
  list.push_back(behaving("absent", do_nothing));
  list.back().unsupported = [](const Problem&, const Device&) {
    return std::optional<std::string>("it is never here");
  };
  list.push_back(behaving("dawdles", [](const Problem&, const Tensors&, int) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }));
  list.push_back(behaving("order_dependent", depend_on_the_order));
  list.back().backend = Backend::cuda;
  list.back().unsupported = [](const Problem&, const Device&) { return std::optional<std::string>(); };

  const auto problem = [&gelu](const std::string& label, const std::string& set) {
    for (const char* dtype : {"f32", "f16", "bf16"})
      gelu.problems.push_back({parse_problem("gelu.forward", label + ",dtype=" + dtype), set, "made for the tests"});
  };
  problem("x=4x48", "smoke");
  problem("x=4x48,approximate=tanh", "smoke");
  problem("x=9x31", "edges");
  problem("x=64x64", "models");
  return Catalogue({std::move(gelu)});
}

}  // namespace
}  // namespace lockstep

int main(int argc, char** argv) { return lockstep::lockstep_main(argc, argv, lockstep::releasable_catalogue()); }
