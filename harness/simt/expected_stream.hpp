// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace lockstep {
namespace simt {

/// While the scope lives, host code of this OS thread may name `stream` and no other. The emulator's launches are
/// synchronous, so a kernel on a wrong stream gives the right result there, and a race on a GPU.
class ExpectedStream {
 public:
  explicit ExpectedStream(const void* stream);
  ~ExpectedStream();
  ExpectedStream(const ExpectedStream&) = delete;
  ExpectedStream& operator=(const ExpectedStream&) = delete;

 private:
  const ExpectedStream* previous_;
  const void* stream_;
  friend void check_stream(const void* stream, const char* file, int line);
};

/// Throws KernelFault wrong_stream when a scope is open and names another stream.
void check_stream(const void* stream, const char* file, int line);

}  // namespace simt

#ifdef LOCKSTEP_LIBRARY_EMULATED
/// Where a launch is queued, in the libraries of kernels that the emulator runs: made of what a kernel's host code hands to
/// launch(), and held against the stream that it was given.
class Stream {
 public:
  Stream(void* stream, const char* file = __builtin_FILE(), int line = __builtin_LINE()) : stream_(stream) {
    simt::check_stream(stream, file, line);
  }
  operator void*() const { return stream_; }

 private:
  void* stream_;
};
#endif

}  // namespace lockstep
