// SPDX-License-Identifier: Apache-2.0
// The program `lockstep` over one operator whose implementations do what implementations must be survived doing. They run on
// the CPU everywhere, with or without a GPU. The names say what each does. What is NCCL elsewhere are sockets here.
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <set>
#include <stdexcept>
#include <thread>

#include "harness/plan/reference_implementation.hpp"
#include "reference/operators.hpp"
#include "suites/drivers/cli.hpp"
#include "suites/drivers/testing/socket_rank.hpp"

namespace lockstep {
namespace {

/// What happens behind the `launch`-th launch, from 0.
using Afterwards = std::function<void(const Tensors& tensors, int launch)>;

/// The float reference, followed by `afterwards`.
Implementation behaving(const std::string& idea, Direction direction, Afterwards afterwards) {
  Implementation result = reference_implementation(gelu_operator(), direction);
  result.idea = idea;
  result.prepare = [inner = result.prepare, afterwards](const Problem& problem, const Tensors& tensors,
                                                        Device& device) {
    return Launch([launch = inner(problem, tensors, device), afterwards, tensors, launches = std::make_shared<int>(0)] {
      launch();
      afterwards(tensors, (*launches)++);
    });
  };
  return result;
}

float& first_output(const Tensors& tensors) { return *static_cast<float*>(tensors.outputs[0].data); }

void give_a_wrong_answer(const Tensors& tensors, int) { first_output(tensors) += 1.0f; }
void abort_now(const Tensors&, int) { std::abort(); }
void raise_segmentation_fault(const Tensors&, int) {
  std::signal(SIGSEGV, SIG_DFL);  // a sanitizer's handler would turn the signal into an exit status
  std::raise(SIGSEGV);
}
void wait_for_ever(const Tensors&, int) {
  while (true) pause();
}
void take_all_memory(const Tensors&, int) {
  // Hardly touched: where the limit does not work the test fails and the machine lives on.
  constexpr std::size_t bytes = std::size_t{64} << 20;
  std::vector<std::unique_ptr<char[]>> taken;
  for (int chunk = 0; chunk < 1024; ++chunk) {
    taken.push_back(std::make_unique_for_overwrite<char[]>(bytes));
    static_cast<volatile char*>(taken.back().get())[0] = 1;
  }
}
void end_the_process(const Tensors&, int) { std::exit(0); }
/// What would end the parent's reading of answers if it reached it.
void print_garbage(const Tensors&, int) { std::cout << "R 0 {\"verdict\":\nB x\n\0R 99 {}\ngarbage" << std::flush; }
bool is_pipe(int file) {
  struct stat status {};
  return fstat(file, &status) == 0 && S_ISFIFO(status.st_mode);
}
/// What the program was started with: pipes of others.
const std::set<int> kInheritedPipes = [] {
  std::set<int> pipes;
  for (int file = 0; file < 64; ++file)
    if (is_pipe(file)) pipes.insert(file);
  return pipes;
}();
/// Into every pipe of its own, the one among them through which the worker answers.
void garble_answers(const Tensors&, int) {
  for (int file = 3; file < 64; ++file)
    if (is_pipe(file) && !kInheritedPipes.contains(file)) static_cast<void>(!write(file, "R 7 {}\n", 7));
}
void throw_an_error(const Tensors&, int) { throw std::runtime_error("the first line\nand the second"); }
/// One unit in the last place: inside every bound, and another bit.
void change_a_bit(const Tensors& tensors, int launch) {
  if (launch % 2 != 0) first_output(tensors) = std::nextafter(first_output(tensors), 0.0f);
}
/// As a kernel does whose last tile is not written where 7 elements of 32 are left.
void leave_a_tail(const Tensors& tensors, int) {
  const TensorView& y = tensors.outputs[0];
  if (y.count() % 32 == 7) std::memset(static_cast<float*>(y.data) + y.count() - 1, 0xff, sizeof(float));
}
void forget_strides(const Tensors& tensors, int) {
  if (!tensors.outputs[0].is_contiguous()) first_output(tensors) += 1.0f;
}
void abort_without_elements(const Tensors& tensors, int) {
  if (tensors.outputs[0].count() == 0) std::abort();
}
void wait_past_a_warp(const Tensors& tensors, int) {
  while (tensors.outputs[0].count() > 32) pause();
}
/// Off by one where rows are one longer than a tile.
void miss_the_tile_edge(const Tensors& tensors, int) {
  const TensorView& y = tensors.outputs[0];
  if (!y.shape.empty() && y.shape.back() == 33) first_output(tensors) += 1.0f;
}
void take_a_while(const Tensors&, int) { std::this_thread::sleep_for(std::chrono::milliseconds(150)); }

/// Never looks at the problem, so neither at what its contract refuses.
Launch copy_without_asking(const Problem&, const Tensors& tensors, Device&) {
  return [tensors] {
    for (std::int64_t i = 0; i < tensors.outputs[0].count(); ++i)
      static_cast<char*>(tensors.outputs[0].data)[i] = static_cast<char*>(tensors.inputs[0].data)[i];
  };
}

Catalogue misbehaving_catalogue() {
  Catalogued gelu{.definition = &gelu_operator(), .implementations = {}, .problems = {}};
  const auto add = [&gelu](const char* idea, const Afterwards& afterwards) {
    gelu.implementations.push_back(behaving(idea, Direction::forward, afterwards));
  };
  add("works", [](const Tensors&, int) {});
  add("wrong", give_a_wrong_answer);
  add("aborts", abort_now);
  add("faults", raise_segmentation_fault);
  add("hangs", wait_for_ever);
  add("hoards", take_all_memory);
  add("exits", end_the_process);
  add("chatters", print_garbage);
  add("garbles", garble_answers);
  add("throws", throw_an_error);
  add("wavers", change_a_bit);
  add("dawdles", take_a_while);
  // What only some problems show; none of those that are listed.
  add("tails", leave_a_tail);
  add("strides", forget_strides);
  add("empties", abort_without_elements);
  add("stalls", wait_past_a_warp);
  add("edges", miss_the_tile_edge);
  add("absent", [](const Tensors&, int) {});
  gelu.implementations.back().unsupported = [](const Problem&, const Device&) {
    return std::optional<std::string>("it is never here");
  };
  add("heedless", [](const Tensors&, int) {});
  gelu.implementations.back().prepare = copy_without_asking;
  gelu.implementations.push_back(behaving("wrong", Direction::backward, give_a_wrong_answer));

  const auto list = [&gelu](const std::string& operation, const std::string& label, const std::string& set) {
    gelu.problems.push_back({parse_problem(operation, label), set, "made for the tests"});
  };
  for (int rows = 1; rows <= 3; ++rows) list("gelu.forward", "x=" + std::to_string(rows) + "x8,dtype=f32", "smoke");
  list("gelu.backward", "x=4x8,approximate=tanh,dtype=f32", "smoke");
  for (int rows = 5; rows <= 16; ++rows) list("gelu.forward", "x=" + std::to_string(rows) + "x8,dtype=f32", "edges");
  list("gelu.forward", "x=64x64,dtype=f32", "models");
  return Catalogue({std::move(gelu)});
}

}  // namespace
}  // namespace lockstep

int main(int argc, char** argv) {
  return lockstep::lockstep_main(argc, argv, lockstep::misbehaving_catalogue(), lockstep::testing::socket_transport());
}
