// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace lockstep {

/// An option that was declared, to say more of it: every call gives the option again.
class Option {
 public:
  explicit Option(CLI::Option& option) : option_(&option) {}

  Option& required();
  /// Between the elements of a list that is typed as one word.
  Option& delimiter(char character);
  /// `reject` says what is wrong with a text and what is accepted; nothing where it is accepted.
  Option& check(std::string (*reject)(const std::string&));
  Option& within(std::int64_t least, std::int64_t most);
  Option& one_of(std::vector<std::string> names);
  /// In the help, the value that it has now.
  Option& show_default();

  bool is_given() const;
  /// "--ranks"
  std::string name() const;

 private:
  CLI::Option* option_;
};

/// Declares the options of one command. All of CLI11 is behind this: a header of which every file that includes it pays five
/// seconds of compiling. A handle, as cheap to copy as a pointer.
class Options {
 public:
  explicit Options(CLI::App& app) : app_(&app) {}

  /// `name`: "--ranks", or "DIR" for an argument without a name. `value` is read into when the command line is: std::string,
  /// int, std::int64_t, std::uint64_t, double, std::optional<std::int64_t>, or a vector of the first three.
  template <class T>
  Option add_option(const std::string& name, T& value, const std::string& description = "") const;
  Option add_flag(const std::string& name, bool& value, const std::string& description) const;
  void footer(const std::string& text) const;
  /// Of this command line; `name` was declared.
  bool is_given(const char* name) const;

 private:
  CLI::App* app_;
};

}  // namespace lockstep
