// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "harness/data/testing/temporary_folder.hpp"

/// Reads `size` bytes from nowhere known. Returns 0; aborts where the reader breaks its promise: whatever the bytes are, it
/// either gives a value or throws lockstep::Error, in bounded time and memory. Called by libFuzzer (preset `fuzz`), and by
/// corpus_main.cpp once for every file of the corpus, in every other build.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace lockstep {

/// A folder of this process alone, for readers that open files; removed at exit.
class FuzzFolder {
 public:
  FuzzFolder();

  const std::filesystem::path& path() const { return folder_.path(); }
  /// Writes a file into the folder, replacing the one of that name, and gives its path.
  std::filesystem::path write(std::string_view name, const std::uint8_t* data, std::size_t size) const;

 private:
  testing::TemporaryFolder folder_;
};

/// Calls `read`; true when it gave a value, false when it threw Error with a text of one line. Aborts on any other
/// exception, on an Error without a text, and on one whose text spans lines.
bool reads_or_refuses(void (*read)(const void* context), const void* context);

template <class Read>
bool reads_or_refuses(const Read& read) {
  return reads_or_refuses([](const void* context) { (*static_cast<const Read*>(context))(); }, &read);
}

}  // namespace lockstep
