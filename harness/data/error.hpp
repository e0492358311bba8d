// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace lockstep {

/// The one exception type. The message is one line: what is wrong, where, and what is accepted.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}
};

/// A call that the operator's contract refuses, with PyTorch's message for it. It is an answer, not a malfunction.
class Refused : public Error {
 public:
  using Error::Error;
};

}  // namespace lockstep
