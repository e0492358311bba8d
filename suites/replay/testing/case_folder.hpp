// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>

#include "harness/data/npy.hpp"
#include "harness/data/testing/temporary_folder.hpp"

namespace lockstep::testing {

inline Values doubles(const Shape& shape, std::initializer_list<double> numbers, DType dtype = DType::f64) {
  Values values(dtype, shape);
  std::int64_t index = 0;
  for (const double number : numbers) values.set(index++, number);
  return values;
}

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void write_array(const std::filesystem::path& folder, const std::string& name, const Values& values) {
  std::filesystem::create_directories(folder / "f64");
  write_npy((folder / "f64" / (name + ".npy")).string(), values);
}

/// y = a + 2 b on two elements, with its gradients: small enough to be checked by eye.
inline void write_add_case(const std::filesystem::path& folder) {
  write_text(folder / "case.json",
             R"({"op": "add", "params": {"alpha": 2.0}, "inputs": ["a", "b"], "expected": ["y"],
                 "grad_outputs": ["g_y"], "grads": ["d_a", "d_b"], "f32_err": {"y": {"max_abs": 0.0}}})");
  write_array(folder, "a", doubles({2}, {1.0, 0.5}));
  write_array(folder, "b", doubles({2}, {3.0, 0.25}));
  write_array(folder, "g_y", doubles({2}, {1.0, -4.0}));
  write_array(folder, "y", doubles({2}, {7.0, 1.0}));
  write_array(folder, "d_a", doubles({2}, {1.0, -4.0}));
  write_array(folder, "d_b", doubles({2}, {2.0, -8.0}));
}

/// The message of the Error that `action` throws; a test failure where it throws none, or one of several lines.
template <class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no Error was thrown";
  return "";
}

}  // namespace lockstep::testing
