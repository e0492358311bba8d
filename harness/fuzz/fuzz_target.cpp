// SPDX-License-Identifier: Apache-2.0
#include "harness/fuzz/fuzz_target.hpp"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

[[noreturn]] void broken_promise(const std::string& what) {
  std::cerr << "fuzz target: " << what << "\n";
  std::abort();
}

/// A million inputs are a million files.
std::filesystem::path in_memory_where_possible() {
  const std::filesystem::path memory = "/dev/shm";
  return std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
}

}  // namespace

FuzzFolder::FuzzFolder() : folder_(in_memory_where_possible()) {}

std::filesystem::path FuzzFolder::write(std::string_view name, const std::uint8_t* data, std::size_t size) const {
  const std::filesystem::path file = path() / name;
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  stream.close();
  if (!stream) broken_promise(file.string() + " cannot be written");
  return file;
}

bool reads_or_refuses(void (*read)(const void* context), const void* context) {
  try {
    read(context);
    return true;
  } catch (const Error& error) {
    const std::string text = error.what();
    if (text.empty()) broken_promise("an Error without a text");
    if (text.find('\n') != std::string::npos) broken_promise("an Error of more than one line: " + text);
    return false;
  } catch (const std::exception& other) {
    broken_promise(std::string("another exception than Error: ") + other.what());
  }
}

}  // namespace lockstep
