// SPDX-License-Identifier: Apache-2.0
// What is typed behind `lockstep`, arguments separated by zero bytes as in /proc/self/cmdline. Nothing is run. A call is read,
// or answered, or refused in one line. What looks like the id of a case is looked up as well.
#include "suites/drivers/command_line.hpp"

#include <iostream>
#include <sstream>

#include "harness/fuzz/fuzz_target.hpp"
#include "suites/drivers/rank_processes.hpp"
#include "suites/drivers/selection.hpp"
#include "suites/operators/problems.hpp"

namespace lockstep {
namespace {

constexpr std::size_t kMostArguments = 64;

/// What is said goes into memory while this lives.
class Listening {
 public:
  Listening() : out_(std::cout.rdbuf(said_.rdbuf())), err_(std::cerr.rdbuf(complained_.rdbuf())) {}
  ~Listening() {
    std::cout.rdbuf(out_);
    std::cerr.rdbuf(err_);
  }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  std::string complaint() const { return complained_.str(); }

 private:
  std::ostringstream said_, complained_;
  std::streambuf *out_, *err_;
};

std::vector<std::string> arguments_of(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> arguments{"lockstep"};
  std::istringstream text(std::string(reinterpret_cast<const char*>(data), size));
  for (std::string argument; arguments.size() < kMostArguments && std::getline(text, argument, '\0');)
    arguments.push_back(argument);
  return arguments;
}

bool is_one_line(const std::string& text) {
  return text.starts_with("lockstep: ") && text.find('\n') == text.size() - 1 && text.find('\r') == std::string::npos;
}

void read_call(const std::vector<std::string>& arguments) {
  static const Surroundings surroundings{catalogue(), "lockstep", "lockstep", {}, nccl_transport()};
  static CommandLine command_line(surroundings);
  std::vector<const char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
  const Listening listening;
  const auto status = command_line.read(static_cast<int>(pointers.size()), pointers.data());
  const bool keeps_promise = !status              ? listening.complaint().empty()
                             : *status == kPassed ? listening.complaint().empty()
                                                  : *status == kWrongInput && is_one_line(listening.complaint());
  if (!keeps_promise) __builtin_trap();
}

}  // namespace
}  // namespace lockstep

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lockstep;
  const std::vector<std::string> arguments = arguments_of(data, size);
  read_call(arguments);
  for (const std::string& argument : arguments)
    if (argument.find('/') != std::string::npos)
      reads_or_refuses([&] {
        Selection selection;
        selection.cases = {argument};
        selection.select(catalogue());
      });
  return 0;
}
