// SPDX-License-Identifier: Apache-2.0
// The functions that a compiler calls before each load and store of code compiled with -fsanitize=thread: the names are
// ThreadSanitizer's, whose library is not linked. Also the handler of -fsanitize=alignment, which sees a misaligned
// vector where the accesses that the compiler made of it are aligned.
#include "harness/simt/check/kernel_access.hpp"

using lockstep::simt::check::Access;
using lockstep::simt::check::Checker;
using lockstep::simt::check::kernel_access;

#define CALLER reinterpret_cast<std::uintptr_t>(__builtin_return_address(0))

extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}

#define LOCKSTEP_HOOKS_OF_SIZE(bytes)                                                                         \
  void __tsan_read##bytes(void* address) { kernel_access<Access::read>(address, bytes, CALLER); }             \
  void __tsan_write##bytes(void* address) { kernel_access<Access::write>(address, bytes, CALLER); }           \
  void __tsan_unaligned_read##bytes(void* address) { kernel_access<Access::read>(address, bytes, CALLER); }   \
  void __tsan_unaligned_write##bytes(void* address) { kernel_access<Access::write>(address, bytes, CALLER); } \
  void __tsan_volatile_read##bytes(void* address) { kernel_access<Access::read>(address, bytes, CALLER); }    \
  void __tsan_volatile_write##bytes(void* address) { kernel_access<Access::write>(address, bytes, CALLER); }  \
  void __tsan_read_write##bytes(void* address) {                                                              \
    kernel_access<Access::read>(address, bytes, CALLER);                                                      \
    kernel_access<Access::write>(address, bytes, CALLER);                                                     \
  }
LOCKSTEP_HOOKS_OF_SIZE(1)
LOCKSTEP_HOOKS_OF_SIZE(2)
LOCKSTEP_HOOKS_OF_SIZE(4)
LOCKSTEP_HOOKS_OF_SIZE(8)
LOCKSTEP_HOOKS_OF_SIZE(16)
#undef LOCKSTEP_HOOKS_OF_SIZE

void __tsan_read_range(void* address, std::size_t bytes) { kernel_access<Access::read>(address, bytes, CALLER); }
void __tsan_write_range(void* address, std::size_t bytes) { kernel_access<Access::write>(address, bytes, CALLER); }

// As the compiler lays it out for the alignment sanitizer.
struct AlignmentData {
  const char* file;
  std::uint32_t line, column;
  const void* type;
  unsigned char logarithm_of_alignment, kind;
};

void __ubsan_handle_type_mismatch_v1(AlignmentData* data, std::uintptr_t address) {
  if (lockstep::simt::this_thread == nullptr) return;
  Checker::instance().report_misaligned(address, std::size_t{1} << data->logarithm_of_alignment,
                                        {.file = data->file, .line = static_cast<int>(data->line)});
}

}  // extern "C"
