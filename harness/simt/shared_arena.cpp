// SPDX-License-Identifier: Apache-2.0
#include "harness/simt/shared_arena.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

#include "harness/data/error.hpp"
#include "harness/simt/check/plain_memory.hpp"
#include "harness/simt/check_mode.hpp"
#include "harness/simt/stack_pool.hpp"

#ifdef LOCKSTEP_SIMT_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace lockstep::simt {
namespace {

constexpr std::size_t kArenaBytes = 1024 * 1024;
constexpr std::size_t kFenceBytes = 64 * 1024;  // no access, on both sides: a write far off crashes instead of passing
constexpr std::size_t kGuardBytes = 128;
constexpr std::size_t kAlignment = 128;
constexpr unsigned char kGuardByte = 0xA5;   // no poison, no zero, no plausible float
constexpr unsigned char kPoisonByte = 0xFF;  // NaN in half, bfloat16, float and double; -1 in integers

#ifdef LOCKSTEP_SIMT_ADDRESS_SANITIZER
constexpr bool kSanitizerWatchesGuards = true;
#else
constexpr bool kSanitizerWatchesGuards = false;
#endif

unsigned char* align_up(unsigned char* address, std::size_t alignment) {
  return address + (alignment - reinterpret_cast<std::uintptr_t>(address) % alignment) % alignment;
}

const unsigned char* first_damaged(const unsigned char* begin, const unsigned char* end) {
  return std::find_if(begin, end, [](unsigned char byte) { return byte != kGuardByte; });
}

}  // namespace

SharedArena::SharedArena() {
  void* mapped = mmap(nullptr, kArenaBytes + 2 * kFenceBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw Error("emulator: no address space for a block's shared memory (1 MiB)");
  memory_ = static_cast<unsigned char*>(mapped) + kFenceBytes;
  if (mprotect(memory_, kArenaBytes, PROT_READ | PROT_WRITE) != 0)
    throw Error("emulator: the system refuses memory for a block's shared memory (1 MiB)");
}

SharedArena::~SharedArena() { munmap(memory_ - kFenceBytes, kArenaBytes + 2 * kFenceBytes); }

void SharedArena::begin_launch(const LaunchShape& shape) {
#ifdef LOCKSTEP_SIMT_ADDRESS_SANITIZER
  ASAN_UNPOISON_MEMORY_REGION(memory_, kArenaBytes);
#endif
  if constexpr (check::kIsOn) check::begin_shared(memory_);
  shape_ = &shape;
  arrays_.clear();
  static_bytes_ = 0;
  next_ = memory_;
  place(nullptr, shape.dynamic_shared_bytes, kAlignment);
}

const SharedArena::Array& SharedArena::place(const SharedDeclaration* declaration, std::size_t bytes,
                                             std::size_t alignment) {
  unsigned char* data = align_up(next_ + kGuardBytes, std::max(alignment, kAlignment));
  unsigned char* end = data + bytes + kGuardBytes;
  if (end > memory_ + kArenaBytes)
    throw_launch_failure(*shape_,
                         "the kernel declares more shared arrays than fit into the emulator's 1 MiB with guards");
  fill_plainly(next_, kGuardByte, static_cast<std::size_t>(data - next_));
  fill_plainly(data, kPoisonByte, bytes);
  fill_plainly(data + bytes, kGuardByte, kGuardBytes);
  if constexpr (check::kIsOn) check::open_shared(data, bytes);
#ifdef LOCKSTEP_SIMT_ADDRESS_SANITIZER
  ASAN_POISON_MEMORY_REGION(next_, data - next_);
  ASAN_POISON_MEMORY_REGION(data + bytes, kGuardBytes);
#endif
  next_ = end;
  arrays_.push_back({.declaration = declaration, .data = data, .bytes = bytes});
  return arrays_.back();
}

void SharedArena::begin_block() {
  for (const Array& array : arrays_) fill_plainly(array.data, kPoisonByte, array.bytes);
}

void SharedArena::check_guards(Coordinates block) const {
  if (kSanitizerWatchesGuards) return;
  for (const Array& array : arrays_) {
    const unsigned char *before = array.data - kGuardBytes, *after = array.data + array.bytes;
    const unsigned char* damaged_after = first_damaged(after, after + kGuardBytes);
    const bool is_after = damaged_after != after + kGuardBytes;
    const unsigned char* damaged = is_after ? damaged_after : first_damaged(before, array.data);
    if (damaged == array.data) continue;
    const std::string named = array.declaration == nullptr
                                  ? "the dynamic shared memory"
                                  : std::string("shared array '") + array.declaration->name + "' (" +
                                        text(SourcePlace{array.declaration->file, array.declaration->line}) + ")";
    const auto distance = is_after ? damaged - after + 1 : array.data - damaged;
    throw KernelFault(FaultKind::shared_guard,
                      std::string(name(FaultKind::shared_guard)) + " in block " + text(block) + ": a thread wrote " +
                          (is_after ? "past the end of " : "before the start of ") + named + " of " +
                          std::to_string(array.bytes) + " bytes, first seen " + std::to_string(distance) +
                          (is_after ? " bytes after its last" : " bytes before its first"));
  }
}

std::string SharedArena::describe(const void* address) const {
  const auto* const byte = static_cast<const unsigned char*>(address);
  const auto distance = [byte](const Array& array) {
    return byte < array.data ? array.data - byte : std::max<std::ptrdiff_t>(byte - (array.data + array.bytes) + 1, 0);
  };
  const Array& nearest = *std::min_element(arrays_.begin(), arrays_.end(),
                                           [&](const Array& a, const Array& b) { return distance(a) < distance(b); });
  const std::string named = (&nearest == &arrays_[0] ? "dynamic shared memory" : "shared array") +
                            (nearest.declaration ? " '" + std::string(nearest.declaration->name) + "'" : "");
  if (byte < nearest.data) return named + ", " + std::to_string(nearest.data - byte) + " bytes before its start";
  if (byte < nearest.data + nearest.bytes) return named + " + " + std::to_string(byte - nearest.data);
  return named + ", " + std::to_string(byte - (nearest.data + nearest.bytes)) + " bytes past its end at " +
         std::to_string(nearest.bytes);
}

void* SharedArena::find_or_declare(const SharedDeclaration& declaration, std::size_t bytes, std::size_t alignment) {
  for (const Array& array : arrays_)
    if (array.declaration == &declaration) return array.data;
  static_bytes_ += bytes;
  if (static_bytes_ > kMaximumStaticSharedBytes)
    throw_launch_failure(*shape_, ("static shared memory of " + std::to_string(static_bytes_) + " bytes with array '" +
                                   declaration.name + "', accepted are 0 to 49152 (48 KiB)")
                                      .c_str());
  if (static_bytes_ + shape_->dynamic_shared_bytes > kMaximumSharedBytes)
    throw_launch_failure(*shape_, ("shared memory of " + std::to_string(static_bytes_) + " static and " +
                                   std::to_string(shape_->dynamic_shared_bytes) +
                                   " dynamic bytes, accepted are together 0 to 232448 (227 KiB)")
                                      .c_str());
  return place(&declaration, bytes, alignment).data;
}

void* SharedArena::dynamic_memory(const SharedDeclaration& declaration) {
  arrays_[0].declaration = &declaration;
  return arrays_[0].data;
}

}  // namespace lockstep::simt
