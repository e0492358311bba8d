// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/simt/kernel_fault.hpp"
#include "harness/simt/launch_shape.hpp"
#include "harness/simt/shared_memory.hpp"

namespace lockstep::simt {

/// The shared memory of the block that an OS thread is running: the dynamic part and every static array, each between
/// two guard zones that are checked when the block ends. Lives as long as the OS thread; laid out anew by each launch.
class SharedArena {
 public:
  SharedArena();
  ~SharedArena();
  SharedArena(const SharedArena&) = delete;
  SharedArena& operator=(const SharedArena&) = delete;

  void begin_launch(const LaunchShape& shape);
  /// Poisons the dynamic memory and every array that the launch has declared so far.
  void begin_block();
  /// Throws KernelFault shared_guard naming the first array whose surroundings were overwritten. Under AddressSanitizer
  /// the guards are out of bounds for the sanitizer, which reports the very access, and nothing is left to check here.
  void check_guards(Coordinates block) const;

  void* find_or_declare(const SharedDeclaration& declaration, std::size_t bytes, std::size_t alignment);
  void* dynamic_memory(const SharedDeclaration& declaration);
  /// For reports: "shared array 'tile' + 12", or by how much the address lies outside of the array nearest to it.
  std::string describe(const void* address) const;

 private:
  struct Array {
    const SharedDeclaration* declaration;
    unsigned char* data;
    std::size_t bytes;
  };

  const Array& place(const SharedDeclaration* declaration, std::size_t bytes, std::size_t alignment);

  unsigned char* memory_ = nullptr;
  unsigned char* next_ = nullptr;
  std::vector<Array> arrays_;  // [0] is the dynamic memory
  std::size_t static_bytes_ = 0;
  const LaunchShape* shape_ = nullptr;
};

}  // namespace lockstep::simt
