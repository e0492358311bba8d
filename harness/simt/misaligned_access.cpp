// SPDX-License-Identifier: Apache-2.0
// What -fsanitize=alignment calls, answered by the emulator: on the processors that run it a misaligned vector access mostly
// works, on a GPU it ends the launch. Kernels have to be compiled with
//   -fsanitize=alignment -fno-sanitize-recover=alignment
// for it; without, nothing here is called. A build with the sanitizers' own runtime keeps theirs.
#include <cstdint>

#include "harness/simt/block_runner.hpp"

#if !defined(LOCKSTEP_SANITIZE)

namespace {

// As compilers lay it out (LLVM, compiler-rt/lib/ubsan/ubsan_handlers.h, version 1 of the check; GCC follows it).
struct TypeDescriptor {
  std::uint16_t kind, information;
  char name[1];
};
struct TypeMismatch {
  const char* file;
  std::uint32_t line, column;
  const TypeDescriptor* type;
  unsigned char alignment_as_power_of_two, access;
};

const char* described(unsigned char access) {
  switch (access) {
    case 0: return "a load of ";
    case 1: return "a store of ";
    default: return "an access to ";
  }
}

}  // namespace

extern "C" [[noreturn]] void __ubsan_handle_type_mismatch_v1_abort(TypeMismatch* mismatch, std::uintptr_t address);
extern "C" void __ubsan_handle_type_mismatch_v1_abort(TypeMismatch* mismatch, std::uintptr_t address) {
  using namespace lockstep::simt;
  const unsigned alignment = 1u << mismatch->alignment_as_power_of_two;
  const std::string what = described(mismatch->access) + std::string(mismatch->type->name) + " at an address that is " +
                           std::to_string(address % alignment) + " bytes past a multiple of " +
                           std::to_string(alignment);
  const SourcePlace place{mismatch->file, static_cast<int>(mismatch->line)};
  // Outside of kernels this is host code: the caller keeps no tables to unwind by, so the process ends with these words.
  if (this_thread == nullptr) throw KernelFault(FaultKind::misaligned, text(place) + ": " + what);
  BlockRunner& runner = *BlockRunner::active();
  runner.record_fault(FaultKind::misaligned, place, what);
  runner.fail();
}

#endif
