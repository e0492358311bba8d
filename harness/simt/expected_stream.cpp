// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/expected_stream.hpp"

#include "harness/simt/kernel_fault.hpp"

namespace lockstep::simt {
namespace {

thread_local const ExpectedStream* innermost = nullptr;

}  // namespace

ExpectedStream::ExpectedStream(const void* stream) : previous_(innermost), stream_(stream) { innermost = this; }
ExpectedStream::~ExpectedStream() { innermost = previous_; }

void check_stream(const void* stream, const char* file, int line) {
  if (innermost == nullptr || innermost->stream_ == stream) return;
  throw KernelFault(FaultKind::wrong_stream, std::string(name(FaultKind::wrong_stream)) + " at " +
                                                 text(SourcePlace{file, line}) + ": " +
                                                 (stream == nullptr ? "the default stream" : "another stream") +
                                                 " is named here, not the one that the launch was given");
}

}  // namespace lockstep::simt
